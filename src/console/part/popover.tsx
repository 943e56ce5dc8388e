import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

export interface PopoverProps {
  /** What the button shows. */
  readonly label: ComponentChildren;
  /** What a screen reader calls the button, before what it shows. */
  readonly name: string;
  readonly class?: string;
  readonly align?: 'start' | 'end';
  /** Called when it is open; `close` closes it. */
  readonly children: (close: () => void) => ComponentChildren;
}

/** A button with a panel under it, which closes by Escape, by a click elsewhere, and when the focus leaves it. */
export function Popover({ label, name, class: className = 'button', align = 'start', children }: PopoverProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    if (root.current?.contains(document.activeElement) === true) button.current?.focus();
  };
  useEffect(() => {
    if (!isOpen) return undefined;
    const onDown = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      close();
    };
    document.addEventListener('pointerdown', onDown);
    root.current?.addEventListener('keydown', onKey);
    const element = root.current;
    return () => {
      document.removeEventListener('pointerdown', onDown);
      element?.removeEventListener('keydown', onKey);
    };
  }, [isOpen]);
  return (
    <div
      class="popover"
      ref={root}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && root.current?.contains(event.relatedTarget) === false)
          setOpen(false);
      }}
    >
      <button
        ref={button}
        class={className}
        type="button"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <span class="visually-hidden">{name}: </span>
        {label}
      </button>
      {isOpen ? (
        <div class={`popover-panel ${align}`} id={id} role="group" aria-label={name}>
          {children(close)}
        </div>
      ) : null}
    </div>
  );
}
