import { setQueryText, terms } from '../../state/filter.ts';
import { formatTerms, type Term } from '../../state/query-text.ts';
import { me } from '../../state/session.ts';

const ACTIONS: readonly (readonly [action: string, name: string])[] = [
  ['create', 'Create'],
  ['update', 'Update'],
  ['delete', 'Delete'],
  ['comment', 'Comment'],
  ['login', 'Login'],
  ['schema', 'Schema'],
];

/** All · Mine · Create · …: one click in the place of a search. */
export function QuickFilters() {
  const present = terms.value;
  const mine = me.value?.name ?? '';
  const isMine = present.some(({ key, value, negated }) => key === 'user' && value === mine && !negated);
  const actions = present.filter(({ key, negated }) => key === 'action' && !negated).map(({ value }) => value);
  const isDirect = present.some(({ key, value, negated }) => key === 'is' && value === 'direct' && !negated);
  return (
    <div class="quick-filters" role="group" aria-label="Quick filters">
      <Quick name="All" isOn={present.length === 0} terms={[]} />
      <Quick name="Mine" isOn={isMine} terms={withOnly(present, 'user', isMine ? null : mine)} />
      {ACTIONS.map(([action, name]) => {
        const isOn = actions.length === 1 && actions[0] === action;
        return <Quick key={action} name={name} isOn={isOn} terms={withOnly(present, 'action', isOn ? null : action)} />;
      })}
      <Quick name="Direct SQL" isOn={isDirect} terms={withOnly(present, 'is', isDirect ? null : 'direct')} />
    </div>
  );
}

function Quick({
  name,
  isOn,
  terms: wanted,
}: {
  readonly name: string;
  readonly isOn: boolean;
  readonly terms: readonly Term[];
}) {
  return (
    <button class="button small" type="button" aria-pressed={isOn} onClick={() => setQueryText(formatTerms(wanted))}>
      {name}
    </button>
  );
}

/** The terms with one value for the key, or none. */
function withOnly(present: readonly Term[], key: string, value: string | null): Term[] {
  const others = present.filter((term) => term.key !== key);
  return value === null ? others : [...others, { key, value, negated: false }];
}
