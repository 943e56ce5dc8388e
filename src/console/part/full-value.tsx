import { Digits, exactJsonText } from '../api/exact-json.ts';

/** A whole value: null and an empty text look different from each other and from every text, line breaks are kept. */
export function FullValue({ value }: { readonly value: unknown }) {
  if (value === undefined) return <span class="value-none">not known</span>;
  if (value === null) return <span class="value-none">null</span>;
  if (value === '') return <span class="value-none">empty text</span>;
  if (typeof value === 'string') return <span class="full-value">{value}</span>;
  if (typeof value === 'object' && !(value instanceof Digits)) {
    return <pre class="full-value json">{exactJsonText(value, '  ')}</pre>;
  }
  return <span class="full-value number">{exactJsonText(value)}</span>;
}
