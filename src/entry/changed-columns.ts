import { LARGE_VALUE, type Tuple } from '../change/tuple.ts';
import type { PlanColumn, RelationPlan } from './relation-plan.ts';

/**
 * Above this many bytes of old values an entry names its changed columns, though `old` tells them: whoever asks which
 * they are would have to read all of it, and beside so much the names weigh nothing.
 */
const MAX_TELLING_BYTES = 1_024;

/**
 * Whether an update's entry names its changed columns, of which the first `shownCount` of `shown` stand in `old`, where
 * `unknown` others are not known: where something is known of them, and `old` does not tell it. Takes
 * numbers: it is asked of every row.
 */
export function namesChanges(
  plan: RelationPlan,
  named: number,
  shown: readonly PlanColumn[],
  shownCount: number,
  unknown: number,
  old: Tuple | null,
): boolean {
  if (named === 0) return unknown === 0 || unknown < plan.columns.length;
  return named !== shownCount || !isToldByOld(shown, shownCount, old!);
}

/** Whether an `old` that is JSON text by now tells that these columns changed. */
export function isToldByText(columns: readonly PlanColumn[], old: string): boolean {
  return columns.every((column) => !column.nameIsEscaped) && Buffer.byteLength(old) <= MAX_TELLING_BYTES;
}

/**
 * Whether an update need not name the first `count` of these columns, which are all that changed: they are the members
 * of its `old`, in their order (`changedColumns` reads them there).
 */
function isToldByOld(columns: readonly PlanColumn[], count: number, old: Tuple): boolean {
  let bytes = 0;
  for (let i = 0; i < count; i += 1) {
    const column = columns[i]!;
    // The text of `old` is searched for names as they are.
    if (column.nameIsEscaped) return false;
    const length = old.lengths[column.index]!;
    if (length > 0) bytes += length;
    else if (length === LARGE_VALUE) bytes += old.large!.get(column.index)!.length;
  }
  return count > 0 && bytes <= MAX_TELLING_BYTES;
}
