import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/embedded/free-port.ts';
import { until } from '../harness/poll.ts';
import { programFor, type Program } from '../harness/program.ts';
import { revertScene, type RevertScene } from '../postgres/revert/fixture.ts';

/** While there is a row in `gate`, whoever comes by waits; it is seen in `pg_stat_activity`. */
const TABLES = `
  create table gate (place text primary key);
  create table items (id integer primary key, v text);
  create function wait_at_gate() returns trigger language plpgsql as $$ begin
    while exists (select from public.gate where place = tg_argv[0]) loop perform pg_sleep(0.02); end loop;
    return new; end $$;
  create trigger at_gate before update on items for each row when (old.id = 500) execute function wait_at_gate('items')`;

let scene: RevertScene;
let program: Program;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  scene = await revertScene('wal', TABLES, { tables: ['public.*', '!public.gate'] }, { port });
  program = await programFor(scene.config);
  url = `http://127.0.0.1:${port}`;
  await scene.database.query(`insert into items select g, 'a' from generate_series(1, 1000) g;
    create constraint trigger at_gate after insert on rowtrail.reverts for each row execute function wait_at_gate('reverts')`);
  await scene.database.query(`grant select on gate to "${scene.role.name}"`);
});
afterAll(async () => {
  await program?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

test.each([
  ['while rows are written', 'items'],
  ['when all is written, before the commit', 'reverts'],
])('killed %s, a revert has done nothing, and the same request does it once', async (_, place) => {
  const { database } = scene;
  await using first = await startDaemon();
  await database.query("update items set v = 'b'");
  await scene.caughtUp();
  const target = await transactionOf('items');
  const { plan } = (await post('/preview', { target })).json.data;
  await database.query('insert into gate values ($1)', [place]);
  const key = { 'idempotency-key': `kill-${place}` };
  const lost = post('', { target, plan }, key).catch(() => 'lost');
  const atGate = `select from pg_stat_activity where usename = '${scene.role.name}' and wait_event = 'PgSleep'`;
  await until(async () => (await database.query(atGate)).rowCount === 1, { what: 'the revert waits at the gate' });
  await first.kill();
  expect(await lost).toBe('lost');
  await database.query('delete from gate');
  const gone = `select from pg_stat_activity where usename = '${scene.role.name}'`;
  await until(async () => (await database.query(gone)).rowCount === 0, { what: 'its session has ended' });
  expect(await values()).toEqual(['b 1000']);
  expect((await database.query('table rowtrail.revert_links')).rowCount).toBe(await linkCount());

  await using second = await startDaemon();
  const done = await post('', { target, plan }, key);
  expect(done.status, done.text).toBe(200);
  expect(await values()).toEqual(['a 1000']);
  // Its answer, too, can be lost.
  await second.kill();
  await using _third = await startDaemon();
  await database.query("update items set v = 'later' where id = 1");
  const again = await post('', { target, plan }, key);
  expect([again.status, again.json]).toEqual([200, done.json]);
  expect(await values()).toEqual(['a 999', 'later 1']);
  await database.query("update items set v = 'a' where id = 1");
  await scene.caughtUp();
  const links = (await scene.links()).filter((line) => line.startsWith('items update'));
  expect(links).toHaveLength(await linkCount());
});

/** Links that reverts which came to their end have left. */
async function linkCount(): Promise<number> {
  const { rows } = await scene.database.query('select count(*)::int * 1000 as links from rowtrail.reverts');
  return rows[0].links as number;
}

async function values(): Promise<string[]> {
  const { rows } = await scene.database.query("select v || ' ' || count(*) as line from items group by v order by v");
  return rows.map(({ line }) => line as string);
}

async function transactionOf(table: string): Promise<{ transaction: string }> {
  const { rows } = await scene.database.query(
    `select e.transaction_id::text as id from audit.entries e join audit.relations r on r.id = e.relation_id
     where r.table_name = $1 order by e.id desc limit 1`,
    [table],
  );
  return { transaction: rows[0].id as string };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/api/v1/reverts${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: JSON.parse(text) };
}

async function startDaemon(): Promise<AsyncDisposable & { kill(): Promise<void> }> {
  const child = program.spawn(['run']);
  const exited = once(child, 'exit');
  child.stderr!.resume();
  await until(
    () =>
      fetch(`${url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    { what: 'the daemon is ready' },
  );
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  return { kill, [Symbol.asyncDispose]: kill };
}
