import { expect, it } from 'vitest';
import { ReplicationStream } from '../../../src/capture/wal/replication-stream.ts';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

/*
 * What is wrong with a transaction must not be blamed on the one before it, whose messages wait for their handler:
 * the runbook would pass over that one, and what had come in whole would be lost with a publication.
 */
it(
  'handles what came in before a failure before it fails, and nothing that came after',
  { timeout: 60_000 },
  async () => {
    await using database = await createDatabase();
    await database.query('create table items (id int primary key, v text)');
    const { source } = await prepareCapture(database, { tables: ['items'] });
    await database.query('insert into items values (1)');
    // An error up to PostgreSQL 17, and a warning with everything but the changes from 18 on.
    await database.query('drop publication rowtrail_shop');
    await database.query('insert into items values (2)');
    let handled = '';
    let release!: () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stream = new ReplicationStream({
      url: database.url,
      slot: source.slot,
      publication: source.publication,
      handler: {
        data(buffer, start) {
          handled += String.fromCodePoint(buffer[start]!);
          return handled.length === 1 ? held : undefined;
        },
        largeData() {},
        keepalive() {},
      },
    });
    await stream.connect();
    const { ended } = await stream.start(0n);
    let isOver = false;
    const outcome = ended.then(
      () => null,
      (error: unknown) => {
        isOver = true;
        return error;
      },
    );
    // All of it is on its way, or the walsender has failed; and the first message has come here.
    const written = (await database.query('select pg_current_wal_lsn() as lsn')).rows[0].lsn;
    await until(async () => {
      const sent = await database.query(
        `select from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
       where s.slot_name = $1 and (r.pid is null or r.sent_lsn >= $2::pg_lsn)`,
        [source.slot, written],
      );
      return sent.rowCount === 1 && handled !== '';
    });
    expect([handled, isOver]).toEqual(['B', false]);
    release();
    const error = (await outcome) as { code: string };
    expect(error.code).toMatch(/^(42704|RT_PUBLICATION_MISSING)$/);
    // One row, whole transactions (PostgreSQL 14 sends empty ones, too), and at most the Begin of the one that failed.
    expect(handled).toMatch(/^(BC)*BR[IM]+C(BC)*B?$/);
    expect(handled.match(/I/g)).toHaveLength(1);
    await stream.stop(1_000);
  },
);
