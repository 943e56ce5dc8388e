import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareCapture, type Capture, type RunningDaemon } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';

/**
 * What is sent in a subtransaction, and the row of another one that is written directly behind it, have one position in
 * the WAL, and are streamed in any order. Many times in one statement, as others' WAL in between would hide it.
 */
const TIMES = 25;
let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;

beforeAll(async () => {
  database = await createDatabase();
  await database.query('create table t (id int primary key, a int, b int)');
  capture = await prepareCapture(database, { tables: ['t'] });
  daemon = await capture.start();
});

afterAll(async () => {
  await daemon.stop();
  await database[Symbol.asyncDispose]();
});

/** Runs `inside` in a subtransaction and updates row `n` behind it, for `n` from `first` on; in one transaction. */
async function afterEach(first: number, inside: string): Promise<void> {
  const client = await database.connect();
  await client.query(`insert into t select n, 0 from generate_series(${first}, ${first + TIMES - 1}) n`);
  await client.query(`do $$
    begin
      update t set a = -1 where id = ${first};
      for n in ${first}..${first + TIMES - 1} loop
        begin
          ${inside}
        exception when division_by_zero then null;
        end;
        update t set a = n where id = n;
      end loop;
    end $$`);
  await client.end();
  await capture.caughtUp();
}

describe('what is sent in a subtransaction comes before the rows that are written behind it', () => {
  it('a context', async () => {
    await afterEach(1, `perform set_config('rowtrail.user_id', n::text, true), rowtrail.emit_context();`);
    const entries = await capture.entries(
      `e.action = 'update' and strpos(e.row::text, '"a":-1,') = 0 and e.record_key::int < 100`,
    );
    expect(entries.map(({ actor }) => actor)).toEqual(entries.map(({ record_key }) => record_key));
    expect(entries).toHaveLength(TIMES);
  });

  it('a context, too large for a message', async () => {
    await afterEach(
      101,
      `perform set_config('rowtrail.user_id', n::text, true), set_config('rowtrail.comment', repeat('x', 1100000), true), rowtrail.emit_context();`,
    );
    const entries = await capture.entries(
      `e.action = 'update' and strpos(e.row::text, '"a":-1,') = 0 and e.record_key::int between 100 and 200`,
    );
    expect(entries.map(({ actor }) => actor)).toEqual(entries.map(({ record_key }) => record_key));
    expect(entries).toHaveLength(TIMES);
  });

  it('an event', async () => {
    await afterEach(201, `perform rowtrail.log('visit', n::text);`);
    const entries = await capture.entries(
      `e.action = 'visit' or e.action = 'update' and strpos(e.row::text, '"a":-1,') = 0 and e.record_key::int between 200 and 300`,
    );
    const told = entries.map(({ action, record_key, data }) => record_key ?? `${action} ${JSON.parse(data!).comment}`);
    expect(told).toEqual(Array.from({ length: TIMES }, (_, i) => 201 + i).flatMap((n) => [`visit ${n}`, String(n)]));
  });

  it('a change of the schema', async () => {
    await afterEach(
      301,
      `execute format('comment on table t is %L', n); execute 'create view v' || n || ' as select 1 as one';`,
    );
    const { rows } = await database.query(
      `select e.action, e.record_key, e.data -> 'data' -> 'object' ->> 'identity' as view from audit.entries e
       where e.action = 'schema' and e.data::text like '%public.v3%'
         or e.action = 'update' and strpos(e.row::text, '"a":-1,') = 0 and e.record_key::int > 300 order by e.id`,
    );
    expect(rows.map((row) => row.view ?? row.record_key)).toEqual(
      Array.from({ length: TIMES }, (_, i) => 301 + i).flatMap((n) => [`public.v${n}`, String(n)]),
    );
  });
});
