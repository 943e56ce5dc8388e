import type pg from 'pg';
import type { ContextFacts, RelationFacts, TransactionFacts } from './entry-json.ts';
import { larger, smaller } from './id-range.ts';

/** What many entries have in common: their tables, contexts and transactions; and what stands before incomplete ones. */
export interface Surroundings {
  relation(id: number | null): SourcedRelation;
  context(id: string | null): SourcedContext;
  transaction(id: string | null): SourcedTransaction;
  /**
   * Of an incomplete entry: whether what the record's last entry could have told lies on the other side of a gap; null without
   * one, and of a complete one.
   */
  afterGap(entryId: string): boolean | null;
}

export interface Sourced {
  readonly source: string | null;
}
export type SourcedRelation = RelationFacts & Sourced;
export type SourcedContext = ContextFacts & Sourced;
export interface SourcedTransaction extends TransactionFacts, Sourced {
  readonly size: string | null;
}

/** What is asked for. */
export interface NamedSurroundings {
  readonly relationIds: readonly number[];
  readonly contextIds: readonly bigint[];
  readonly transactionIds: readonly bigint[];
  /** Entries that do not know all of their rows. */
  readonly incompleteIds: readonly bigint[];
}

/** Asks a statement whose plan does not depend on its parameters, in a snapshot that shows the entries. */
export type AskPlanned = <Row extends pg.QueryResultRow>(sql: string, parameters: readonly unknown[]) => Promise<Row[]>;

/** All that is asked is asked at once. */
export async function readSurroundings(
  ask: AskPlanned,
  { relationIds, contextIds, transactionIds, incompleteIds }: NamedSurroundings,
): Promise<Surroundings> {
  const [relations, contexts, transactions, gaps] = await Promise.all([
    ask<SourcedRelation & { id: number }>(RELATIONS_SQL, [relationIds]),
    ask<SourcedContext & { id: string }>(CONTEXTS_SQL, within(contextIds)),
    ask<SourcedTransaction & { id: string }>(TRANSACTIONS_SQL, within(transactionIds)),
    incompleteIds.length === 0
      ? []
      : ask<{ id: string; after_gap: boolean | null }>(GAPS_BEFORE_SQL, within(incompleteIds)),
  ]);
  const byId = {
    relation: new Map(relations.map((row) => [row.id, row])),
    context: new Map(contexts.map((row) => [row.id, row])),
    transaction: new Map(transactions.map((row) => [row.id, row])),
    gap: new Map(gaps.map((row) => [row.id, row.after_gap])),
  };
  return {
    relation: (id) => (id === null ? undefined : byId.relation.get(id)) ?? NO_RELATION,
    context: (id) => (id === null ? undefined : byId.context.get(id)) ?? NO_CONTEXT,
    transaction: (id) => (id === null ? undefined : byId.transaction.get(id)) ?? NO_TRANSACTION,
    afterGap: (entryId) => byId.gap.get(entryId) ?? null,
  };
}

const NO_RELATION: SourcedRelation = { schema_name: null, table_name: null, key_columns: null, source: null };
const NO_TRANSACTION: SourcedTransaction = { xid: null, lsn: null, size: null, source: null };
const NO_CONTEXT: SourcedContext = {
  actor_kind: null,
  actor_claim: null,
  actor_name: null,
  ip: null,
  user_agent: null,
  comment: null,
  request_id: null,
  context: null,
  attribution: null,
  role: null,
  application_name: null,
  session_role: null,
  client_addr: null,
  pid: null,
  source: null,
};

/** The bounds say again what the ids say, in a form by which partitions are left out. */
function within(ids: readonly bigint[]): readonly unknown[] {
  const first = ids[0] ?? 0n;
  return [ids, ids.reduce(smaller, first), ids.reduce(larger, first)];
}

const RELATIONS_SQL = `select r.id, s.name as source, r.schema_name, r.table_name, r.key_columns
from :schema.relations r join :schema.sources s on s.id = r.source_id where r.id = any($1::integer[])`;

const CONTEXTS_SQL = `select c.id::text, s.name as source, a.kind as actor_kind, a.claim as actor_claim,
  coalesce(c.user_name, a.name) as actor_name, c.ip, c.user_agent, c.comment, c.request_id, c.context::text as context,
  c.attribution, c.role, c.application_name, n.session_role, n.client_addr, n.pid::text as pid
from :schema.contexts c join :schema.sources s on s.id = c.source_id
left join :schema.actors a on a.id = c.actor_id
-- One by one: joined, all sessions there are were read for those of a page.
left join lateral (select * from :schema.sessions n where n.id = c.session_id offset 0) n on true
where c.id = any($1::bigint[]) and c.id between $2::bigint and $3::bigint`;

const TRANSACTIONS_SQL = `select t.id::text, s.name as source, t.xid::text as xid, t.commit_lsn::text as lsn, t.size::text as size
from :schema.transactions t join :schema.sources s on s.id = t.source_id
where t.id = any($1::bigint[]) and t.id between $2::bigint and $3::bigint`;

const GAPS_BEFORE_SQL = `select e.id::text, (
    select l.epoch <> t.epoch from :schema.entries p join :schema.transactions l on l.id = p.transaction_id
    join :schema.transactions t on t.id = e.transaction_id
    where p.relation_id = e.relation_id and p.record_key = e.record_key and p.id < e.id and p.row is not null
    order by p.id desc limit 1) as after_gap
from :schema.entries e where e.id = any($1::bigint[]) and e.id between $2::bigint and $3::bigint`;
