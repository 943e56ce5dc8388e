import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startDaemon } from '../../../src/daemon/daemon.ts';
import { connectionOptions } from '../../../src/pg/pool.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { verify } from '../seal/sealed-store.ts';
import { configFor, runSetup, silent } from '../setup-fixture.ts';

const RELEASES = new URL('../../release/', import.meta.url);
const releases = (await readdir(RELEASES))
  .filter((name) => name.endsWith('.sql'))
  .map((name) => basename(name, '.sql'));

/** The migration that brought seals. */
const FIRST_SEALED = 19;

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly source: string;
}

describe.each(releases)('a store as %s left it', (release) => {
  it('is brought up to date by setup, keeps every entry, and goes on', async () => {
    await using source = await createDatabase();
    await using store = await createDatabase();
    await source.query('create table orders (id bigint primary key, status text)');
    await restore(store, release);
    const config = { ...configFor(source), store: { ...configFor(store).store } };
    const { printed } = await runSetup(config);
    // Another server than that of the release.
    expect(printed.join('\n')).toMatch(/^GAP: /m);
    const daemon = await startDaemon(config, { log: silent });
    try {
      await source.query("insert into orders values (5, 'new')");
      const read = async (): Promise<Entry[]> =>
        ((await (await fetch(`${daemon.url}/api/v1/activity?limit=1000&sort=id`)).json()) as { data: Entry[] }).data;
      const before = JSON.parse(await readFile(new URL(`${release}.json`, RELEASES), 'utf8')) as Entry[];
      const isNew = ({ source: name, action, id }: Entry): boolean =>
        name === 'shop' && action === 'create' && BigInt(id) > BigInt(before.at(-1)!.id);
      await until(async () => (await read()).some(isNew), { what: 'the new row is in the history' });
      const now = new Map((await read()).map((entry) => [entry.id, entry]));
      expect(before.length).toBeGreaterThan(8);
      for (const entry of before) expect(now.get(entry.id)).toMatchObject(entry);
      const counted = (await (await fetch(`${daemon.url}/api/v1/activity?count=exact&limit=1`)).json()) as {
        meta: { count: { value: number } };
      };
      expect(counted.meta.count.value).toBe(now.size);
      const { outcome, problems, entries, seals } = await verify(store.url);
      expect({ outcome, problems }).toEqual({ outcome: 'consistent', problems: [] });
      // All of a release that sealed was sealed.
      if (Number(release.slice(-4)) >= FIRST_SEALED) {
        expect(seals).toBeGreaterThan(0n);
        expect(entries).toBeGreaterThanOrEqual(BigInt(before.length));
      }
    } finally {
      await daemon.stop();
    }
  });
});

it('a store that a newer Rowtrail has migrated is refused, by setup and by the daemon, and is left as it is', async () => {
  await using db = await createDatabase();
  await db.query('create table orders (id bigint primary key, status text)');
  const config = configFor(db);
  await runSetup(config);
  await db.query("insert into audit.migrations values (9999, 'of_tomorrow')");
  await expect(runSetup(config)).rejects.toMatchObject({
    message: expect.stringContaining('has migration 9999, which this Rowtrail does not know'),
    hint: expect.stringContaining('going back is not supported'),
  });
  await expect(startDaemon(config, { log: silent })).rejects.toMatchObject({
    code: 'RT_STORE_VERSION',
    hint: expect.stringContaining('going back is not supported'),
  });
  expect((await db.query('select max(id) as last from audit.migrations')).rows).toEqual([{ last: 9999 }]);
});

async function restore(store: TestDatabase, release: string): Promise<void> {
  const client = new pg.Client(connectionOptions(store.url, 'restore'));
  await client.connect();
  try {
    await client.query(await readFile(new URL(`${release}.sql`, RELEASES), 'utf8'));
  } finally {
    await client.end();
  }
}
