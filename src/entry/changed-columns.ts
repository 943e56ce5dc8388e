import { LARGE_VALUE, type Tuple } from '../change/tuple.ts';
import type { PlanColumn } from './relation-plan.ts';

/**
 * Above this many bytes of old values an entry names its changed columns, though `old` tells them: whoever asks which
 * they are would have to read all of it, and beside so much the names weigh nothing.
 */
const MAX_TELLING_BYTES = 1_024;

/**
 * Whether an update need not name the first `count` of these columns, which are all that changed: they are the members
 * of its `old`, in their order (`changedColumns` reads them there).
 */
export function isToldByOld(columns: readonly PlanColumn[], count: number, old: Tuple): boolean {
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

/** The same of an `old` that is JSON text by now. */
export function isToldByText(columns: readonly PlanColumn[], old: string): boolean {
  return columns.every((column) => !column.nameIsEscaped) && Buffer.byteLength(old) <= MAX_TELLING_BYTES;
}
