import type { ComponentChildren } from 'preact';

export interface Bar {
  readonly key: string;
  readonly label: ComponentChildren;
  /** The label as text. */
  readonly name: string;
  readonly count: number;
  /** Where it leads. */
  readonly href: string;
  /** An action, for its colour. */
  readonly kind?: string;
}

/** Horizontal bars, the longest as long as there is room. Each is a link. */
export function BarList({ bars }: { readonly bars: readonly Bar[] }) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <ol class="bars">
      {bars.map(({ key, label, name, count, href, kind = '' }) => (
        <li key={key}>
          <a href={href} title={`${name}: ${count.toLocaleString()}`}>
            <span class="bars-label">{label}</span>
            <span class="bars-count">{count.toLocaleString()}</span>
            <span class="bars-track" aria-hidden="true">
              <span class={`bars-fill ${kind}`} style={{ width: `${(count / most) * 100}%` }} />
            </span>
          </a>
        </li>
      ))}
    </ol>
  );
}

/** The bars as the figures of a card. */
export function barTable(
  bars: readonly Bar[],
  what: string,
): {
  head: readonly string[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
} {
  return {
    head: [what, 'Entries'],
    rows: bars.map(({ key, name, count, href }) => ({
      key,
      cells: [
        <a key="link" href={href}>
          {name}
        </a>,
        count.toLocaleString(),
      ],
    })),
  };
}
