import { Digits, exactJsonText } from '../api/exact-json.ts';

/** One value of a row, on a line: null and an empty text look different, and what is long is cut. */
export function ShownValue({ value, limit = 40 }: { readonly value: unknown; readonly limit?: number }) {
  if (value === undefined) return <span class="value-none">nothing</span>;
  if (value === null) return <span class="value-none">null</span>;
  if (value === '') return <span class="value-none">empty</span>;
  const text = valueText(value);
  const shown = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return (
    <span
      class={`value${typeof value === 'number' || value instanceof Digits ? ' number' : ''}`}
      title={text === shown ? undefined : text}
    >
      {shown.replaceAll(/\s+/gu, ' ')}
    </span>
  );
}

/** The text of a value: strings as they are, everything else as JSON with every digit. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : exactJsonText(value);
}
