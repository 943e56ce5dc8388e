import type pg from 'pg';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { answerOf, destroyClient, explainDatabaseError, socketOf } from '../pg/pool.ts';
import { findVisibleRelations, type Viewer } from './visibility.ts';

/** Where the history is. `pool` is made by `createPool`; the schema is a plain name. */
export interface StoreConnection {
  readonly pool: pg.Pool;
  readonly schema: string;
}

/**
 * Connections for questions over HTTP: more would only fight over the store's processors. One is kept long for the next
 * question: a new one has no plans, and making them takes longer than asking.
 */
export const QUERY_POOL = { max: 8, idleTimeoutMs: 600_000 };

/** Where the history is read from, and for whom: every question shows what this viewer may see, and counts no more. */
export interface StoreReader extends StoreConnection {
  readonly viewer: Viewer;
}

/** A read-only view of the store at one moment. `:schema` in the SQL is the store's schema. */
export interface Snapshot {
  readonly viewer: Viewer;
  /** Ids of the relations whose entries the viewer may see; null: every entry. Looked up once. */
  visibleRelations(): Promise<readonly number[] | null>;
  query<Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /**
   * The same for a statement whose plan does not depend on its parameters, because everything in it is found by
   * one index each: it is planned once a connection, which is most of its cost. Of texts beyond `MAX_PLANNED`, each is
   * planned when it is asked.
   */
  queryPlanned<Row extends pg.QueryResultRow>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
  /**
   * What `make` gives, the same one each time that it is asked for: nothing changes within a snapshot. It goes with the snapshot: what
   * a WeakMap has for it would be kept through the next collection.
   */
  once<Value>(make: (snapshot: Snapshot) => Value): Value;
  /** Milliseconds left of the time limit; throws RT_QUERY_TIMEOUT when there are none. */
  remainingMs(): number;
}

/** How long all statements of one question may take together. */
export const QUERY_TIMEOUT_MS = 10_000;

/**
 * Runs `read` in one read-only snapshot, so that all its statements see the same history.
 * Throws RT_QUERY_TIMEOUT past the time limit, RT_STORE_MISSING without a schema, and RT_CONNECT and its
 * like when the store can't be had.
 */
export async function inSnapshot<Result>(
  store: StoreReader,
  read: (snapshot: Snapshot) => Promise<Result>,
  timeoutMs: number = QUERY_TIMEOUT_MS,
): Promise<Result> {
  let client: pg.PoolClient | undefined;
  let broken = true;
  try {
    client = await store.pool.connect();
    // The first question is sent right behind it.
    sendTogether(client);
    // Compiling a plan takes longer than what is asked here may take.
    const begun = answerOf(client, {
      text: `begin isolation level repeatable read read only;
       set local statement_timeout = ${timeoutMs}; set local search_path = pg_catalog; set local jit = off`,
    });
    begun.catch(() => {});
    const result = await read(snapshotOn(client, store, timeoutMs));
    await begun;
    giveBack(client);
    client = undefined;
    return result;
  } catch (error) {
    // A failed statement leaves a connection that is good again after the rollback.
    broken =
      client === undefined ||
      (await client.query('rollback').then(
        () => false,
        () => true,
      ));
    throw explainReadError(error, store, timeoutMs);
  } finally {
    client?.release(broken);
  }
}

/**
 * Ends the transaction, which has only read: the answer need not wait for that, nor the next question, which is sent
 * behind it. So the questions of one reader find the connection that has their plans already.
 */
function giveBack(client: pg.PoolClient): void {
  answerOf(client, { text: 'commit' }).catch(() => destroyClient(client));
  client.release();
}

