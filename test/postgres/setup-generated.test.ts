import { describe, expect, test } from 'vitest';
import { runChecks } from '../../src/setup/check.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { configFor, runSetup } from './setup-fixture.ts';

/**
 * PostgreSQL 18 refuses an application's update when a published table's identity holds a generated column
 * that is not published: SQLSTATE 42P10.
 */
async function appStillWrites(db: TestDatabase, table: string): Promise<void> {
  await db.query(`insert into ${table} (id, net) values (1, 10)`);
  await db.query(`update ${table} set net = net + 1`);
  await db.query(`update ${table} set id = 2`);
  await db.query(`delete from ${table}`);
}

async function versionOf(db: TestDatabase): Promise<number> {
  return Number((await db.query('show server_version_num')).rows[0].server_version_num);
}

async function problems(db: TestDatabase): Promise<{ name: string; message: string }[]> {
  const checks = await runChecks(configFor(db, { allowUnboundedWal: true }));
  return checks.filter((check) => check.status === 'problem').map(({ name, message }) => ({ name, message }));
}

describe('tables with generated columns', () => {
  test('stored ones keep working under an identity of full', async () => {
    await using db = await createDatabase();
    await db.query(
      'create table bills (id integer primary key, net numeric, gross numeric generated always as (net * 2) stored)',
    );
    await runSetup(configFor(db));
    await appStillWrites(db, 'bills');
    expect(await problems(db)).toEqual([]);
    await db.query('alter table bills add column tax numeric generated always as (net / 5) stored');
    await appStillWrites(db, 'bills');
  });

  test('a publication that leaves them out is a problem, and setup mends it', async () => {
    await using db = await createDatabase();
    const leaveOut = 'alter publication rowtrail_shop set (publish_generated_columns = none)';
    await db.query(
      'create table bills (id integer primary key, net numeric, gross numeric generated always as (net * 2) stored)',
    );
    await runSetup(configFor(db));
    if ((await versionOf(db)) < 180_000) {
      await expect(db.query(leaveOut)).rejects.toMatchObject({ code: '42601' });
      return;
    }
    await db.query(leaveOut);
    expect(await problems(db)).toMatchObject([{ name: 'publication', message: expect.stringContaining('generated') }]);
    await runSetup(configFor(db));
    await appStillWrites(db, 'bills');
    expect(await problems(db)).toEqual([]);
  });

  test('virtual ones rule an identity of full out', async () => {
    await using db = await createDatabase();
    const bills =
      'create table bills (id integer primary key, net numeric, gross numeric generated always as (net * 2) virtual)';
    if ((await versionOf(db)) < 180_000) {
      await expect(db.query(bills)).rejects.toMatchObject({ code: '42601' });
      return;
    }
    await db.query(
      `${bills};
       create table lines (id integer, net numeric, gross numeric generated always as (net * 2) virtual);
       create table later (id integer primary key, net numeric)`,
    );
    const { result } = await runSetup(configFor(db));
    expect(result).toMatchObject({
      tracked: ['public.bills', 'public.later'],
      skipped: [{ table: 'public.lines', reason: expect.stringContaining('virtual generated columns') }],
    });
    for (const table of ['bills', 'lines', 'later']) await appStillWrites(db, table);
    expect(await problems(db)).toEqual([]);

    await db.query('alter table later add column gross numeric generated always as (net * 2) virtual');
    expect(await problems(db)).toMatchObject([{ name: 'identity', message: expect.stringContaining('public.later') }]);
    await runSetup(configFor(db));
    await appStillWrites(db, 'later');
    expect(await problems(db)).toEqual([]);
  });
});
