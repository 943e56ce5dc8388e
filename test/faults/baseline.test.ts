import { describe, expect, it } from 'vitest';
import { prepareCapture } from '../harness/capture.ts';
import { createDatabase } from '../harness/database.ts';
import { assertStoreInvariants } from '../harness/oracle.ts';
import { until } from '../harness/poll.ts';
import { programFor } from '../harness/program.ts';

const ROWS = 60_000;
/** No piece has more rows. */
const PIECE_ROWS = 5_000;
/** While there is a row in `gate`, pieces that make more rows than it says wait. */
const GATE = `
  create table gate (most bigint);
  create function wait_at_gate() returns trigger language plpgsql as $$ begin
    while exists (select from public.gate where most < (select sum(rows) from audit.baselines) - old.rows + new.rows) loop
      perform pg_sleep(0.02);
    end loop;
    return new; end $$;
  create trigger at_gate before update on audit.baselines for each row when (new.rows > old.rows)
    execute function wait_at_gate();
  insert into gate values (0)`;

describe.each(['wal', 'trigger'] as const)('a baseline (%s)', (way) => {
  it('goes on where it was after kill -9, and each row is recorded once', { timeout: 360_000 }, async () => {
    await using database = await createDatabase();
    await using store = await createDatabase();
    await database.query(`create table items (id int primary key, t text); create table log (n int, t text);
      insert into items select i, repeat('x', 100) from generate_series(1, ${ROWS}) i;
      insert into log select i, repeat('x', 100) from generate_series(1, ${ROWS / 3}) i`);
    const capture = await prepareCapture(database, { tables: ['items', 'log'], baseline: true, store, capture: way });
    const rows = async (): Promise<number> =>
      Number((await store.query('select coalesce(sum(rows), 0) as n from audit.baselines')).rows[0].n);
    await store.query(GATE);
    let kills = 0;
    for (let seen = 0; kills < 4; kills += 1) {
      // However long it lives, it leaves something to those after it.
      await store.query('update gate set most = $1', [seen + 2 * PIECE_ROWS]);
      await using daemon = await capture.spawn();
      await until(async () => (await rows()) > seen, { timeoutMs: 120_000 });
      await database.query(`update items set t = 'y' where id = ${1 + kills * 15_000}; delete from items where id = ${ROWS - kills};
        insert into log values (${-1 - kills}, 'new')`);
      // Every other time it ends in order, and at once.
      daemon.kill(kills % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      // One that ends in order waits for the piece that is being written.
      await store.query('update gate set most = most + $1', [PIECE_ROWS]);
      await daemon.exited;
      seen = await rows();
    }
    expect(await rows()).toBeLessThan((ROWS * 4) / 3);
    await store.query('delete from gate');
    await using daemon = await capture.start();
    await until(
      async () =>
        (await store.query('select count(*) as n from audit.baselines where finished_at is null')).rows[0].n === '0',
      { timeoutMs: 120_000, what: 'the baselines are complete' },
    );
    await capture.caughtUp();
    // Every row that is there has exactly one entry that begins its history.
    const found = await store.query(
      `select r.table_name as "table", count(*) as entries, count(distinct record_key) as records
       from audit.entries e join audit.relations r on r.id = e.relation_id
       where action in ('baseline', 'create') and r.table_name in ('items', 'log') group by 1 order by 1`,
    );
    const [items, log] = found.rows;
    expect(items.entries).toBe(items.records);
    expect(log).toMatchObject({ entries: String(ROWS / 3 + kills), records: String(ROWS / 3 + kills) });
    const missing = await database.query(`select count(*) as n from items`);
    const updated = await store.query(
      `select count(*) as n from audit.entries e join audit.relations r on r.id = e.relation_id
       where r.table_name = 'items' and action = 'update' and not exists (select from audit.entries b
         where b.relation_id = e.relation_id and b.record_key = e.record_key and b.action = 'baseline')`,
    );
    const deleted = await store.query(
      `select count(*) as n from audit.entries e join audit.relations r on r.id = e.relation_id
       where r.table_name = 'items' and action = 'delete' and exists (select from audit.entries b
         where b.relation_id = e.relation_id and b.record_key = e.record_key and b.action = 'baseline')`,
    );
    expect(Number(items.entries) + Number(updated.rows[0].n) - Number(deleted.rows[0].n)).toBe(
      Number(missing.rows[0].n),
    );
    await daemon.stop();
    await assertStoreInvariants(store);
  });

  it('is made by setup --baseline, which shows how far it is and ends', { timeout: 120_000 }, async () => {
    await using database = await createDatabase();
    await database.query(`create table items (id int primary key, t text); create table refused (id int primary key);
      insert into items select i, 'x' from generate_series(1, 1000) i`);
    const capture = await prepareCapture(database, { tables: ['items'], capture: way });
    await using program = await programFor({
      ...capture.config,
      sources: [{ ...capture.source, tables: ['public.items'] }],
    });
    const first = await program.run('setup', '--baseline');
    expect(first.stdout).toContain('Baseline of shop: 1 of 1 tables, 1,000 rows.');
    expect(first.stderr).not.toContain('█');
    expect(first.code).toBe(0);
    // While a daemon runs, that one makes it.
    await using daemon = await capture.start();
    await database.query("insert into items values (1001, 'y')");
    const second = await program.run('setup', '--baseline');
    expect(second).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Baseline of shop: 1 of 1 tables, 0 rows.'),
    });
    const status = (await daemon.status())['sources'] as { baseline: unknown }[];
    expect(status[0]!.baseline).toEqual({ tables: 1, done: 1, rows: 0, open: [] });
    expect((await capture.entries()).length).toBe(1001);
  });
});
