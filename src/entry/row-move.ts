import { imageValues } from './completion.ts';
import type { RelationPlan } from './relation-plan.ts';

/**
 * Whether a delete and the create right after it are one row that crossed partitions: the columns that say which
 * partition it is in differ, the rest of the key is the same. Without a rest, all other columns must be the same.
 * https://www.postgresql.org/docs/current/sql-update.html: such an update is a delete and an insert.
 */
export function isMove(plan: RelationPlan, deleted: string, created: string): boolean {
  const partitionKey = plan.partitionKey;
  if (partitionKey === null) return false;
  const before = imageValues(deleted);
  const after = imageValues(created);
  const same = (column: string): boolean => before.has(column) && before.get(column) === after.get(column);
  const differs = (column: string): boolean => before.has(column) && after.has(column) && !same(column);
  const rest = (columns: RelationPlan['columns']): string[] =>
    columns.map((column) => column.name).filter((column) => !partitionKey.includes(column));
  const restOfKey = rest(plan.key ?? []);
  return partitionKey.some(differs) && (restOfKey.length > 0 ? restOfKey : rest(plan.columns)).every(same);
}
