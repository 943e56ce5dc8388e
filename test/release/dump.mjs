// Keeps what a release leaves in a store, for test/postgres/store/upgrade.test.ts:
//   node test/release/dump.mjs DIST/main.js postgres://superuser@host/postgres test/release/NAME
// writes NAME.sql (the store) and NAME.json (what its API says of it). The server needs wal_level=logical, and a pg_dump
// that is not older than it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

const [main, server, out] = process.argv.slice(2);
const TABLES = `
  create table orders (id bigint primary key, status text not null, total numeric(12, 2), note text, tags jsonb);
  create table stock (place text, item int, count int, primary key (place, item));
  create table visits (path text, at timestamptz)`;
const WORK = [
  `insert into orders values (1, 'new', 10.00, 'first', '{"a": 1.0}'), (9007199254740993, 'new', 1.50, null, null)`,
  `begin; select set_config('rowtrail.user_id', '7', true), set_config('rowtrail.user_name', 'Ana', true),
     set_config('rowtrail.ip', '203.0.113.9', true), set_config('rowtrail.comment', 'customer called', true);
   update orders set status = 'paid', total = 10.000 where id = 1; insert into stock values ('north', 1, 5), ('south', 1, 6); commit`,
  `update stock set item = 2 where place = 'north'`,
  `insert into visits values ('/', '2026-01-02 03:04:05.678901+00')`,
  `delete from orders where id = 9007199254740993`,
  `truncate visits`,
  `update orders set note = 'done' where id = 1`,
];

const admin = new pg.Client(server);
await admin.connect();
const urls = {};
for (const name of ['release_source', 'release_store']) {
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${name}`);
  urls[name] = Object.assign(new URL(server), { pathname: `/${name}` }).toString();
}
const source = new pg.Client(urls.release_source);
await source.connect();
await source.query(TABLES);
const folder = mkdtempSync(join(tmpdir(), 'rowtrail-release-'));
const config = join(folder, 'rowtrail.yaml');
writeFileSync(
  config,
  JSON.stringify({
    store: { url: urls.release_store },
    sources: [{ name: 'shop', url: urls.release_source, tables: ['public.*'], allowUnboundedWal: true }],
    http: { port: 7499, auth: { mode: 'none' } },
    seal: { interval: '1s' },
  }),
);
execFileSync(process.execPath, [main, 'setup', '--config', config], { stdio: 'inherit' });
const daemon = spawn(process.execPath, [main, 'run', '--config', config], { stdio: 'inherit' });
for (const statement of WORK) await source.query(statement);
const read = async () => {
  try {
    const url = 'http://127.0.0.1:7499/api/v1/activity?limit=100&sort=id';
    return (await (await fetch(url)).json()).data;
  } catch {
    return [];
  }
};
// The last statement's.
while (!(await read()).some(({ after }) => after?.note === 'done')) await new Promise((go) => setTimeout(go, 100));
const entries = await read();
const store = new pg.Client(urls.release_store);
await store.connect();
const sealed = async () =>
  (await store.query('select coalesce(max(last_id), 0) >= $1 as all from audit.seals', [entries.at(-1).id])).rows[0]
    .all;
while (!(await sealed())) await new Promise((go) => setTimeout(go, 100));
await store.end();
daemon.kill('SIGTERM');
await new Promise((go) => daemon.once('exit', go));
const dump = execFileSync('pg_dump', ['--inserts', '--no-owner', '--no-privileges', '-n', 'audit', urls.release_store]);
// psql alone knows its `\\restrict`.
writeFileSync(`${out}.sql`, dump.toString().replaceAll(/^\\.*$/gm, ''));
writeFileSync(`${out}.json`, `${JSON.stringify(entries, null, 1)}\n`);
await source.query(
  `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = 'release_source'`,
);
await source.end();
for (const name of ['release_source', 'release_store']) await admin.query(`drop database ${name} with (force)`);
await admin.end();
