import { expect } from 'vitest';
import { prepareCapture } from './capture.ts';
import { createDatabase } from './database.ts';
import { assertStoreInvariants } from './oracle.ts';
import { MAX_MEMORY_KB, peakMemoryKb } from './process-memory.ts';

const MB = 1024 * 1024;

/**
 * Values of `largeMb` and a fifth of that are inserted, updated beside, replaced and deleted; each is compared by its
 * digest, and the daemon's memory with what it may be, whatever their size.
 */
export async function storeLargeValues(largeMb: number): Promise<void> {
  const part = Math.floor(largeMb / 5) - 2;
  await using database = await createDatabase();
  await database.query(`
    create table files (id int primary key, n int, body text, data bytea, doc json);
  alter table files alter column body set storage external, alter column data set storage external;
    create table keyless (body text);
  alter table keyless alter column body set storage external`);
  const capture = await prepareCapture(database, { tables: ['files', 'keyless'] });
  await using daemon = await capture.spawn();
  await daemon.streaming;
  // Escapes and characters of several bytes stand wherever a window may be cut.
  const body = (seed: string, bytes: number): string =>
    `repeat('${seed}é"' || chr(10) || repeat('x', 91), ${Math.floor(bytes / 96)})`;
  await database.query(`insert into files values (1, 1, ${body('a', largeMb * MB)}, null, null)`);
  // The old row, whole; the new one without what has not changed.
  await database.query('update files set n = 2');
  // Both bodies in one message.
  await database.query(`update files set body = ${body('b', largeMb * MB)}`);
  await database.query(`update files set body = null, data = convert_to(${body('c', part * MB)}, 'UTF8'),
  doc = (' {"a" : "' || repeat('y', ${part * MB}) || '"}')::json`);
  await database.query('delete from files');
  await database.query(`insert into keyless values (${body('k', (part + 2) * MB)})`);
  // Anyone may write such a message: it is neither kept nor read.
  await database.query(`select pg_logical_emit_message(true, 'rowtrail', repeat('x', ${largeMb * MB}))`);
  await capture.caughtUp({ timeoutMs: 400_000 });
  const peakKb = peakMemoryKb(daemon.pid);
  console.log({ peakMb: Math.round(peakKb / 1024) });
  expect(peakKb).toBeLessThan(MAX_MEMORY_KB);

  const digest = (json: string, name: string): string => `md5(${json} ->> '${name}')`;
  const entries = await database.query(`
  select e.action, audit.changed_columns(e.changed, e.old) as changed, e.unknown, e.record_key, ${digest('e.row', 'body')} as body, ${digest('e.old', 'body')} as old_body,
    ${digest('e.row', 'data')} as data, md5((e.row -> 'doc')::text) as doc, e.row ->> 'n' as n
  from audit.entries e join audit.relations r on r.id = e.relation_id where r.table_name = 'files' order by e.id`);
  const expected =
    await database.query(`select md5(${body('a', largeMb * MB)}) as a, md5(${body('b', largeMb * MB)}) as b,
  md5('\\x' || encode(convert_to(${body('c', part * MB)}, 'UTF8'), 'hex')) as data,
  md5('{"a" : "' || repeat('y', ${part * MB}) || '"}') as doc`);
  const { a, b, data, doc } = expected.rows[0];
  const same = { unknown: null, record_key: '1', old_body: null, data: null };
  // A json null is text, and so has a digest.
  const none = entries.rows[0].doc;
  expect(entries.rows).toEqual([
    { ...same, action: 'create', changed: null, body: a, doc: none, n: '1' },
    { ...same, action: 'update', changed: ['n'], body: a, doc: none, n: '2' },
    { ...same, action: 'update', changed: ['body'], body: b, old_body: a, doc: none, n: '2' },
    { ...same, action: 'update', changed: ['body', 'data', 'doc'], body: null, old_body: b, data, doc, n: '2' },
    { ...same, action: 'delete', changed: null, body: null, data, doc, n: '2' },
  ]);
  const keyless =
    await database.query(`select e.record_key = '~' || encode(sha256(convert_to(e.row::text, 'UTF8')), 'hex') as hashed,
    md5(e.row ->> 'body') = md5(${body('k', (part + 2) * MB)}) as exact
  from audit.entries e join audit.relations r on r.id = e.relation_id where r.table_name = 'keyless'`);
  expect(keyless.rows).toEqual([{ hashed: true, exact: true }]);
  daemon.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  await assertStoreInvariants(database);
}
