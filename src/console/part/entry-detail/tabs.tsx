import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

export interface TabSpec {
  readonly name: string;
  readonly content: () => ComponentChildren;
}

/** Tabs as the ARIA pattern has them: arrow keys go from one to the next. */
export function Tabs({ tabs, label }: { readonly tabs: readonly TabSpec[]; readonly label: string }) {
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const shown = Math.min(chosen, tabs.length - 1);
  const go = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0 || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    const next = (shown + step + tabs.length) % tabs.length;
    setChosen(next);
    event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <>
      <div class="sub-tabs" role="tablist" aria-label={label} onKeyDown={go}>
        {tabs.map(({ name }, at) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${at}`}
            aria-selected={at === shown}
            aria-controls={`${id}-panel`}
            tabIndex={at === shown ? 0 : -1}
            onClick={() => setChosen(at)}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown}`} tabIndex={0} class="sub-panel">
        {tabs[shown]?.content()}
      </div>
    </>
  );
}
