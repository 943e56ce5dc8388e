import { readEntries, type EntryText } from './entry-reader.ts';
import {
  firstOf,
  idOf,
  readListPage,
  type PageMeta,
  type PageRequest,
  type PageWalk,
  type Walked,
} from './list-page.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';
import { timeText } from '../pg/time-text.ts';

/** A transaction of a source, as it was stored. */
export interface TransactionFacts {
  readonly id: string;
  readonly source: string;
  readonly epoch: number;
  readonly xid: string | null;
  readonly lsn: string | null;
  readonly committed_at: string;
  /** Its entries; null for a viewer who does not see everything. */
  readonly size: number | null;
}

/** A stretch of a transaction under one payload: JSON text, the app's own context as stored. */
export interface TransactionContext {
  readonly id: string;
  readonly json: string;
}

export interface TransactionPage {
  readonly transaction: TransactionFacts;
  /** Those of the entries on the page, in their order. */
  readonly contexts: readonly TransactionContext[];
  /** In the order in which they happened. */
  readonly entries: readonly EntryText[];
  readonly meta: PageMeta;
}

/**
 * A transaction with a page of its entries, oldest first; undefined where there is none with this id of which the
 * viewer may see an entry. None of them can appear behind another: a transaction is stored by one commit. Throws a
 * FilterError for a cursor that can't be used.
 */
export function getTransaction(
  store: StoreReader,
  id: bigint,
  request: PageRequest,
): Promise<TransactionPage | undefined> {
  return inSnapshot(store, async (snapshot) => {
    const transaction = await readFacts(snapshot, id);
    if (transaction === undefined) return undefined;
    const visible = await snapshot.visibleRelations();
    const list = JSON.stringify(['transaction', id.toString(), store.viewer]);
    const order = { list, width: 1, placeOf: (entry: EntryText) => [entry.id.toString()] };
    const { items, meta } = await readListPage<EntryText>(request, order, (walk) =>
      readPage(snapshot, id, BigInt(transaction.size), walk),
    );
    if (visible !== null && items.length === 0 && !(await hasVisible(snapshot, id, transaction.size))) return undefined;
    return {
      transaction: { ...transaction, size: visible === null ? Number(transaction.size) : null },
      contexts: await readContexts(
        snapshot,
        items.map((entry) => entry.id),
      ),
      entries: items,
      meta,
    };
  });
}

async function readFacts(
  snapshot: Snapshot,
  id: bigint,
): Promise<(Omit<TransactionFacts, 'size'> & { readonly size: string }) | undefined> {
  const rows = await snapshot.queryPlanned<Omit<TransactionFacts, 'size'> & { size: string }>(
    `select t.id::text, s.name as source, t.epoch, t.xid::text as xid, t.commit_lsn::text as lsn,
       ${timeText('t.committed_at')} as committed_at, t.size::text as size
     from :schema.transactions t join :schema.sources s on s.id = t.source_id where t.id = $1::bigint`,
    [id],
  );
  return rows[0];
}

async function readPage(
  snapshot: Snapshot,
  id: bigint,
  size: bigint,
  { place, backward, limit }: PageWalk,
): Promise<Walked<EntryText>> {
  const at = place === null ? null : idOf(place.values[0] as string);
  const rows = await snapshot.queryPlanned<{ id: string }>(pageSql(backward), [
    id,
    size,
    await snapshot.visibleRelations(),
    at === null ? null : place?.inclusive === true ? at + (backward ? 1n : -1n) : at,
    limit + 1,
  ]);
  const found = firstOf(
    rows.map((row) => BigInt(row.id)),
    limit,
  );
  const items = await readEntries(snapshot, found.items);
  return { items, more: found.more || items.length < found.items.length };
}

/**
 * Its entries are not all one after the other: other sources' may lie between. The scan ends with the last of them,
 * because it knows how many there are, instead of looking for one more through the rest of the history.
 */
function pageSql(backward: boolean): string {
  if (backward) {
    return `select e.id::text from :schema.entries e
      where e.id >= $1::bigint and e.id < $4::bigint and $2::bigint > 0 and e.transaction_id = $1::bigint
        and ${visibleEntry('e', '$3')} order by e.id desc limit $5::bigint`;
  }
  return `select x.id::text from (select e.id, e.relation_id, e.action from :schema.entries e
      where e.id >= greatest($1::bigint, $4::bigint + 1) and e.transaction_id = $1::bigint order by e.id
      limit $2::bigint - coalesce((select p.ordinal + 1 from :schema.entries p
        where p.id = $4::bigint and p.transaction_id = $1::bigint), 0)) x
    where ${visibleEntry('x', '$3')} order by x.id limit $5::bigint`;
}

async function hasVisible(snapshot: Snapshot, id: bigint, size: string): Promise<boolean> {
  const rows = await snapshot.query<{ id: string }>(pageSql(false), [
    id,
    size,
    await snapshot.visibleRelations(),
    null,
    1,
  ]);
  return rows.length > 0;
}

async function readContexts(snapshot: Snapshot, entryIds: readonly bigint[]): Promise<TransactionContext[]> {
  if (entryIds.length === 0) return [];
  return snapshot.queryPlanned<{ id: string; json: string }>(
    `select c.id::text, json_build_object(
       'id', c.id::text,
       'actor', json_build_object('id', s.name || ':' || a.kind || ':' || a.claim, 'kind', a.kind, 'claim', a.claim,
         'name', coalesce(c.user_name, a.name)),
       'attribution', c.attribution, 'ip', c.ip, 'user_agent', c.user_agent, 'comment', c.comment,
       'request_id', c.request_id, 'context', coalesce(c.context, '{}'),
       'database', case when n.id is not null then json_build_object(
         'role', case when c.role is null or c.role in ('', 'none') then n.session_role else c.role end,
         'session_role', n.session_role, 'application_name', c.application_name, 'client_addr', n.client_addr, 'pid', n.pid) end
     )::text as json
     from :schema.contexts c
     join :schema.actors a on a.id = c.actor_id
     join :schema.sources s on s.id = a.source_id
     left join :schema.sessions n on n.id = c.session_id
     where c.id = any(array(select e.context_id from :schema.entries e where e.id = any($1::bigint[])))
     order by c.id`,
    [entryIds],
  );
}
