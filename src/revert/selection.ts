import { RowtrailError } from '../lib/errors.ts';
import { filterOf } from '../query/filter-input.ts';
import { FilterError } from '../query/filter-error.ts';
import { resolveTimes } from '../query/filter.ts';
import {
  findMatchingIds,
  findMoveOf,
  findRecordChanges,
  findRelations,
  findTransactionIds,
  isOfRecord,
  readRevertEntries,
  readRevertRelations,
  type RevertRelation,
} from '../query/revert-entries.ts';
import { inSnapshot, type Snapshot, type StoreReader } from '../query/store-reader.ts';
import { parseTime, type Micros } from '../query/time.ts';
import type { RevertLimits, RevertRequest } from './plan.ts';

/** The entries that are to be taken back. */
export interface Selection {
  /** Newest first. */
  readonly ids: readonly bigint[];
  /** All of one source. */
  readonly source: string;
  readonly relations: readonly RevertRelation[];
  /** Of a record: only its rows of a truncate. */
  readonly records: ReadonlySet<string> | null;
}

/** Reading the history for a revert may take longer than a question does. */
const READ_TIMEOUT_MS = 60_000;

/** Throws RT_REVERT_TARGET, RT_REVERT_TOO_LARGE, RT_FILTER, and what `inSnapshot` throws. */
export function selectEntries(
  store: StoreReader,
  { target }: Pick<RevertRequest, 'target'>,
  { now, high }: { readonly now: Micros; readonly high: bigint },
  limits: RevertLimits,
): Promise<Selection> {
  const want = limits.maxRows + 1;
  if ('query' in target) resolveTimes(filterOf({ q: target.query }), now);
  return inSnapshot(
    store,
    async (snapshot) => {
      let ids: readonly bigint[];
      let records: ReadonlySet<string> | null = null;
      if ('entry' in target) {
        ids = await findEntry(snapshot, target.entry);
      } else if ('transaction' in target) {
        ids = await findTransactionIds(snapshot, idOf(target.transaction, 'transaction'), want);
      } else if ('query' in target) {
        ids = await findMatchingIds(snapshot, filterOf({ q: target.query }), { now, high, want });
      } else {
        const found = await findRecordTarget(snapshot, target, { now, high, want });
        ids = found.ids;
        records = new Set(found.keys);
      }
      if (ids.length > limits.maxRows) throw tooLarge(limits.maxRows);
      return { ids, records, ...(await relationsOf(snapshot, ids)) };
    },
    READ_TIMEOUT_MS,
  );
}

async function findEntry(snapshot: Snapshot, text: string): Promise<readonly bigint[]> {
  const id = idOf(text, 'entry');
  const [entry] = await readRevertEntries(snapshot, [id]);
  if (entry === undefined) return [];
  // A row that crossed partitions is a delete and a create: half of it is nothing to take back.
  const other =
    entry.moved_from !== null
      ? BigInt(entry.moved_from)
      : entry.action === 'delete'
        ? await findMoveOf(snapshot, id)
        : null;
  return other === null ? [id] : [id, other].toSorted((a, b) => (a > b ? -1 : 1));
}

async function findRecordTarget(
  snapshot: Snapshot,
  { record, to }: Extract<RevertRequest['target'], { record: unknown }>,
  bounds: { readonly now: Micros; readonly high: bigint; readonly want: number },
): Promise<{ readonly ids: readonly bigint[]; readonly keys: readonly string[] }> {
  const after = 'entry' in to ? { entry: idOf(to.entry, 'to.entry') } : { time: timeOf(to.time, bounds.now) };
  const found = await findRecordChanges(snapshot, record, after, bounds);
  if (found === undefined) throw missing();
  if ('entry' in after && !(await isOfRecord(snapshot, found.scope, after.entry))) {
    throw new RowtrailError('RT_REVERT_TARGET', `${after.entry} is no entry of this record`);
  }
  if (found.ids.length === 0) {
    throw new RowtrailError(
      'RT_REVERT_TARGET',
      `the record has not been changed since ${'entry' in to ? `entry ${to.entry}` : to.time}`,
    );
  }
  return { ids: found.ids, keys: found.scope.keys };
}

/** Of one source, and all of them the viewer's to see; or it is refused as if nothing were there. */
async function relationsOf(
  snapshot: Snapshot,
  ids: readonly bigint[],
): Promise<Pick<Selection, 'source' | 'relations'>> {
  const found = new Set<number>();
  for (let from = 0; from < ids.length; from += BATCH_IDS) {
    const batch = ids.slice(from, from + BATCH_IDS);
    for (const id of await findRelations(snapshot, batch)) found.add(id);
  }
  if (found.size === 0) throw missing();
  const visible = await snapshot.visibleRelations();
  if (visible !== null && [...found].some((id) => !visible.includes(id))) throw missing();
  const relations = await readRevertRelations(snapshot, [...found]);
  const [source, ...others] = [...new Set(relations.map((relation) => relation.source))];
  if (source === undefined) throw missing();
  if (others.length > 0) {
    throw new RowtrailError(
      'RT_REVERT_TARGET',
      `the target has entries of several sources: ${[source, ...others].join(', ')}`,
      {
        hint: 'A revert is one transaction of one database. Revert each by itself, with `source:` in the query.',
      },
    );
  }
  return { source, relations };
}

const BATCH_IDS = 20_000;

function idOf(text: string, name: string): bigint {
  if (!/^\d{1,19}$/.test(text))
    throw new FilterError(name, `${name} is no id: ${text}`, 'Ids are numbers, as entries have them.');
  return BigInt(text);
}

function timeOf(text: string, now: Micros): Micros {
  try {
    return parseTime(text, now);
  } catch (error) {
    throw error instanceof RangeError ? new FilterError('to.time', `to.time ${error.message}`) : error;
  }
}

/** The same words whether there is nothing, or nothing that the viewer may see, or not all of it. */
function missing(): RowtrailError {
  return new RowtrailError('RT_REVERT_TARGET', 'there is nothing here that you may take back', {
    hint: 'Check the id or the search. A token that is limited to some tables takes back only what is about them.',
  });
}

export function tooLarge(maxRows: number): RowtrailError {
  return new RowtrailError('RT_REVERT_TOO_LARGE', `more than ${maxRows} rows are to be taken back`, { hint: NARROW });
}

/** What to do about it. */
export const NARROW =
  'Take back less at a time: one transaction after the other, the newest first, or a query with from and to.';
