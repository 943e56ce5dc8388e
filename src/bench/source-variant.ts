import type pg from 'pg';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { CONFIG_SCHEMA } from '../config/schema.ts';
import { createLog } from '../lib/log.ts';
import { setup } from '../setup/install.ts';

export type VariantName = 'none' | 'identity' | 'wal' | 'emit' | 'trigger' | 'classic';

/** What is on the source's tables while the workloads run. */
export interface SourceVariant {
  readonly name: VariantName;
  readonly title: string;
  install(database: { readonly admin: pg.Client; readonly url: string; readonly name: string }): Promise<void>;
}

export const SOURCE_VARIANTS: readonly SourceVariant[] = [
  { name: 'none', title: 'nothing', install: async () => {} },
  {
    name: 'identity',
    title: 'replica identity full',
    install: async ({ admin }) => {
      for (const table of TABLES) await admin.query(`alter table ${table} replica identity full`);
    },
  },
  { name: 'wal', title: 'WAL capture, set_config', install: (database) => installRowtrail(database, 'wal') },
  { name: 'emit', title: 'WAL capture, emit_context', install: (database) => installRowtrail(database, 'wal') },
  { name: 'trigger', title: 'trigger capture', install: (database) => installRowtrail(database, 'trigger') },
  {
    name: 'classic',
    title: 'classic row trigger',
    install: async ({ admin }) => {
      await admin.query(CLASSIC);
      for (const table of TABLES) {
        await admin.query(`create trigger classic after insert or update or delete on ${table}
          for each row execute function classic.audit()`);
      }
    },
  },
];

const TABLES = [
  'shop.accounts',
  'shop.history',
  'shop.bulk',
  'public.pgbench_accounts',
  'public.pgbench_branches',
  'public.pgbench_tellers',
  'public.pgbench_history',
] as const;

/** The yardstick: what most people write, both rows as jsonb and an index each on table and time. */
const CLASSIC = `
create schema classic;
create table classic.log (id bigint generated always as identity primary key, at timestamptz not null default now(),
  schema_name text not null, table_name text not null, action text not null, role text not null default current_user,
  claims text, old_row jsonb, new_row jsonb);
create index on classic.log (schema_name, table_name);
create index on classic.log (at);
create function classic.audit() returns trigger language plpgsql as $$
begin
  insert into classic.log (schema_name, table_name, action, claims, old_row, new_row)
    values (tg_table_schema, tg_table_name, tg_op, current_setting('rowtrail.user_id', true),
      case when tg_op <> 'INSERT' then to_jsonb(old) end, case when tg_op <> 'DELETE' then to_jsonb(new) end);
  return null;
end
$$`;

async function installRowtrail(
  { url, name }: { url: string; name: string },
  capture: 'wal' | 'trigger',
): Promise<void> {
  await setup(rowtrailConfig(url, name, capture), { dryRun: false, print: () => {}, log: createLog('error') });
}

function rowtrailConfig(url: string, name: string, capture: 'wal' | 'trigger'): Config {
  return resolveConfig(
    CONFIG_SCHEMA.parse({
      store: { url },
      sources: [{ name, url, capture, tables: ['shop.*', 'public.*'], allowUnboundedWal: true }],
      log: { level: 'error' },
    }),
  );
}
