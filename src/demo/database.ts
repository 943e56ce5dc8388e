import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { connectionOptions } from '../pg/pool.ts';
import type { Random } from './random.ts';
import { partitionStatements, REVERT_GRANTS, SHOP_OWNER, SHOP_ROLES, SHOP_SCHEMA, type ShopRole } from './schema.ts';
import { seedStatements } from './seed.ts';

export interface ShopDatabase {
  /** As the server's superuser. */
  readonly adminUrl: string;
  /** As each of the shop's roles, with passwords that are new at every start. */
  readonly urls: Readonly<Record<ShopRole, string>>;
  /** It was made by this call: there is no history yet. */
  readonly created: boolean;
  /** How many events the shop has seen, as a number that is never the same twice. */
  readonly events: number;
}

const ADVISORY_LOCK = 'rowtrail.demo';

/**
 * Makes the shop's roles, database, tables and first data on the server, or finds them there and
 * makes only what time brings: partitions of months to come. `url` is a superuser's.
 */
export async function openShop(url: string, databaseName: string, random: Random): Promise<ShopDatabase> {
  const passwords = await withClient(url, async (server) => {
    const made = await openRoles(server);
    const found = await server.query('select from pg_catalog.pg_database where datname = $1', [databaseName]);
    if (found.rowCount === 0) {
      await server.query(`create database ${quoteIdentifier(databaseName)} owner ${SHOP_OWNER} template template0`);
    }
    return made;
  });
  const adminUrl = changed(url, { database: databaseName });
  const state = await withClient(adminUrl, (shop) => openTables(shop, random));
  const urlOf = (role: ShopRole): string => changed(adminUrl, { role, password: passwords[role] });
  return {
    adminUrl,
    urls: {
      shop_app: urlOf('shop_app'),
      shop_dba: urlOf('shop_dba'),
      shop_batch: urlOf('shop_batch'),
      shop_revert: urlOf('shop_revert'),
    },
    ...state,
  };
}

async function openRoles(server: pg.Client): Promise<Record<ShopRole, string>> {
  const passwords = {
    shop_app: newPassword(),
    shop_dba: newPassword(),
    shop_batch: newPassword(),
    shop_revert: newPassword(),
  };
  const found = await server.query('select rolname from pg_catalog.pg_roles where rolname = any ($1)', [
    [...SHOP_ROLES],
  ]);
  const existing = new Set(found.rows.map((row) => row.rolname));
  for (const role of SHOP_ROLES) {
    if (!existing.has(role)) await server.query(`create role ${role}`);
    await server.query(`alter role ${role} login password ${quoteLiteral(passwords[role])}`);
  }
  return passwords;
}

/** All or nothing, so that an interrupted first start leaves an empty database to the next. */
async function openTables(shop: pg.Client, random: Random): Promise<{ created: boolean; events: number }> {
  await shop.query('begin');
  await shop.query('select pg_advisory_xact_lock(hashtext($1))', [ADVISORY_LOCK]);
  const found = await shop.query(`select to_regclass('public.customers') is null as missing`);
  const created = found.rows[0].missing === true;
  // Before PostgreSQL 15 the schema does not go with the database.
  if (created) await shop.query(`alter schema public owner to ${SHOP_OWNER}`);
  await shop.query(`set local role ${SHOP_OWNER}`);
  if (created) {
    await shop.query(SHOP_SCHEMA);
    for (const { sql, params } of seedStatements(random)) await shop.query(sql, [...params]);
  }
  for (const statement of partitionStatements(new Date())) await shop.query(statement);
  // Once: each GRANT is a change of the schema, and an entry.
  const granted = await shop.query(
    `select has_table_privilege('shop_revert', 'public.customers', 'update') as already`,
  );
  if (granted.rows[0].already !== true) await shop.query(REVERT_GRANTS);
  const events = await shop.query('select last_value::integer as events from public.order_events_id_seq');
  await shop.query('commit');
  return { created, events: events.rows[0].events };
}

function newPassword(): string {
  return randomBytes(9).toString('base64url');
}

function changed(url: string, to: { database?: string; role?: string; password?: string }): string {
  const parsed = new URL(url);
  if (to.database !== undefined) parsed.pathname = `/${encodeURIComponent(to.database)}`;
  if (to.role !== undefined) parsed.username = to.role;
  if (to.password !== undefined) parsed.password = to.password;
  return parsed.toString();
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connectionOptions(url, 'demo'));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
