import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
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

/** What is asked for. */
export interface NamedSurroundings {
  readonly relationIds: readonly number[];
  readonly contextIds: readonly bigint[];
  readonly transactionIds: readonly bigint[];
}

/** The client is in a snapshot that shows the entries. */
export async function readSurroundings(
  client: pg.ClientBase,
  schema: string,
  { relationIds, contextIds, transactionIds }: NamedSurroundings,
): Promise<Surroundings> {
  const s = quoteIdentifier(schema);
  const read = async <Row extends pg.QueryResultRow>(
    name: string,
    sql: string,
    values: readonly unknown[],
  ): Promise<Row[]> => {
    const text = sql.replaceAll(':schema', () => s);
    return (await client.query<Row>({ name: `surroundings ${name}`, text, values: [...values] })).rows;
  };
  const relations = await read<Relation & Sourced & { id: number }>('relations', RELATIONS_SQL, [relationIds]);
  const contexts = await read<Context & Sourced & { id: string }>('contexts', CONTEXTS_SQL, within(contextIds));
  const transactions = await read<Transaction & Sourced & { id: string }>(
    'transactions',
    TRANSACTIONS_SQL,
    within(transactionIds),
  );
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
