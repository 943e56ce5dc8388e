import type { PlannedStep } from './comparison.ts';
import { MAX_LISTED_STEPS, type RevertStep, type RevertSummary, type StepChange } from './plan.ts';
import { shownSql } from './statement.ts';
import type { Values } from './table.ts';
import { jsonOf, recordKey } from './value.ts';

/** What became of a step when it was run; null: what its verdict says. */
export type Outcome = string | null;

/** The steps as they are shown: those that are not ready first, `MAX_LISTED_STEPS` at most. */
export function listSteps(steps: readonly PlannedStep[], outcomes: ReadonlyMap<number, string>): RevertStep[] {
  const status = (index: number): RevertStep['status'] =>
    outcomes.has(index) ? 'conflict' : steps[index]!.verdict.status;
  const order = [...steps.keys()];
  const isTroubled = (index: number): boolean => ['conflict', 'impossible'].includes(status(index));
  const listed =
    order.length <= MAX_LISTED_STEPS
      ? order
      : [...order.filter(isTroubled), ...order.filter((index) => !isTroubled(index))].slice(0, MAX_LISTED_STEPS);
  return listed.map((index) => shown(steps[index]!, outcomes.get(index) ?? null));
}

function shown(step: PlannedStep, outcome: string | null): RevertStep {
  const { fold, verdict, place } = step;
  const { table } = fold;
  const current = step.current === undefined ? fold.expected : step.current;
  const reasons = [...(outcome === null ? [] : [outcome]), ...(verdict.reason === null ? [] : [verdict.reason])];
  const entries = fold.changes.map(({ entry }) => entry.toString());
  return {
    entry: entries[0]!,
    entries: [...new Set(entries)],
    source: table.source,
    table: `${table.schema}.${table.name}`,
    record: fold.changes[0]!.kind === 'truncate' ? null : recordOf(step),
    action: verdict.action,
    status: outcome === null ? verdict.status : 'conflict',
    reason: reasons.length === 0 ? null : reasons.join('; '),
    changes: verdict.shown.map((position) => change(step, position, current)),
    sql:
      verdict.action === 'none' ? null : shownSql(table, verdict.action, { place, values: fold.target }, verdict.write),
  };
}

function recordOf({ fold: { table, key }, place }: PlannedStep): string {
  return table.key === null ? key : (recordKey(table, place) ?? key);
}

function change({ fold, verdict }: PlannedStep, position: number, current: Values | null): StepChange {
  const column = fold.table.columns[position]!;
  const isGone = verdict.action === 'delete' || (!fold.willBeThere && verdict.action === 'none');
  return {
    column: column.name,
    current: current === null ? null : jsonOf(column, current[position]),
    target: isGone ? null : jsonOf(column, fold.target[position]),
    expected: jsonOf(column, fold.broken.has(position) ? fold.broken.get(position) : fold.expected[position]),
  };
}

export function summarize(
  steps: readonly PlannedStep[],
  outcomes: ReadonlyMap<number, string>,
  rest: Pick<RevertSummary, 'entries' | 'ignored' | 'applicable'>,
): RevertSummary {
  const counts = { ready: 0, noop: 0, conflict: 0, impossible: 0 };
  steps.forEach(({ verdict }, index) => {
    counts[outcomes.has(index) ? 'conflict' : verdict.status] += 1;
  });
  return { ...rest, steps: steps.length, ...counts, listed: Math.min(steps.length, MAX_LISTED_STEPS) };
}
