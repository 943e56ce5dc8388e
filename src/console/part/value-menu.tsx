import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { addTerm, timelineHref } from '../state/filter.ts';
import { copyText } from '../state/clipboard.ts';
import { navigate } from '../state/location.ts';
import { formatTerm, type Term } from '../state/query-text.ts';

export interface ValueLink {
  readonly href: string;
  readonly text: string;
}

interface OpenMenu {
  readonly key: string;
  readonly value: string;
  readonly links: readonly ValueLink[];
  readonly anchor: HTMLElement;
}

const open = signal<OpenMenu | null>(null);

export interface FilterValueProps {
  /** The filter's key: `user`, `table`, … */
  readonly of: string;
  /** The filter's value. */
  readonly value: string;
  /** Where else it leads. */
  readonly links?: readonly ValueLink[];
  readonly class?: string;
  /** What is shown; the value itself without it. */
  readonly children?: ComponentChildren;
}

/** A value that, when clicked, filters for it or against it. Takes a `<ValueMenu />` somewhere in the page. */
export function FilterValue({ of, value, links = [], class: className = '', children }: FilterValueProps) {
  return (
    <button
      type="button"
      class={`filter-value ${className}`}
      aria-haspopup="menu"
      title={formatTerm({ key: of, value, negated: false })}
      onClick={({ currentTarget }) => {
        open.value = { key: of, value, links, anchor: currentTarget };
      }}
    >
      {children ?? value}
    </button>
  );
}

/** The menu of the value that was clicked last. */
export function ValueMenu() {
  const menu = useRef<HTMLDivElement>(null);
  const shown = open.value;
  useLayoutEffect(() => {
    if (shown === null || menu.current === null) return;
    const at = shown.anchor.getBoundingClientRect();
    const { offsetWidth, offsetHeight, style } = menu.current;
    const below = at.bottom + 4 + offsetHeight < window.innerHeight;
    style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - offsetWidth - 8))}px`;
    style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - offsetHeight - 4)}px`;
    menu.current.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [shown]);
  useEffect(() => {
    if (shown === null) return undefined;
    const onDown = (event: Event): void => {
      if (event.target instanceof Node && menu.current?.contains(event.target) === false) open.value = null;
    };
    const onScroll = (): void => {
      open.value = null;
    };
    document.addEventListener('pointerdown', onDown);
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      document.removeEventListener('pointerdown', onDown);
      window.removeEventListener('scroll', onScroll);
    };
  }, [shown]);
  if (shown === null) return null;
  const { key, value, links, anchor } = shown;
  const close = (): void => {
    open.value = null;
    anchor.focus();
  };
  const filter = (negated: boolean): void => {
    open.value = null;
    filterBy({ key, value, negated });
  };
  return (
    <div
      ref={menu}
      class="value-menu menu"
      role="menu"
      aria-label={`${key} ${value}`}
      onKeyDown={(event) => onMenuKey(event, close)}
    >
      <button type="button" role="menuitem" onClick={() => filter(false)}>
        Only this {LABELS[key] ?? key}
      </button>
      <button type="button" role="menuitem" onClick={() => filter(true)}>
        Without this {LABELS[key] ?? key}
      </button>
      {links.map(({ href, text }) => (
        <a
          key={href}
          role="menuitem"
          href={href}
          onClick={() => {
            open.value = null;
          }}
        >
          {text}
        </a>
      ))}
      <button
        type="button"
        role="menuitem"
        onClick={() => {
          void copyText(value);
          close();
        }}
      >
        Copy
      </button>
    </div>
  );
}

const LABELS: Readonly<Record<string, string>> = {
  ip: 'address',
  tx: 'transaction',
  request_id: 'request',
  attribution: 'origin',
  is: 'kind',
};

/** On the Timeline the filter gets another term; from elsewhere, the Timeline is opened with this one. */
function filterBy(term: Term): void {
  const { pathname } = window.location;
  if (pathname === '/' || pathname === '/timeline' || pathname.startsWith('/entry/')) addTerm(term);
  else navigate(timelineHref([term]));
}

function onMenuKey(event: KeyboardEvent, close: () => void): void {
  if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault();
    event.stopPropagation();
    close();
  }
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0 || !(event.currentTarget instanceof HTMLElement)) return;
  event.preventDefault();
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=menuitem]')];
  const at = items.findIndex((item) => item === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
}
