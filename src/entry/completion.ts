import type { StreamPosition } from '../change/change.ts';
import type { RewrittenImages } from './encoded-row.ts';
import { isToldByText } from './changed-columns.ts';
import { verbatimMembers } from './image.ts';
import { isTrusted, type ImageTrust } from './image-trust.ts';
import type { PlanColumn, RelationPlan } from './relation-plan.ts';

/** What a record was when an entry left it. */
export interface RecordImage {
  /** Column → the JSON text of its value, to the byte. */
  readonly values: ReadonlyMap<string, string>;
  readonly at: StreamPosition;
}

/** An update or a delete whose `unknown` columns are to be filled in. */
export interface IncompleteEntry {
  readonly action: 'update' | 'delete';
  readonly changed: readonly string[];
  readonly unknown: readonly string[];
  readonly row: string;
  readonly old: string | null;
}

export interface CompletedEntry extends RewrittenImages {
  /** Of the row's columns. */
  readonly values: ReadonlyMap<string, string>;
}

/** The values of an image's columns. */
export function imageValues(row: string): Map<string, string> {
  return new Map(verbatimMembers(row).map((member) => [member.name, member.rawValue]));
}

/**
 * Fills in what the stream did not say of an entry and the record's last image does. Null if that is nothing.
 *
 * An update: the image has the column's old value. If the new row has a value, the column changed unless both
 * texts are the same; if it has none (an unchanged TOASTed value), the value is still the image's. A delete: the
 * image has the last value. What the image lacks, or has from before the column became what it is, stays unknown.
 */
export function completeEntry(
  plan: RelationPlan,
  trust: ImageTrust,
  entry: IncompleteEntry,
  image: RecordImage,
): CompletedEntry | null {
  const unknown = new Set(entry.unknown);
  const known = (column: PlanColumn): string | undefined =>
    unknown.has(column.name) && isTrusted(trust, column.name, image.at) ? image.values.get(column.name) : undefined;
  const now = imageValues(entry.row);
  const before = entry.old === null ? new Map<string, string>() : imageValues(entry.old);
  const changed: PlanColumn[] = [];
  const stillUnknown: PlanColumn[] = [];
  const wasChanged = new Set(entry.changed);
  for (const column of plan.columns) {
    const { name } = column;
    const last = known(column);
    if (last === undefined) {
      if (unknown.has(name)) stillUnknown.push(column);
      else if (wasChanged.has(name)) changed.push(column);
      continue;
    }
    const value = now.get(name);
    if (value === undefined) {
      now.set(name, last);
    } else if (value !== last) {
      changed.push(column);
      before.set(name, last);
    }
  }
  if (stillUnknown.length === unknown.size) return null;
  const named = [...changed, ...plan.hidden.filter(({ name }) => wasChanged.has(name))];
  const nothingKnown = stillUnknown.length === plan.columns.length && named.length === 0;
  const old = changed.length === 0 ? null : imageText(changed, before);
  return {
    isTold: old !== null && named.length === changed.length && isToldByText(changed, old),
    changed: entry.action === 'delete' || nothingKnown ? null : named,
    unknown: stillUnknown,
    row: imageText(plan.columns, now),
    old,
    values: now,
  };
}

/** In the columns' order. */
function imageText(columns: readonly PlanColumn[], values: ReadonlyMap<string, string>): string {
  const members = columns.flatMap(({ name }) => {
    const value = values.get(name);
    return value === undefined ? [] : [`${JSON.stringify(name)}:${value}`];
  });
  return `{${members.join(',')}}`;
}
