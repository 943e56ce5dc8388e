import { relationNamed, type ResolvedFilter } from './filter.ts';
import { MAX_ID, type IdRange } from './id-range.ts';
import type { Snapshot } from './store-reader.ts';

/** Keys that records had before and after the one asked for: with more, the furthest are left out. */
export const MAX_LINKED_KEYS = 1_000;
/** Changes of the key that is asked for which are followed, the latest ones. */
const MAX_OWN_CHANGES = 200;

/** Tables up to which a key is looked for in one after the other. */
const MAX_PROBED_TABLES = 16;

/** Whether a record's key is asked for in so many tables that they are better searched together. */
export function isInManyTables({ relationIds, tables }: Pick<ResolvedFilter, 'relationIds' | 'tables'>): boolean {
  return relationIds === null ? tables === null : relationIds.length > MAX_PROBED_TABLES;
}

/** The time for which a record of this relation had this key: between two entries that gave a record a key or took it. */
export interface LinkedKey extends IdRange {
  readonly relationId: number;
  readonly key: string;
}

/** What changed keys of records in one relation from or to the keys asked for. */
export interface KeyLinks {
  readonly relationId: number;
  /** The last entry that gave a record one of the keys: it had another one until then. Null: none did. */
  readonly lastGiven: bigint | null;
  /** The first entry that gave a record another key. */
  readonly firstTaken: bigint | null;
}

/**
 * Where one of the keys has links: most keys have none, and to see that takes a fraction of getting ready to follow them through all
 * partitions. Null for `relationIds` and `tables`: any relation.
 */
export async function findKeyLinks(
  snapshot: Snapshot,
  { relationIds, tables }: Pick<ResolvedFilter, 'relationIds' | 'tables'>,
  keys: readonly string[],
): Promise<KeyLinks[]> {
  const rows = await snapshot.queryPlanned<{
    relation_id: number;
    last_given: string | null;
    first_taken: string | null;
  }>(KEY_LINKS_SQL, [relationIds, keys, tables]);
  return rows.map((row) => ({
    relationId: row.relation_id,
    lastGiven: row.last_given === null ? null : BigInt(row.last_given),
    firstTaken: row.first_taken === null ? null : BigInt(row.first_taken),
  }));
}

/** By one search for each partition. */
const KEY_LINKS_SQL = `
select x.relation_id, max(x.given)::text as last_given, min(x.taken)::text as first_taken from (
  select l.relation_id, l.entry_id as given, null::bigint as taken from :schema.entry_links l
  where l.kind in ('key', 'move') and l.entry_key = any($2::text[]) and l.relation_id = any(${askedSql()})
  union all
  select l.relation_id, null, l.entry_id from :schema.entry_links l
  where l.kind in ('key', 'move') and l.record_key = any($2::text[]) and l.relation_id = any(${askedSql()})) x
group by x.relation_id`;

/** An expression: the ids of the relations that are asked for. */
function askedSql(): string {
  return `coalesce($1::integer[], array(select r.id from :schema.relations r
    where $3::text[] is null or ${relationNamed('r', '$3::text[]')}))`;
}

/** Whether the other key of such a record may have entries within the range. Pure. */
export function isLinkedWithin({ lastGiven, firstTaken }: KeyLinks, range: IdRange): boolean {
  return (lastGiven !== null && lastGiven > range.low) || (firstTaken !== null && firstTaken <= range.high);
}

/**
 * The other keys under which the records with these keys have entries in these relations: what they were called before they got the
 * key, and after they lost it. A key that several records had one after the other counts for the time of the
 * record only; deleted and created again under the same key, it is the same record.
 */
export async function findLinkedKeys(
  snapshot: Snapshot,
  relationIds: readonly number[],
  keys: readonly string[],
): Promise<LinkedKey[]> {
  if (relationIds.length === 0) return [];
  const rows = await snapshot.queryPlanned<{ relation_id: number; key: string; low: string; high: string }>(CHAIN_SQL, [
    relationIds,
    keys,
    MAX_OWN_CHANGES,
    MAX_LINKED_KEYS,
    MAX_ID,
  ]);
  return rows.map((row) => ({
    relationId: row.relation_id,
    key: row.key,
    low: BigInt(row.low),
    high: BigInt(row.high),
  }));
}

/**
 * Steps from the keys asked for, all in one direction. A step is a key that a record had from the link `at` on
 * (or, backward, until it), and the next link of that key in the direction, which ends it. If that link takes the
 * record on, it leads to the next step; if not (the record was deleted, and another one got the key), the walk
 * ends. Ids only rise or only fall, so that a circle of keys ends, too; and the keys asked for end a walk, because
 * all their links are followed anyway.
 */
function steps(forward: boolean): string {
  const [own, other] = forward ? ['record_key', 'entry_key'] : ['entry_key', 'record_key'];
  const order = forward ? 'asc' : 'desc';
  const next = (relation: string, key: string, at: string): string => {
    const side = (column: string): string =>
      `(select l.entry_id, l.${other} as key, ${column === own} as goes_on from :schema.entry_links l
        where l.kind in ('key', 'move') and l.relation_id = ${relation} and l.${column} = ${key}
          and l.entry_id ${forward ? '>' : '<'} ${at} order by l.entry_id ${order} limit 1)`;
    return `left join lateral (select c.* from (${side(own)} union all ${side(other)}) c
      order by c.entry_id ${order} limit 1) n on true`;
  };
  return `
    select x.relation_id, x.key, x.at, n.entry_id as next_at, n.key as next_key, n.goes_on, 1 as depth
    from (
      select o.relation_id, l.key, l.at from own o cross join lateral (
        select l.${other} as key, l.entry_id as at from :schema.entry_links l
        where l.kind in ('key', 'move') and l.relation_id = o.relation_id and l.${own} = o.key
        order by l.entry_id desc limit $3::bigint) l
      where l.key <> all ($2::text[])) x
    ${next('x.relation_id', 'x.key', 'x.at')}
    union all
    select s.relation_id, s.next_key, s.next_at, n.entry_id, n.key, n.goes_on, s.depth + 1
    from ${forward ? 'later' : 'earlier'} s
    ${next('s.relation_id', 's.next_key', 's.next_at')}
    where s.goes_on and s.next_key <> all ($2::text[]) and s.depth < $4::bigint`;
}

const CHAIN_SQL = `
with recursive own as (
  select r.id as relation_id, k.key from unnest($1::integer[]) r(id) cross join unnest($2::text[]) k(key)
), later as (${steps(true)}
), earlier as (${steps(false)}
)
select distinct f.relation_id, f.key, f.low::text as low, f.high::text as high from (
  (select relation_id, key, at as low, coalesce(next_at - 1, $5::bigint) as high from later limit $4::bigint)
  union all
  (select relation_id, key, coalesce(next_at, 0), at - 1 from earlier limit $4::bigint)) f`;
