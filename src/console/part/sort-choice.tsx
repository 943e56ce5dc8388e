import { navigate, parameter, withParameters } from '../state/location.ts';

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
}

/** The order of a list, in the address as `sort`; the first is meant where it has none. */
export function SortChoice<Value extends string>({ choices }: { readonly choices: readonly Choice<Value>[] }) {
  const chosen = chosenSort(choices);
  return (
    <div class="sort-choice" role="group" aria-label="Order">
      {choices.map(({ value, name }) => (
        <button
          key={value}
          class="button small"
          type="button"
          aria-pressed={value === chosen}
          onClick={() => navigate(withParameters({ sort: value === choices[0]?.value ? null : value }))}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

export function chosenSort<Value extends string>(choices: readonly Choice<Value>[]): Value {
  const found = choices.find(({ value }) => value === parameter('sort')) ?? choices[0];
  if (found === undefined) throw new Error('there is nothing to choose from');
  return found.value;
}
