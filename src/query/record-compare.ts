import { verbatimMembers, type Member } from '../entry/image.ts';
import { FilterError } from './filter-error.ts';
import { MAX_ID } from './id-range.ts';
import { findRecord, findRecordIds, type RecordAddress, type RecordScope } from './record-scope.ts';
import { readState, type Moment, type RecordState } from './record-state.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { nowMicros, parseTime, TIME_FORMS, type Micros } from './time.ts';

/** A column that is not the same in two states of a record. Values are their stored text. */
export interface ColumnDifference {
  readonly column: string;
  /** `added`: the earlier one of the two images lacks it; `removed`: the other one does; `unknown`: one's value is not known. */
  readonly status: 'changed' | 'added' | 'removed' | 'unknown';
  readonly from: string | null;
  readonly to: string | null;
}

export interface RecordComparison {
  readonly scope: RecordScope;
  readonly from: RecordState;
  readonly to: RecordState;
  readonly differences: readonly ColumnDifference[];
}

/** Revisions that can be named by their number. */
export const MAX_REVISION = 10_000;
export const MOMENT_FORMS = `an id of one of the record's entries, r1 to r${MAX_REVISION} (its revisions, from the oldest), latest, or a time: ${TIME_FORMS}`;

/** A record's state at a time; undefined where it is unknown or may not be seen. */
export function getRecordAt(
  store: StoreReader,
  address: RecordAddress,
  time: string,
): Promise<{ readonly scope: RecordScope; readonly state: RecordState; readonly time: Micros } | undefined> {
  const at = readTime('time', time);
  return inSnapshot(store, async (snapshot) => {
    const scope = await findRecord(snapshot, address);
    return scope === undefined ? undefined : { scope, time: at, state: await readState(snapshot, scope, { time: at }) };
  });
}

/**
 * Any two states of a record, `MOMENT_FORMS` each; undefined where it is unknown or may not be seen. Throws a
 * FilterError for a moment that is none of it.
 */
export function compareRecord(
  store: StoreReader,
  address: RecordAddress,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<RecordComparison | undefined> {
  return inSnapshot(store, async (snapshot) => {
    const scope = await findRecord(snapshot, address);
    if (scope === undefined) return undefined;
    const before = await readState(snapshot, scope, await readMoment(snapshot, scope, 'from', from));
    const after = await readState(snapshot, scope, await readMoment(snapshot, scope, 'to', to));
    return { scope, from: before, to: after, differences: differencesOf(before, after) };
  });
}

/** What differs between two states, in the order of the columns. Pure. */
export function differencesOf(from: RecordState, to: RecordState): ColumnDifference[] {
  const [before, after] = [membersByName(from.image), membersByName(to.image)];
  const unknown = new Set([...(from.incomplete?.columns ?? []), ...(to.incomplete?.columns ?? [])]);
  const names = new Set([...before.keys(), ...after.keys(), ...unknown]);
  return [...names].flatMap((column): ColumnDifference[] => {
    const values = { column, from: before.get(column) ?? null, to: after.get(column) ?? null };
    if (unknown.has(column) && (values.from === null || values.to === null)) return [{ status: 'unknown', ...values }];
    if (values.from === values.to) return [];
    if (values.from === null) return [{ status: 'added', ...values }];
    return [{ status: values.to === null ? 'removed' : 'changed', ...values }];
  });
}

function membersByName(image: string | null): Map<string, string> {
  const members: readonly Member[] = image === null ? [] : verbatimMembers(image);
  return new Map(members.map(({ name, rawValue }) => [name, rawValue]));
}

async function readMoment(
  snapshot: Snapshot,
  scope: RecordScope,
  parameter: 'from' | 'to',
  text: string,
): Promise<Moment> {
  if (text === 'latest') return { entryId: MAX_ID };
  if (/^\d{1,19}$/.test(text)) return { entryId: await entryOf(snapshot, scope, parameter, BigInt(text)) };
  const revision = /^r(\d{1,6})$/.exec(text);
  if (revision !== null) return { entryId: await revisionOf(snapshot, scope, parameter, Number(revision[1])) };
  return { time: readTime(parameter, text, MOMENT_FORMS) };
}

async function entryOf(snapshot: Snapshot, scope: RecordScope, parameter: string, id: bigint): Promise<bigint> {
  if (id < MAX_ID) {
    const range = { low: id, high: id };
    const [found] = await findRecordIds(snapshot, scope, { direction: 'newest', want: 1, range });
    if (found !== undefined) return found;
  }
  throw new FilterError(parameter, `${parameter} is not the id of an entry of this record`, 'See its history.');
}

async function revisionOf(snapshot: Snapshot, scope: RecordScope, parameter: string, n: number): Promise<bigint> {
  const ids = n >= 1 && n <= MAX_REVISION ? await findRecordIds(snapshot, scope, { direction: 'oldest', want: n }) : [];
  const id = ids[n - 1];
  if (id !== undefined) return id;
  throw new FilterError(parameter, `${parameter}: the record has no revision ${n}`, `Give ${MOMENT_FORMS}.`);
}

function readTime(parameter: string, text: string, forms?: string): Micros {
  try {
    return parseTime(text, nowMicros());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = forms === undefined ? error.message : `is no moment of a record: give ${forms}`;
    throw new FilterError(parameter, `${parameter} ${message}`);
  }
}
