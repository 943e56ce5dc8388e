import { expect, it } from 'vitest';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';
import { startServer } from '../../harness/server.ts';
import { serveTls } from '../../harness/tls.ts';

it('captures over TLS: small rows, rows of many records of the protocol, and what comes after them', async () => {
  await using server = await startServer();
  await using database = await createDatabase(server.url);
  await serveTls(database);
  await database.query('create table notes (id int primary key, t text)');
  const captured = await prepareCapture(database, { tables: ['notes'] });
  const url = new URL(database.url);
  url.searchParams.set('sslmode', 'no-verify');
  await using _running = await captured.start({ url: url.toString() });
  const sender = await database.query(
    `select s.ssl from pg_stat_ssl s join pg_replication_slots r on r.active_pid = s.pid where r.database = $1`,
    [database.name],
  );
  expect(sender.rows).toEqual([{ ssl: true }]);
  await database.query(`insert into notes select n, n from generate_series(1, 500) n`);
  await database.query(`insert into notes select n, repeat(n::text, 100000) from generate_series(501, 510) n`);
  await database.query(`update notes set t = 'last' where id = 510`);
  await captured.caughtUp();
  const entries = await captured.entries();
  expect(entries.slice(0, 500).map((entry) => entry.row)).toEqual(
    Array.from({ length: 500 }, (_, index) => `{"id":${index + 1},"t":"${index + 1}"}`),
  );
  expect(entries.slice(500).map((entry) => JSON.parse(entry.row!))).toEqual([
    ...Array.from({ length: 10 }, (_, index) => ({ id: 501 + index, t: String(501 + index).repeat(100_000) })),
    { id: 510, t: 'last' },
  ]);
});
