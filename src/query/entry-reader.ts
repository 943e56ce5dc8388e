import {
  contextTexts,
  entryTexts,
  jsonOf,
  type ContextFacts,
  type ContextTexts,
  type EntryRecord,
} from './entry-json.ts';
import { readEntryLinks } from './entry-links.ts';
import { readSurroundings, type NamedSurroundings } from './entry-surroundings.ts';
import type { Snapshot } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

/** An entry as DESIGN §5 gives it: `json` is its text, images spliced in as stored. */
export interface EntryText {
  readonly id: bigint;
  readonly json: string;
}

/** Images of one answer together; a page ends early rather than grow past it. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

/**
 * Reads whole entries, in the order of the ids. Fewer come back when their images would exceed
 * `MAX_IMAGE_BYTES` (never fewer than one), and those that the viewer may not see are left out. A viewer who does not
 * see everything is not told how many entries a transaction has, nor where in it one stands.
 */
export async function readEntries(snapshot: Snapshot, ids: readonly bigint[]): Promise<EntryText[]> {
  if (ids.length === 0) return [];
  const [rows, links] = await Promise.all([readRecords(snapshot, ids), readEntryLinks(snapshot, ids)]);
  const known = new Map<ContextFacts, ContextTexts>();
  return rows.map((row) => {
    const common = known.get(row.context) ?? contextTexts(row.context);
    known.set(row.context, common);
    return { id: BigInt(row.id), json: jsonOf(entryTexts(row, common), links.get(row.id)) };
  });
}

/** The same as what the store knows of them, links left out. */
export async function readRecords(snapshot: Snapshot, ids: readonly bigint[]): Promise<EntryRecord[]> {
  if (ids.length === 0) return [];
  const descending = ids.length > 1 && (ids[0] as bigint) > (ids[1] as bigint);
  const visible = await snapshot.visibleRelations();
  const bounds = [minimum(ids), maximum(ids)];
  const found = await snapshot.queryPlanned<EntryRow>(entriesSql(descending ? 'desc' : 'asc'), [
    ids,
    MAX_IMAGE_BYTES,
    ...bounds,
    visible,
  ]);
  const surroundings = await readSurroundings(
    (sql, parameters) => snapshot.queryPlanned(sql, parameters),
    namedIn(found),
  );
  const whole = visible === null;
  return found.map((entry) => {
    const relation = surroundings.relation(entry.relation_id);
    const context = surroundings.context(entry.context_id);
    const transaction = surroundings.transaction(entry.transaction_id);
    // Member by member: an object that is made of the rest of another one takes some kilobytes.
    return {
      id: entry.id,
      timestamp: entry.timestamp,
      source: relation.source ?? context.source ?? transaction.source,
      action: entry.action,
      record_key: entry.record_key,
      changed: entry.changed,
      unknown: entry.unknown,
      row: entry.row,
      old: entry.old,
      data: entry.data,
      after_gap: surroundings.afterGap(entry.id),
      transaction_id: entry.transaction_id,
      ordinal: whole ? entry.ordinal : null,
      size: whole ? transaction.size : null,
      relation,
      context,
      transaction,
    };
  });
}

/**
 * The entries with these ids that may be seen, as far as their images do not exceed `$2` bytes together, never fewer than
 * one. The bounds say again what the ids say, in a form by which partitions are left out of a plan made before.
 */
function entriesSql(order: 'asc' | 'desc'): string {
  return `with sized as materialized (
      select e.*, ${sizeOf('e.row')} + ${sizeOf('e.old')} as bytes from :schema.entries e
      where e.id = any($1::bigint[]) and e.id between $3::bigint and $4::bigint and ${visibleEntry('e', '$5')}
    ), chosen as (
      select z.*, sum(z.bytes) over (order by z.id ${order}) - z.bytes as bytes_before from sized z
    )
    select e.id::text, e.action, ${timeText('e.occurred_at')} as timestamp, e.relation_id, e.context_id::text as context_id,
      e.transaction_id::text as transaction_id, e.ordinal::text as ordinal, e.record_key, e.changed, e.unknown,
      e.row::text as row, e.old::text as old, e.data::text as data
    from chosen e where e.bytes_before < $2::bigint order by e.id ${order}`;
}

/** SQL: bytes of an image's text. Of one that is not compressed, the column tells them, and a handful more. */
export function sizeOf(image: string): string {
  return `case when pg_column_compression(${image}) is null then coalesce(pg_column_size(${image}), 0)
        else octet_length(${image}::text) end`;
}

/** What the store has of an entry in its own row. */
interface EntryRow extends Omit<EntryRecord, 'source' | 'after_gap' | 'size' | 'relation' | 'context' | 'transaction'> {
  readonly relation_id: number | null;
  readonly context_id: string | null;
}

function namedIn(found: readonly EntryRow[]): NamedSurroundings {
  const distinct = <Value>(values: readonly (Value | null)[]): Value[] => [
    ...new Set(values.filter((value) => value !== null)),
  ];
  return {
    relationIds: distinct(found.map((entry) => entry.relation_id)),
    contextIds: distinct(found.map((entry) => entry.context_id)).map(BigInt),
    transactionIds: distinct(found.map((entry) => entry.transaction_id)).map(BigInt),
    incompleteIds: found.filter(({ unknown }) => unknown !== null).map(({ id }) => BigInt(id)),
  };
}

function minimum(ids: readonly bigint[]): bigint {
  return ids.reduce((least, id) => (id < least ? id : least));
}

function maximum(ids: readonly bigint[]): bigint {
  return ids.reduce((most, id) => (id > most ? id : most));
}
