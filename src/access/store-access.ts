import type pg from 'pg';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { explainDatabaseError } from '../pg/pool.ts';

/** Where tokens are kept. `pool` is made by `createPool`; the schema is a plain name. */
export interface TokenStore {
  readonly pool: pg.Pool;
  readonly schema: string;
}

/** A store that does not answer must not hold up whoever asks for longer. */
const ANSWER_TIMEOUT_MS = 5_000;

/** One statement, with `:schema` for the store's. Throws RT_STORE_MISSING, RT_CONNECT and its like. */
export async function askStore<Row extends pg.QueryResultRow>(
  store: TokenStore,
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  try {
    return (await store.pool.query<Row>(queryOf(store, sql, parameters))).rows;
  } catch (error) {
    throw explained(error, store);
  }
}

/** The same in a transaction, behind another statement. */
export async function askInTransaction<Row extends pg.QueryResultRow>(
  store: TokenStore,
  first: string,
  { sql, parameters }: { readonly sql: string; readonly parameters: readonly unknown[] },
): Promise<Row[]> {
  let client: pg.PoolClient | undefined;
  let broken = true;
  try {
    client = await store.pool.connect();
    await client.query('begin');
    await client.query(queryOf(store, first, []));
    const { rows } = await client.query<Row>(queryOf(store, sql, parameters));
    await client.query('commit');
    broken = false;
    return rows;
  } catch (error) {
    throw explained(error, store);
  } finally {
    client?.release(broken);
  }
}

function queryOf({ schema }: TokenStore, sql: string, parameters: readonly unknown[]) {
  return {
    text: sql.replaceAll(':schema', () => quoteIdentifier(schema)),
    values: [...parameters],
    query_timeout: ANSWER_TIMEOUT_MS,
  };
}

function explained(error: unknown, { pool, schema }: TokenStore): RowtrailError {
  if (['42P01', '3F000'].includes(codeOf(error) ?? '')) {
    return new RowtrailError('RT_STORE_MISSING', `the store's schema ${schema} has no tokens yet`, {
      hint: 'Run `rowtrail setup`.',
      cause: error,
    });
  }
  return explainDatabaseError(error, 'the store', pool.options.connectionString ?? '');
}
