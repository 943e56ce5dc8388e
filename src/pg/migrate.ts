import { readdir, readFile } from 'node:fs/promises';
import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier } from './identifier.ts';

export interface Migration {
  readonly id: number;
  readonly name: string;
  /** SQL with `:schema` for the quoted schema name. */
  readonly sql: string;
}

const SQL_FOLDER = new URL('../../sql/', import.meta.url);
const ADVISORY_LOCK = 'rowtrail.migrate';

/** The numbered migrations of the store, in order (`sql/store/NNNN_name.sql`). */
export async function storeMigrations(): Promise<Migration[]> {
  const folder = new URL('store/', SQL_FOLDER);
  const names = (await readdir(folder)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      id: Number.parseInt(name.slice(0, 4), 10),
      name: name.slice(5, -4),
      sql: await readFile(new URL(name, folder), 'utf8'),
    })),
  );
}

/** A file of `sql/`, with `:schema` left in place. */
export function readSqlFile(path: string): Promise<string> {
  return readFile(new URL(path, SQL_FOLDER), 'utf8');
}

/** The text with `:schema` replaced by the quoted schema name. */
export function withSchema(sql: string, schema: string): string {
  return sql.replaceAll(':schema', quoteIdentifier(schema));
}

/**
 * Brings the store's schema up to date, one transaction for all of it, under an advisory lock.
 * Returns the names of the migrations that ran. Throws RT_STORE_VERSION when a newer Rowtrail
 * has been here.
 */
export async function migrate(
  client: pg.ClientBase,
  schema: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  const quoted = quoteIdentifier(schema);
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock(hashtext($1), hashtext($2))', [ADVISORY_LOCK, schema]);
    const exists = await client.query('select from pg_namespace where nspname = $1', [schema]);
    if (exists.rowCount === 0) await client.query(`create schema ${quoted}`);
    await client.query(`create table if not exists ${quoted}.migrations (
      id integer primary key, name text not null, applied_at timestamptz not null default now())`);
    const applied = await appliedMigrations(client, schema);
    assertKnown(applied, migrations, schema);
    const ran: string[] = [];
    for (const migration of migrations) {
      if (applied.includes(migration.id)) continue;
      await client.query(`insert into ${quoted}.migrations (id, name) values ($1, $2)`, [migration.id, migration.name]);
      await client.query(withSchema(migration.sql, schema));
      ran.push(migration.name);
    }
    await client.query('commit');
    return ran;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/**
 * Throws RT_STORE_MISSING or RT_STORE_VERSION unless the store has exactly the migrations this
 * Rowtrail knows.
 */
export async function assertMigrated(
  client: pg.ClientBase | pg.Pool,
  schema: string,
  migrations: readonly Migration[],
): Promise<void> {
  const found = await client.query('select to_regclass($1) is not null as found', [
    `${quoteIdentifier(schema)}.migrations`,
  ]);
  const applied = found.rows[0].found === true ? await appliedMigrations(client, schema) : [];
  assertKnown(applied, migrations, schema);
  if (applied.length < migrations.length) {
    throw new RowtrailError(
      'RT_STORE_MISSING',
      `the store's schema ${schema} is ${applied.length === 0 ? 'not there' : 'behind this version'}`,
      {
        hint: 'Run `rowtrail setup`.',
      },
    );
  }
}

async function appliedMigrations(client: pg.ClientBase | pg.Pool, schema: string): Promise<number[]> {
  const result = await client.query<{ id: number }>(`select id from ${quoteIdentifier(schema)}.migrations order by id`);
  return result.rows.map((row) => row.id);
}

function assertKnown(applied: readonly number[], migrations: readonly Migration[], schema: string): void {
  const known = new Set(migrations.map((migration) => migration.id));
  const unknown = applied.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new RowtrailError(
      'RT_STORE_VERSION',
      `the store's schema ${schema} has migration ${unknown}, which this Rowtrail does not know`,
      {
        hint: 'Run the Rowtrail version that migrated it, or a newer one: going back is not supported.',
      },
    );
  }
}
