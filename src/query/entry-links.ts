import type { Snapshot } from './store-reader.ts';

/** How an entry is linked with others. */
export interface EntryLinks {
  /** Ids of the entries that it takes back, and of those that took it back. */
  readonly reverts: readonly string[];
  readonly revertedBy: readonly string[];
  readonly comments: number;
}

export const NO_LINKS: EntryLinks = { reverts: [], revertedBy: [], comments: 0 };

/** Reverts that are listed with one entry: a revert can be taken back and made again any number of times. */
const MAX_LISTED = 100;

/** By entry id; those without any are left out. A link lies beside the entry that has it, which is the later one. */
export async function readEntryLinks(snapshot: Snapshot, ids: readonly bigint[]): Promise<Map<string, EntryLinks>> {
  const least = ids.reduce((a, b) => (a < b ? a : b), ids[0] ?? 0n);
  const rows = await snapshot.queryPlanned<LinkRow>(LINKS_SQL, [ids, least, await snapshot.visibleRelations()]);
  const links = new Map<string, EntryLinks>();
  for (const { id, kind, linked, count } of rows) {
    const known = links.get(id) ?? NO_LINKS;
    links.set(id, {
      reverts: kind === 'reverts' ? linked : known.reverts,
      revertedBy: kind === 'reverted_by' ? linked : known.revertedBy,
      comments: kind === 'comments' ? count : known.comments,
    });
  }
  return links;
}

interface LinkRow {
  readonly id: string;
  readonly kind: 'reverts' | 'reverted_by' | 'comments';
  readonly linked: readonly string[];
  readonly count: number;
}

const LINKS_SQL = `
select id::text, kind, (array_agg(other::text order by other))[1:${MAX_LISTED}] as linked, count(*)::integer as count from (
  select l.entry_id as id, 'reverts' as kind, l.linked_id as other from :schema.entry_links l
  where l.entry_id = any($1::bigint[]) and l.entry_id >= $2::bigint and l.kind = 'revert' and l.linked_id is not null
    and ($3::integer[] is null or l.relation_id = any($3::integer[]))
  union all
  select l.linked_id, case l.kind when 'revert' then 'reverted_by' else 'comments' end, l.entry_id
  from :schema.entry_links l
  where l.linked_id = any($1::bigint[]) and l.entry_id >= $2::bigint and l.kind in ('revert', 'comment')
    and ($3::integer[] is null or l.relation_id = any($3::integer[]))) x
group by id, kind`;
