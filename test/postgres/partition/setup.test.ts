import { describe, expect, test } from 'vitest';
import { runChecks } from '../../../src/setup/check.ts';
import { createDatabase, createRole } from '../../harness/database.ts';
import { configFor, runSetup } from '../setup-fixture.ts';
import { outlineGaps, track } from './fixture.ts';

const TABLES = `
  create table m (id integer, region integer, primary key (id, region)) partition by list (region);
  create table m_1 partition of m for values in (1);
  create table m_2 partition of m for values in (2);
  create table plain (id integer primary key)`;

describe('setup', () => {
  test('puts a loss on record before it forgets the table, once, whoever finds it first', async () => {
    await using db = await createDatabase();
    const tracked = await track(db, TABLES);
    await db.query('drop event trigger rowtrail_partition_drop; drop event trigger rowtrail_partition_ddl');
    await db.query('drop table m_1; alter table m detach partition m_2; drop table plain');
    const { printed } = await runSetup(tracked.config);
    expect(printed.join('\n')).toMatch(/GAP: .* 3 gaps went on record/);
    const expected = [
      'partition_detached public.m public.m_2',
      'partition_dropped public.m public.m_1',
      'table_dropped public.plain public.plain',
    ];
    expect(outlineGaps(await tracked.gaps()).toSorted()).toEqual(expected);
    expect((await runSetup(tracked.config)).printed.join('\n')).not.toMatch(/GAP/);
    await tracked.captured(async () => {});
    expect(outlineGaps(await tracked.gaps()).toSorted()).toEqual(expected);
    // A table of its own now, which matches the patterns.
    const record = await db.query("select relid = root as alone from rowtrail.tables where table_name = 'm_2'");
    expect(record.rows).toEqual([{ alone: true }]);
    expect(
      (await db.query("select from pg_trigger where tgrelid = 'm_2'::regclass and tgname = 'rowtrail_truncate'"))
        .rowCount,
    ).toBe(0);
  });

  test('that takes a table out begins a gap, which ends when it is tracked again', async () => {
    await using db = await createDatabase();
    const tracked = await track(db, TABLES);
    const without = configFor(db, { allowUnboundedWal: true, tables: ['public.*', '!public.m'] });
    const { printed } = await runSetup(without, { dryRun: true });
    expect(printed.join('\n')).toContain('## 5. The store: tables that are not captured from here');
    await runSetup(without);
    await tracked.captured(async () => {});
    expect(outlineGaps(await tracked.gaps())).toEqual(['unpublished public.m public.m open']);
    await runSetup(tracked.config);
    await tracked.captured(async () => {});
    expect(outlineGaps(await tracked.gaps())).toEqual(['unpublished public.m public.m']);
  });

  test('works where event triggers may not be made, and check says what that costs', async () => {
    await using owner = await createRole('nosuperuser createrole');
    await using daemon = await createRole('nosuperuser replication');
    await using db = await createDatabase();
    await db.query(`grant create on database ${db.name} to ${owner.name}; grant all on schema public to ${owner.name};
      create schema audit authorization ${daemon.name}`);
    const admin = await db.connect({ url: owner.url(db) });
    await admin.query(TABLES);
    const config = configFor(db, { url: daemon.url(db), adminUrl: owner.url(db), allowUnboundedWal: true });
    await runSetup(config);
    expect((await db.query('select from pg_event_trigger')).rowCount).toBe(0);
    const findings = async (): Promise<string[]> =>
      (await runChecks(config))
        .filter(({ name }) => name === 'event-triggers' || name === 'partition-triggers')
        .map(({ name, status, message }) => `${name} ${status} ${message}`);
    expect(await findings()).toEqual([
      expect.stringMatching(/^event-triggers warning .*a new partition of public\.m have no known origin/),
    ]);
    await admin.query('drop trigger rowtrail_truncate on m_1');
    expect((await findings())[0]).toMatch(/^partition-triggers problem .*public\.m_1/);
    await runSetup(config);
    expect(await findings()).toHaveLength(1);
    // With a superuser's rights the same setup makes them.
    await runSetup(configFor(db, { url: daemon.url(db), adminUrl: db.url, allowUnboundedWal: true }));
    expect(await findings()).toEqual([expect.stringMatching(/^event-triggers ok/)]);
    await db.query('alter event trigger rowtrail_partition_ddl disable');
    expect((await findings())[0]).toMatch(/^event-triggers warning/);
  });
});
