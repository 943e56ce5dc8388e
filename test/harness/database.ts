import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { connectionOptions, TEXT_TYPES } from '../../src/pg/pool.ts';
import { quoteIdentifier, quoteLiteral } from '../../src/pg/identifier.ts';
import { until } from './poll.ts';

export interface TestDatabase extends AsyncDisposable {
  /** A superuser's. */
  readonly url: string;
  readonly name: string;
  /** As the superuser, autocommit; several statements are allowed where there are no parameters. Types: TEXT_TYPES. */
  query(sql: string, params?: readonly unknown[]): Promise<pg.QueryResult>;
  /** A client of its own, connected, for transactions; ended with the database. */
  connect(options?: { url?: string; applicationName?: string }): Promise<pg.Client>;
}

const POOL_SIZE = 4;

/**
 * A fresh database on the run's server (or on `serverUrl`'s), empty or a copy of another one, from which everybody is cut
 * off for that. Disposing of it drops its replication slots, whoever uses them, and then the database with whoever is
 * connected.
 */
export async function createDatabase(
  serverUrl: string = inject('pgUrl'),
  template: string | null = null,
): Promise<TestDatabase> {
  const name = `rowtrail_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl, async (admin) => {
    if (template !== null) {
      await admin.query('select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1', [template]);
    }
    await admin.query(`create database ${quoteIdentifier(name)} template ${quoteIdentifier(template ?? 'template0')}`);
  });
  const url = withDatabase(serverUrl, name);
  const pool = new pg.Pool({ ...connectionOptions(url, 'test'), types: TEXT_TYPES, max: POOL_SIZE });
  pool.on('error', () => {});
  const clients: pg.Client[] = [];
  return {
    url,
    name,
    query: (sql, params) => pool.query(sql, params === undefined ? undefined : [...params]),
    async connect(options = {}) {
      const client = new pg.Client({
        ...connectionOptions(options.url ?? url, 'test'),
        application_name: options.applicationName ?? 'rowtrail test',
      });
      client.on('error', () => {});
      await client.connect();
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pool.end(), ...clients.map((client) => client.end())]);
      await asAdmin(serverUrl, (admin) => dropDatabase(admin, name));
    },
  };
}

export interface TestRole extends AsyncDisposable {
  readonly name: string;
  readonly password: string;
  /** `database`'s URL, as this role. */
  url(database: TestDatabase): string;
}

/**
 * A role with a random name, allowed to log in. `attributes` as in `create role`:
 * `nosuperuser replication`. Dispose of it after the databases it has rights in.
 */
export async function createRole(attributes = '', serverUrl: string = inject('pgUrl')): Promise<TestRole> {
  const name = `rowtrail_test_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(9).toString('base64url');
  await asAdmin(serverUrl, (admin) =>
    admin.query(`create role ${quoteIdentifier(name)} login password ${quoteLiteral(password)} ${attributes}`),
  );
  return {
    name,
    password,
    url(database) {
      const url = new URL(database.url);
      url.username = name;
      url.password = password;
      return url.toString();
    },
    async [Symbol.asyncDispose]() {
      await asAdmin(serverUrl, (admin) => admin.query(`drop role if exists ${quoteIdentifier(name)}`));
    },
  };
}

/** `url` with another database name. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.toString();
}

async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  await until(
    async () => {
      await admin.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where database = $1 and active_pid is not null',
        [name],
      );
      await admin.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1', [
        name,
      ]);
      await admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`);
      return true;
    },
    { what: `database ${name} and its slots dropped` },
  );
}

async function asAdmin<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client(connectionOptions(url, 'test harness'));
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
