import { createServer, connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import type pg from 'pg';
import type { Config, SourceConfig } from '../../src/config/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { setup, type SetupOptions, type SetupResult } from '../../src/setup/install.ts';
import type { TestDatabase } from '../harness/database.ts';
import { httpConfig } from '../harness/http-config.ts';

export const silent = createLog('silent');

/** A configuration with one source, `db`, that is its own store. The slot is named like the database. */
export function configFor(db: Pick<TestDatabase, 'url' | 'name'>, overrides: Partial<SourceConfig> = {}): Config {
  return {
    store: { url: overrides.url ?? db.url, schema: 'audit', partition: 'month', retentionDays: null, archiveDir: null },
    sources: [
      {
        name: 'shop',
        url: db.url,
        adminUrl: null,
        capture: 'wal',
        outbox: { maxBytes: 1024 ** 3 },
        tables: ['public.*'],
        identity: 'full',
        truncate: { capture: true, maxBytes: 0 },
        ddlText: false,
        tableOptions: {},
        hashKey: null,
        baseline: false,
        slot: db.name,
        publication: 'rowtrail_shop',
        context: {},
        users: null,
        links: {},
        revert: null,
        allowUnboundedWal: false,
        ...overrides,
      },
    ],
    http: httpConfig(),
    seal: { enabled: false, intervalMs: 60_000, maxEntries: 50_000, keyFile: null },
    log: { level: 'silent' },
  };
}

/** Runs setup; returns what it did and what it printed. */
export async function runSetup(
  config: Config,
  options: Partial<SetupOptions> = {},
): Promise<{ result: SetupResult; printed: string[] }> {
  const printed: string[] = [];
  const results = await setup(config, { dryRun: false, print: (line) => printed.push(line), log: silent, ...options });
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return { result, printed };
}

/**
 * Everything in the catalog that setup could touch, as text without object ids: schemas, relations with
 * their identity and rights, functions, triggers, publications, and this database's slots.
 */
export async function catalogOf(db: TestDatabase): Promise<string> {
  const result = await db.query(`
    select 'schema ' || nspname || coalesce(nspacl::text, '') as line from pg_namespace where nspname !~ '^pg_(toast_)?temp'
    union all
    select format('relation %s.%s %s %s %s', n.nspname, c.relname, c.relkind, c.relreplident, c.relacl) from pg_class c
      join pg_namespace n on n.oid = c.relnamespace where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      and n.nspname !~ '^pg_'
    union all
    select format('identity %s', i.indexrelid::regclass) from pg_index i where i.indisreplident
    union all
    select format('function %s.%s %s', n.nspname, p.proname, p.proacl) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname not in ('pg_catalog', 'information_schema')
    union all
    select format('trigger %s on %s %s', case when t.tgisinternal then t.tgfoid::regproc::text else t.tgname end, t.tgrelid::regclass, t.tgenabled) from pg_trigger t
    union all
    select format('publication %s %s', p.pubname, (select array_agg(r.prrelid::regclass::text order by 1) from pg_publication_rel r where r.prpubid = p.oid))
      from pg_publication p
    union all
    select format('slot %s', slot_name) from pg_replication_slots where database = current_database()
    order by 1`);
  return result.rows.map((row) => row.line).join('\n');
}

/**
 * A pooler as far as replication is concerned: it passes everything on but the startup parameter
 * `replication`, as several do (ANCHORS §2.9).
 */
export async function startFakePooler(url: string): Promise<{ url: string; close(): Promise<void> }> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connectTcp(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.once('data', (startup) => {
      upstream.write(withoutReplication(startup));
      client.pipe(upstream);
      upstream.pipe(client);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const pooled = new URL(url);
  pooled.hostname = '127.0.0.1';
  pooled.port = String((server.address() as AddressInfo).port);
  return {
    url: pooled.toString(),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** The startup packet (length, version, then name and value pairs ended by zeros) without that one pair. */
function withoutReplication(startup: Buffer): Buffer {
  const words = startup
    .subarray(8, startup.readInt32BE(0) - 2)
    .toString('latin1')
    .split('\0');
  const kept: string[] = [];
  for (let index = 0; index + 1 < words.length; index += 2) {
    if (words[index] !== 'replication') kept.push(words[index] ?? '', words[index + 1] ?? '');
  }
  const body = Buffer.from(`${kept.join('\0')}\0\0`, 'latin1');
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  startup.copy(head, 4, 4, 8);
  return Buffer.concat([head, body]);
}

export type WalEvent =
  | { readonly kind: 'row'; readonly table: string }
  | { readonly kind: 'message'; readonly fields: readonly (string | null)[] };

/** The rows and `rowtrail` messages that pgoutput gives for this database's slot, in order, and no longer keeps. */
export async function readWal(db: TestDatabase, slot = db.name, publication = 'rowtrail_shop'): Promise<WalEvent[]> {
  const result = await db.query(
    `select data from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', $2, 'messages', 'true')`,
    [slot, publication],
  );
  const tables = new Map<number, string>();
  const events: WalEvent[] = [];
  for (const { data } of result.rows as { data: Buffer }[]) {
    const kind = String.fromCodePoint(data[0] ?? 0);
    if (kind === 'R') {
      const [, name] = data.subarray(5).toString('utf8').split('\0');
      tables.set(data.readUInt32BE(1), name ?? '');
    } else if ('IUD'.includes(kind)) {
      events.push({ kind: 'row', table: tables.get(data.readUInt32BE(1)) ?? '?' });
    } else if (kind === 'M') {
      const start = data.indexOf(0, 10) + 5;
      events.push({ kind: 'message', fields: await parseArray(db, data.subarray(start).toString('utf8')) });
    }
  }
  return events;
}

/** What follows what, in short: `row`, `hello`, `context:USER_ID`, `event:ACTION`. */
export function outline(events: readonly WalEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'row') return `row ${event.table}`;
    const [kind] = event.fields;
    // A separator says nothing.
    if (kind === 's') return [];
    if (kind === 'h') return 'hello';
    return kind === 'c' ? `context ${event.fields[4] ?? ''}` : `event ${event.fields[2] ?? ''}`;
  });
}

export function messages(events: readonly WalEvent[], kind: 'h' | 'c' | 'e'): (readonly (string | null)[])[] {
  return events.flatMap((event) => (event.kind === 'message' && event.fields[0] === kind ? [event.fields] : []));
}

async function parseArray(db: TestDatabase, text: string): Promise<(string | null)[]> {
  const result = await db.query('select $1::text[] as fields', [text]);
  return result.rows[0].fields;
}

/** Several statements in one transaction of one client. */
export async function inTransaction(client: pg.Client, statements: readonly string[]): Promise<void> {
  await client.query('begin');
  for (const statement of statements) await client.query(statement);
  await client.query('commit');
}
