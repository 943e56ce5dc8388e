import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon, type Daemon } from '../../../src/daemon/daemon.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { assertStoreInvariants } from '../../harness/oracle.ts';
import { until } from '../../harness/poll.ts';
import { configFor, runSetup, silent } from '../setup-fixture.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

/** One entry less what differs by nature: time, LSN, ids. */
interface Line {
  /** Which transaction, by its place. */
  readonly transaction: number;
  readonly record: string;
  readonly text: string;
}

const SCHEMA = new URL('workloads.sql', import.meta.url);
let compared = 0;

describe('both captures make the same entries of', () => {
  const sides: { db: TestDatabase; daemon: Daemon }[] = [];
  let version = 0;

  beforeAll(async () => {
    const schema = await readFile(SCHEMA, 'utf8');
    for (const capture of ['wal', 'trigger'] as const) {
      const db = await createDatabase();
      version = Number((await db.query('show server_version_num')).rows[0].server_version_num);
      await db.query(schema);
      const config = configFor(db, { capture, allowUnboundedWal: true });
      await runSetup(config);
      const daemon = await startDaemon(config, { log: silent });
      void daemon.run();
      sides.push({ db, daemon });
    }
  });
  afterAll(async () => {
    console.log({ comparedEntries: compared });
    for (const { db, daemon } of sides) {
      await daemon.stop();
      await db[Symbol.asyncDispose]();
    }
  });

  test.each(WORKLOADS.map((workload) => [workload.name, workload] as const))('%s', async (_name, workload) => {
    if (version < (workload.minVersion ?? 0)) return;
    const [wal, trigger] = await Promise.all(sides.map(({ db }) => captured(db, workload)));
    expect(wal!.length).toBeGreaterThan(0);
    expect(trigger!.length).toBe(wal!.length);
    if (workload.interleaved === true) expect(byRecord(trigger!)).toEqual(byRecord(wal!));
    else expect(trigger!.map(({ text }) => text)).toEqual(wal!.map(({ text }) => text));
    compared += wal!.length;
  });

  test('and keep the store whole, without a gap that the other has not', async () => {
    const gaps = await Promise.all(
      sides.map(async ({ db }) => {
        await assertOutboxInvariants(db);
        return (await db.query('select reason, count(*)::int from audit.gaps group by 1 order by 1')).rows;
      }),
    );
    expect(gaps[1]).toEqual(gaps[0]);
    await assertStoreInvariants(sides[0]!.db);
  });
});

/** What trigger capture's store says of itself, as far as it has positions at all. */
async function assertOutboxInvariants(db: TestDatabase): Promise<void> {
  const { rows } = await db.query(
    `select count(*)::int as whole from audit.transactions t
     where t.size <> (select count(*) from audit.entries e where e.transaction_id = t.id)`,
  );
  expect(rows).toEqual([{ whole: 0 }]);
}

let markers = 0;

/** Runs the workload in a session of its own and waits until all of it is stored. */
async function captured(db: TestDatabase, workload: Workload): Promise<Line[]> {
  const before = (await db.query('select coalesce(max(id), 0) as id from audit.entries')).rows[0].id;
  const client = new pg.Client({ connectionString: db.url, application_name: 'app' });
  client.on('error', () => {});
  await client.connect();
  try {
    for (const statement of workload.statements) {
      // Some are to fail, in both alike.
      await client.query(statement.replaceAll('{db}', db.name)).catch((error: Error) => {
        if (workload.fails !== true) throw error;
      });
    }
  } finally {
    await client.end();
  }
  markers += 1;
  const marker = `marker ${markers}`;
  await db.query(`insert into zz_marker (name) values ($1)`, [marker]);
  await until(
    async () =>
      (
        await db.query(
          `select from audit.entries e join audit.relations r on r.id = e.relation_id
           where r.table_name = 'zz_marker' and strpos(e.row::text, $1) > 0`,
          [`"${marker}"`],
        )
      ).rowCount === 1,
    { what: `${workload.name} is stored` },
  );
  const { rows } = await db.query(
    `select dense_rank() over (order by e.transaction_id)::int as transaction, coalesce(r.table_name, '') as table_name,
       e.record_key, concat_ws(' | ', e.ordinal, r.schema_name, r.table_name, e.action, e.record_key, audit.changed_columns(e.changed, e.old)::text, e.unknown::text,
         'row', e.row::text, 'old', e.old::text, 'data', e.data::text, c.attribution, a.claim, c.user_name, c.ip, c.comment, c.request_id,
         c.context::text, c.application_name, c.role, (select count(*) from audit.entry_links l where l.entry_id = e.id)) as text
     from audit.entries e left join audit.relations r on r.id = e.relation_id
     left join audit.contexts c on c.id = e.context_id left join audit.actors a on a.id = c.actor_id
     where e.id > $1 and r.table_name is distinct from 'zz_marker' order by e.id`,
    [before],
  );
  return rows.map((row) => ({
    transaction: row.transaction,
    record: `${row.table_name} ${row.record_key}`,
    text: `${row.transaction} ${row.text}`,
  }));
}

/** The history of each record in each transaction: what is interleaved among records is not told. */
function byRecord(lines: readonly Line[]): string[] {
  const sorted = lines.map((line, i) => ({ line, i }));
  sorted.sort((a, b) => {
    const [x, y] = [a.line, b.line];
    if (x.transaction !== y.transaction) return x.transaction - y.transaction;
    return x.record === y.record ? a.i - b.i : x.record < y.record ? -1 : 1;
  });
  return sorted.map(({ line }) => line.text.replace(/^(\d+) \d+ /, '$1 '));
}
