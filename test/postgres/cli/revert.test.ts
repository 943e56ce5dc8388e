import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../harness/poll.ts';
import { programFor, type Program } from '../../harness/program.ts';
import { revertScene, type RevertScene } from '../revert/fixture.ts';

let scene: RevertScene;
let program: Program;

beforeAll(async () => {
  scene = await revertScene('wal', 'create table items (id integer primary key, v text, n numeric)');
  program = await programFor(scene.config);
  await scene.start();
  await scene.database.query(`insert into items select g, 'a', 1.00 from generate_series(1, 9) g`);
});
afterAll(async () => {
  await program?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

async function changed(sql: string, record: string): Promise<string> {
  await scene.database.query(sql);
  await scene.caughtUp();
  return scene.lastEntry('items', record);
}

async function row(id: number): Promise<string | undefined> {
  return (await scene.database.query('select i::text as row from items i where id = $1', [id])).rows[0]?.row as string;
}

test('a plan is shown as a diff; in a pipe nothing is changed without --apply', async () => {
  const entry = await changed("update items set v = 'b', n = 2.50 where id = 1", '1');
  const shown = await program.run('revert', 'entry', entry);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toMatch(/update +public\.items 1 +ready/);
  expect(shown.stdout).toMatch(/- n +2\.50\n +\+ n +1\.00/);
  expect(shown.stderr).toContain('Nothing was changed. `--apply` does it.');
  expect(await row(1)).toBe('(1,b,2.50)');
  const done = await program.run('revert', 'entry', entry, '--apply', '-m', 'a mistake');
  expect(done.stdout, done.stderr).toMatch(/Reverted 1 record, in transaction \d+\./);
  expect(await row(1)).toBe('(1,a,1.00)');
});

test('--json prints the plan, and with --apply what was done; a conflict ends with 1 and the plan as it is now', async () => {
  const entry = await changed("update items set v = 'b' where id = 2", '2');
  const plan = JSON.parse((await program.run('revert', 'entry', entry, '--json')).stdout);
  expect(plan.summary).toMatchObject({ ready: 1, applicable: true });
  await scene.database.query("update items set v = 'theirs' where id = 2");
  const refused = await program.run('revert', 'entry', entry, '--json', '--apply');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout).steps[0]).toMatchObject({ status: 'conflict' });
  expect(refused.stderr).toContain('RT_REVERT_CONFLICT');
  expect(await row(2)).toBe('(2,theirs,1.00)');
  const forced = await program.run('revert', 'entry', entry, '--json', '--apply', '--on-conflict', 'force');
  expect(JSON.parse(forced.stdout).summary).toMatchObject({ applied: 1, overwritten: 1 });
});

test('a record to a moment, a search, and own values', async () => {
  const { rows } = await scene.database.query(
    `select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  );
  await changed("update items set v = 'b' where id = 3", '3');
  await changed('delete from items where id = 3', '3');
  const back = await program.run(
    'revert',
    'record',
    'public.items',
    '3',
    '--to',
    rows[0].now as string,
    '--apply',
    '--set',
    'n=7.10',
  );
  expect(back.code, back.stderr).toBe(0);
  expect(await row(3)).toBe('(3,a,7.10)');
  await changed("begin; select set_config('rowtrail.user_id', 'eve', true); update items set v = 'eve'; commit", '3');
  const all = await program.run('revert', '--query', 'user:eve from:now-1h', '--apply', '--json');
  expect(JSON.parse(all.stdout).summary, all.stderr).toMatchObject({ applied: 9 });
  expect(await row(4)).toBe('(4,a,1.00)');
});

test('what is asked for wrongly ends with 2, what is not there with 1', async () => {
  for (const args of [
    ['entry', 'x'],
    ['record', 'public.items', '1'],
  ]) {
    expect((await program.run('revert', ...args)).code, args.join(' ')).toBe(2);
  }
  const missing = await program.run('revert', 'entry', '1');
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('RT_REVERT_TARGET')]);
});

test('a connection that is lost at the commit: it asks again, and it is done once', async () => {
  const { database, role } = scene;
  const entry = await changed("update items set v = 'b' where id = 5", '5');
  await database.query(`create table gate (id int); grant select on gate to "${role.name}"; insert into gate values (1);
    create function wait_at_gate() returns trigger language plpgsql as $$ begin
      while exists (select from public.gate) loop perform pg_sleep(0.02); end loop; return null; end $$;
    create constraint trigger at_gate after insert on rowtrail.reverts for each row execute function wait_at_gate()`);
  const running = program.run('revert', 'entry', entry, '--apply');
  const sessions = `select pid from pg_stat_activity where usename = '${role.name}' and wait_event = 'PgSleep'`;
  await until(async () => (await database.query(sessions)).rowCount === 1, { what: 'it waits at the gate' });
  await database.query(`with s as (${sessions}) select pg_terminate_backend(pid) from s`);
  await database.query('delete from gate');
  const { code, stderr, stdout } = await running;
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('Reverted 1 record');
  expect(await row(5)).toBe('(5,a,1.00)');
});
