import { describe, expect, it } from 'vitest';
import { quoteIdentifier, quoteLiteral } from '../../src/pg/identifier.ts';
import type { Capture } from '../harness/capture.ts';
import { createDatabase, createRole, type TestRole } from '../harness/database.ts';
import { gapsOf, liveOf, QUICK, reaches, readiness, storedItems, terminate, withItems } from './scene.ts';

/** A source whose daemon may only replicate and read, and a store of the superuser's. */
async function withRole(capture: Capture, role: TestRole): Promise<string> {
  const name = quoteIdentifier(role.name);
  await capture.database.query(
    `grant usage on schema rowtrail to ${name}; grant select on all tables in schema rowtrail to ${name};
     grant execute on all functions in schema rowtrail to ${name}`,
  );
  return role.url(capture.database);
}

describe('rights that are revoked and returned', { timeout: 120_000 }, () => {
  it.each<[string, string, string, RegExp]>([
    ['REPLICATION', 'alter role :role noreplication', 'alter role :role replication', /^RT_PRIVILEGE$/],
    [
      'SELECT on the install secret',
      'revoke select on rowtrail.install from :role',
      'grant select on rowtrail.install to :role',
      /^RT_PRIVILEGE$/,
    ],
    ['the login', 'alter role :role nologin', 'alter role :role login', /^RT_AUTH$/],
    ['the password', `alter role :role password 'another'`, 'alter role :role password :password', /^RT_AUTH$/],
  ])('%s: capture waits, says so, and loses nothing', async (_, revoke, giveBack, code) => {
    await using role = await createRole('nosuperuser replication');
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    const url = await withRole(capture, role);
    await using daemon = await capture.start({ ...QUICK, url });
    const sql = (text: string): string =>
      text.replace(':role', quoteIdentifier(role.name)).replace(':password', quoteLiteral(role.password));
    await database.query('insert into items values (1)');
    await capture.caughtUp();
    await database.query(sql(revoke));
    await terminate(database, database, 'rowtrail capture');
    await terminate(database, database, 'rowtrail catalog');
    await database.query('insert into items values (2)');
    const live = await reaches(daemon, 'waiting');
    const { retries } = live.counters;
    // Several attempts later it still says the same, with a hint.
    await expect
      .poll(async () => (await liveOf(daemon)).counters.retries, { timeout: 30_000 })
      .toBeGreaterThan(retries + 2);
    const later = await reaches(daemon, 'waiting');
    expect(later.error?.code).toMatch(code);
    expect(later.error?.hint).toBeTruthy();
    expect(later.error?.message).not.toContain(role.password);
    expect((await readiness(daemon)).codes).toEqual([later.error?.code]);
    await database.query(sql(giveBack));
    await reaches(daemon, 'streaming');
    await database.query('insert into items values (3)');
    await capture.caughtUp();
    expect(await storedItems(capture)).toEqual([1, 2, 3]);
    expect(await gapsOf(capture)).toEqual([]);
  });

  it('that were never there stop the daemon at its start, with no gap', async () => {
    await using role = await createRole('nosuperuser noreplication');
    await using database = await createDatabase();
    await using store = await createDatabase();
    const capture = await withItems(database, store);
    const url = await withRole(capture, role);
    await expect(capture.start({ ...QUICK, url })).rejects.toMatchObject({ code: 'RT_PRIVILEGE' });
    expect(await gapsOf(capture)).toEqual([]);
  });
});
