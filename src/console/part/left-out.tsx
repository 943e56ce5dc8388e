import { formatTerm, type Term } from '../state/query-text.ts';
import { Icon } from './icon.tsx';

/** Says which terms of the search this page does not follow. */
export function LeftOut({ terms }: { readonly terms: readonly Term[] }) {
  if (terms.length === 0) return null;
  return (
    <p class="left-out dim" role="status">
      <Icon name="warning" /> Without regard to {terms.map(formatTerm).join(' ')}: this page does not filter by{' '}
      {terms.length === 1 ? 'it' : 'them'}, the Timeline does.
    </p>
  );
}
