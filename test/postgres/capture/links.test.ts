import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareCapture, type Capture, type RunningDaemon } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { assertStoreInvariants } from '../../harness/oracle.ts';

let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;

beforeAll(async () => {
  database = await createDatabase();
  await database.query(`
    create table items (id int primary key, v int);
    create table kept (id int primary key, v int);
    create table swapped (id int primary key, v int);
    create table circle (id int primary key, v int);
    create table moved (id int, region text, v int, primary key (id, region)) partition by list (region);
    create table moved_eu partition of moved for values in ('eu');
    create table moved_us partition of moved for values in ('us');
    create table by_place (place text primary key, v int) partition by list (place);
    create table by_place_a partition of by_place for values in ('a');
    create table by_place_b partition of by_place for values in ('b', 'c');
    create table deep (id int, year int, region text, v int, primary key (id, year, region)) partition by list (region);
    create table deep_eu partition of deep for values in ('eu') partition by range (year);
    create table deep_eu_1 partition of deep_eu for values from (2000) to (2010);
    create table deep_eu_2 partition of deep_eu for values from (2010) to (2020);
  `);
  const tables = ['items', 'kept', 'swapped', 'circle', 'moved', 'by_place', 'deep'];
  capture = await prepareCapture(database, { tables, keepIdentity: ['kept', 'deep'] });
  daemon = await capture.start();
});

afterAll(async () => {
  await assertStoreInvariants(capture.store);
  await daemon.stop();
  await database[Symbol.asyncDispose]();
});

async function linksOf(table: string): Promise<unknown[]> {
  await capture.caughtUp();
  const links = await database.query(
    `select l.kind, l.record_key as before, l.entry_key as after, e.action, d.record_key as linked
     from audit.entry_links l join audit.relations r on r.id = l.relation_id join audit.entries e on e.id = l.entry_id
     left join audit.entries d on d.id = l.linked_id where r.table_name = $1 order by l.entry_id`,
    [table],
  );
  return links.rows.map((row) => Object.values(row));
}

/** What the API says of a record, oldest first: action, key, value afterwards. */
async function historyOf(table: string, record: string): Promise<unknown[]> {
  await capture.caughtUp();
  const found = await fetch(
    `${daemon.url}/api/v1/activity?sort=id&table=${table}&record=${encodeURIComponent(record)}`,
  );
  expect(found.status).toBe(200);
  const { data } = (await found.json()) as {
    data: { action: string; record: string; after: { v: number } | null }[];
  };
  return data.map((entry) => `${entry.action} ${entry.record} ${entry.after?.v ?? ''}`.trim());
}

describe('a changed key', () => {
  it.each(['items', 'kept'])('keeps one history, linked (%s)', async (table) => {
    await database.query(`insert into ${table} values (1, 0), (2, 100)`);
    await database.query(`update ${table} set v = 1 where id = 1`);
    await database.query(`update ${table} set id = 7, v = 2 where id = 1`);
    await database.query(`update ${table} set v = 3 where id = 7; update ${table} set id = 8 where id = 7`);
    await database.query(`insert into ${table} values (7, 200)`);
    expect(await linksOf(table)).toEqual([
      ['key', '1', '7', 'update', null],
      ['key', '7', '8', 'update', null],
    ]);
    const whole = ['create 1 0', 'update 1 1', 'update 7 2', 'update 7 3', 'update 8 3'];
    expect(await historyOf(table, '1')).toEqual(whole);
    expect(await historyOf(table, '8')).toEqual(whole);
    // Two records had this key: all of the entries under it belong to it.
    expect(await historyOf(table, '7')).toEqual([...whole, 'create 7 200']);
    expect(await historyOf(table, '2')).toEqual(['create 2 100']);
  });

  it('is followed through a swap', async () => {
    await database.query(`insert into swapped values (1, 10), (2, 20)`);
    await database.query(`begin; update swapped set id = 3 where id = 1; update swapped set id = 1 where id = 2;
      update swapped set id = 2 where id = 3; commit`);
    await database.query(`update swapped set v = 21 where id = 1; update swapped set v = 11 where id = 2;
      insert into swapped values (3, 30)`);
    const both = [
      'create 1 10',
      'create 2 20',
      'update 3 10',
      'update 1 20',
      'update 2 10',
      'update 1 21',
      'update 2 11',
    ];
    // Key 1 was that of both records, one after the other; key 3 is another one's since.
    expect(await historyOf('swapped', '1')).toEqual(both);
    expect(await historyOf('swapped', '2')).toEqual(both);
    expect(await historyOf('swapped', '3')).toEqual([
      'create 1 10',
      'update 3 10',
      'update 2 10',
      'update 2 11',
      'create 3 30',
    ]);
  });

  it('is followed around a circle', async () => {
    await database.query('insert into circle values (1, 0)');
    for (const id of [2, 3, 1, 2, 3, 1]) await database.query('update circle set id = $1, v = v + 1', [id]);
    const whole = ['create 1 0', 'update 2 1', 'update 3 2', 'update 1 3', 'update 2 4', 'update 3 5', 'update 1 6'];
    for (const key of ['1', '2', '3']) expect(await historyOf('circle', key)).toEqual(whole);
  });
});