function snapshotOn(client: pg.PoolClient, { schema, viewer }: StoreReader, timeoutMs: number): Snapshot {
  const deadline = performance.now() + timeoutMs;
  const quoted = quoteIdentifier(schema);
  let planMode: PlanMode = 'auto';
  // https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES
  const plan = (mode: PlanMode): void => {
    if (mode === planMode) return;
    planMode = mode;
    // It goes out together with the statement it is for, and fails only where that one does.
    client.query(`set local plan_cache_mode = ${mode}`).catch(() => {});
  };
  const send = <Row extends pg.QueryResultRow>(text: string, values: unknown[], name?: string) => {
    sendTogether(client);
    return answerOf<Row>(client, { text, values, ...(name === undefined ? {} : { name }) });
  };
  const made = new Map<(snapshot: Snapshot) => unknown, unknown>();
  const snapshot: Snapshot = {
    viewer,
    visibleRelations: () => snapshot.once(findVisibleRelations),
    async query<Row extends pg.QueryResultRow>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
      plan('auto');
      const text = sql.replaceAll(':schema', () => quoted);
      const result = await send<Row>(text, [...parameters]);
      return result.rows;
    },
    async queryPlanned<Row extends pg.QueryResultRow>(sql: string, parameters: readonly unknown[]) {
      const { text, name } = statementOf(sql, quoted);
      plan(name === undefined ? 'auto' : 'force_generic_plan');
      const result = await send<Row>(text, [...parameters], name);
      return result.rows;
    },
    once<Value>(make: (snapshot: Snapshot) => Value): Value {
      if (!made.has(make)) made.set(make, make(snapshot));
      return made.get(make) as Value;
    },
    remainingMs() {
      const remaining = deadline - performance.now();
      if (remaining <= 0) throw timedOut(timeoutMs);
      return remaining;
    },
  };
  return snapshot;
}

/** What is asked before the next answer is waited for leaves as one: each write wakes the server. */
function sendTogether(client: pg.PoolClient): void {
  const socket = socketOf(client);
  if (socket.writableCorked > 0) return;
  socket.cork();
  process.nextTick(() => socket.uncork());
}

type PlanMode = 'auto' | 'force_generic_plan';

/** Texts whose plans are kept: each takes some hundred kB in every connection. Filters can be combined in any number of ways. */
const MAX_PLANNED = 200;

interface Statement {
  readonly text: string;
  /** It stands for the text, in all connections. Undefined: there are too many of them already. */
  readonly name: string | undefined;
}

/** By schema and SQL. */
const statements = new Map<string, Map<string, Statement>>();
let named = 0;

function statementOf(sql: string, schema: string): Statement {
  const ofSchema = statements.get(schema) ?? new Map<string, Statement>();
  const known = ofSchema.get(sql);
  if (known !== undefined) return known;
  const text = sql.replaceAll(':schema', () => schema);
  if (named >= MAX_PLANNED) return { text, name: undefined };
  named += 1;
  const statement = { text, name: `rowtrail ${named}` };
  statements.set(schema, ofSchema.set(sql, statement));
  return statement;
}

export function explainReadError(error: unknown, store: StoreReader, timeoutMs: number): unknown {
  switch (codeOf(error)) {
    case '57014':
      return timedOut(timeoutMs, error);
    case '42P01':
    case '42883':
    case '3F000':
      return new RowtrailError('RT_STORE_MISSING', `the store has no usable schema ${store.schema}`, {
        hint: 'Run `rowtrail setup`.',
        cause: error,
      });
    case '53300':
      return new RowtrailError('RT_CONNECT', 'the store has no free connection', {
        hint: 'Raise max_connections on the store, or close sessions that it does not need.',
        cause: error,
      });
    default:
      // A defect of ours keeps its stack; what the database or the network said is explained.
      return isFromDatabase(error) ? explainDatabaseError(error, 'the store', urlOf(store)) : error;
  }
}

function isFromDatabase(error: unknown): boolean {
  return (
    !(error instanceof RowtrailError) &&
    (codeOf(error) !== undefined ||
      /timeout|terminated|Connection ended/i.test(error instanceof Error ? error.message : ''))
  );
}

export function urlOf(store: StoreReader): string {
  return store.pool.options.connectionString ?? '';
}

function timedOut(timeoutMs: number, cause?: unknown): RowtrailError {
  return new RowtrailError('RT_QUERY_TIMEOUT', `the query took longer than ${timeoutMs / 1000} s`, {
    hint: 'Narrow it: name a table, a record or a user, or give `from` and `to`.',
    cause,
  });
}
