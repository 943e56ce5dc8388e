import type pg from 'pg';
import type { EntryRecord } from './entry-json.ts';
import { larger, smaller } from './id-range.ts';

type Relation = Pick<EntryRecord, 'schema_name' | 'table_name' | 'key_columns'>;
type Transaction = Pick<EntryRecord, 'xid' | 'lsn' | 'size'>;
type Context = Pick<
  EntryRecord,
  | 'actor_kind'
  | 'actor_claim'
  | 'actor_name'
  | 'ip'
  | 'user_agent'
  | 'comment'
  | 'request_id'
  | 'context'
  | 'attribution'
  | 'role'
  | 'application_name'
  | 'session_role'
  | 'client_addr'
  | 'pid'
>;

/** What many entries have in common: their tables, contexts and transactions. */
export interface Surroundings {
  of(
    relationId: number | null,
    contextId: string | null,
    transactionId: string | null,
  ): {
    readonly relation: Relation;
    readonly context: Context;
    readonly transaction: Transaction;
    readonly source: string | null;
  };
}

/** What the store has of an entry in its own row. */
export interface EntryRow extends Pick<
  EntryRecord,
  | 'id'
  | 'action'
  | 'timestamp'
  | 'record_key'
  | 'changed'
  | 'unknown'
  | 'row'
  | 'old'
  | 'data'
  | 'transaction_id'
  | 'ordinal'
  | 'after_gap'
> {
  readonly relation_id: number | null;
  readonly context_id: string | null;
}

/** `whole`: the viewer sees everything. Who does not is not told where in its transaction an entry stands. */
export function recordOf(entry: EntryRow, surroundings: Surroundings, whole: boolean): EntryRecord {
  const { relation, context, transaction, source } = surroundings.of(
    entry.relation_id,
    entry.context_id,
    entry.transaction_id,
  );
  return {
    id: entry.id,
    timestamp: entry.timestamp,
    source,
    action: entry.action,
    record_key: entry.record_key,
    changed: entry.changed,
    unknown: entry.unknown,
    row: entry.row,
    old: entry.old,
    data: entry.data,
    after_gap: entry.after_gap,
    schema_name: relation.schema_name,
    table_name: relation.table_name,
    key_columns: relation.key_columns,
    actor_kind: context.actor_kind,
    actor_claim: context.actor_claim,
    actor_name: context.actor_name,
    ip: context.ip,
    user_agent: context.user_agent,
    comment: context.comment,
    request_id: context.request_id,
    context: context.context,
    attribution: context.attribution,
    role: context.role,
    application_name: context.application_name,
    session_role: context.session_role,
    client_addr: context.client_addr,
    pid: context.pid,
    transaction_id: entry.transaction_id,
    xid: transaction.xid,
    lsn: transaction.lsn,
    ordinal: whole ? entry.ordinal : null,
    size: whole ? transaction.size : null,
  };
}

/** What is asked for. */
export interface NamedSurroundings {
  readonly relationIds: readonly number[];
  readonly contextIds: readonly bigint[];
  readonly transactionIds: readonly bigint[];
}

/** Asks a statement whose plan does not depend on its parameters, in a snapshot that shows the entries. */
export type AskPlanned = <Row extends pg.QueryResultRow>(sql: string, parameters: readonly unknown[]) => Promise<Row[]>;

/** All that is asked is asked at once. */
export async function readSurroundings(
  ask: AskPlanned,
  { relationIds, contextIds, transactionIds }: NamedSurroundings,
): Promise<Surroundings> {
  const [relations, contexts, transactions] = await Promise.all([
    ask<Relation & Sourced & { id: number }>(RELATIONS_SQL, [relationIds]),
    ask<Context & Sourced & { id: string }>(CONTEXTS_SQL, within(contextIds)),
    ask<Transaction & Sourced & { id: string }>(TRANSACTIONS_SQL, within(transactionIds)),
  ]);
  const byId = {
    relation: new Map(relations.map((row) => [row.id, row])),
    context: new Map(contexts.map((row) => [row.id, row])),
    transaction: new Map(transactions.map((row) => [row.id, row])),
  };
  return {
    of(relationId, contextId, transactionId) {
      const relation = (relationId === null ? undefined : byId.relation.get(relationId)) ?? NO_RELATION;
      const context = (contextId === null ? undefined : byId.context.get(contextId)) ?? NO_CONTEXT;
      const transaction = (transactionId === null ? undefined : byId.transaction.get(transactionId)) ?? NO_TRANSACTION;
      return { relation, context, transaction, source: relation.source ?? context.source ?? transaction.source };
    },
  };
}

interface Sourced {
  readonly source: string | null;
}

const NO_RELATION: Relation & Sourced = { schema_name: null, table_name: null, key_columns: null, source: null };
const NO_TRANSACTION: Transaction & Sourced = { xid: null, lsn: null, size: null, source: null };
const NO_CONTEXT: Context & Sourced = {
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
left join :schema.actors a on a.id = c.actor_id left join :schema.sessions n on n.id = c.session_id
where c.id = any($1::bigint[]) and c.id between $2::bigint and $3::bigint`;

const TRANSACTIONS_SQL = `select t.id::text, s.name as source, t.xid::text as xid, t.commit_lsn::text as lsn, t.size::text as size
from :schema.transactions t join :schema.sources s on s.id = t.source_id
where t.id = any($1::bigint[]) and t.id between $2::bigint and $3::bigint`;