describe('a row that crosses partitions', () => {
  it('is one record, linked', async () => {
    await database.query(`insert into moved values (1, 'eu', 0), (2, 'eu', 0)`);
    await database.query(`update moved set region = 'us', v = 1 where id = 1`);
    await database.query(`update moved set v = 2 where id = 1`);
    await database.query(`update moved set region = 'eu' where id = 1`);
    expect(await linksOf('moved')).toEqual([
      ['move', '["1","eu"]', '["1","us"]', 'create', '["1","eu"]'],
      ['move', '["1","us"]', '["1","eu"]', 'create', '["1","us"]'],
    ]);
    const whole = [
      'create ["1","eu"] 0',
      'delete ["1","eu"]',
      'create ["1","us"] 1',
      'update ["1","us"] 2',
      'delete ["1","us"]',
      'create ["1","eu"] 2',
    ];
    expect(await historyOf('moved', '["1","eu"]')).toEqual(whole);
    expect(await historyOf('moved', '["1","us"]')).toEqual(whole);
  });

  it('many in one statement, each to its own', async () => {
    await database.query(`insert into moved select n, 'eu', n from generate_series(100, 130) n`);
    await database.query(`update moved set region = 'us' where id >= 100`);
    await database.query(`begin; delete from moved where id = 100; insert into moved values (101, 'eu', 5);
      delete from moved where id = 102; insert into moved values (102, 'us', 5); commit`);
    const links = (await linksOf('moved')) as string[][];
    expect(links.length).toBe(2 + 31);
    for (const [, before, after] of links.slice(2)) expect(after).toBe(before!.replace('eu', 'us'));
  });

  it('is recognised by its other columns where the key only says the partition', async () => {
    await database.query(`insert into by_place values ('a', 1)`);
    await database.query(`update by_place set place = 'b'`);
    await database.query(`begin; delete from by_place; insert into by_place values ('a', 2); commit`);
    await database.query(`update by_place set place = 'c', v = 3`);
    expect(await linksOf('by_place')).toEqual([['move', 'a', 'b', 'create', 'a']]);
    expect(await historyOf('by_place', 'b')).toEqual(['create a 1', 'delete a', 'create b 1', 'delete b']);
  });

  it('at any depth, also where the stream carries no old values', async () => {
    await database.query(`insert into deep values (1, 2005, 'eu', 1)`);
    await database.query(`update deep set year = 2015`);
    expect(await linksOf('deep')).toEqual([
      ['move', '["1","2005","eu"]', '["1","2015","eu"]', 'create', '["1","2005","eu"]'],
    ]);
    expect(await historyOf('deep', '["1","2015","eu"]')).toEqual([
      'create ["1","2005","eu"] 1',
      'delete ["1","2005","eu"]',
      'create ["1","2015","eu"] 1',
    ]);
  });
});

it('links are history: no one changes them', async () => {
  await expect(database.query('delete from audit.entry_links')).rejects.toThrow(/append-only/);
  await expect(database.query(`update audit.entry_links set kind = 'x'`)).rejects.toThrow(/append-only/);
});
