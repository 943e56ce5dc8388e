import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { QUERY_KEYS } from '../state/query-text.ts';
import { onKey } from './shortcut.ts';

const isOpen = signal(false);

export function openHelp(): void {
  isOpen.value = true;
}

const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ['/', 'Go to the search'],
  ['j  k', 'Next and previous entry'],
  ['Enter', 'Open the entry'],
  [']  [', 'In an open entry: the next, the previous'],
  ['Esc', 'Close what is open'],
  ['?', 'This help'],
];

/** Keys and search words, over the page. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => onKey('?', openHelp), []);
  useEffect(() => {
    if (isOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen.value]);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="help-title"
      onClose={() => {
        isOpen.value = false;
      }}
      onClick={(event) => {
        // The backdrop belongs to the dialog.
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="dialog-body help">
        <h2 id="help-title" tabIndex={-1} autofocus>
          Keys and search
        </h2>
        <div class="help-columns">
          <dl>
            {SHORTCUTS.map(([keys, what]) => (
              <div key={keys}>
                <dt>
                  {keys.split('  ').map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <dl>
            {QUERY_KEYS.map(([key, takes]) => (
              <div key={key}>
                <dt>
                  <code>{key}:</code>
                </dt>
                <dd>{takes}</dd>
              </div>
            ))}
          </dl>
        </div>
        <p class="dim">
          The same key twice: either. Different keys: all. <code>-key:value</code> leaves out. A value with spaces
          stands in quotes.
        </p>
        <form method="dialog">
          <a class="button plain" href="/docs">
            The HTTP interface
          </a>{' '}
          <button class="button" type="submit">
            Close
          </button>
        </form>
      </div>
    </dialog>
  );
}
