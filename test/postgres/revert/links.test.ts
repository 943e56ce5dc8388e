import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertStoreInvariants } from '../../harness/oracle.ts';
import { revertScene, writeRevert, type RevertScene } from './fixture.ts';

const TABLES = `
  create table items (id integer primary key, v text);
  create table parts (id integer, region text, v text, primary key (id, region)) partition by list (region);
  create table parts_eu partition of parts for values in ('eu');
  create table parts_us partition of parts for values in ('us');
  create table many (id integer primary key, v integer)`;

describe.each(['wal', 'trigger'] as const)('with capture: %s', (capture) => {
  let scene: RevertScene;
  let url: string;
  let client: pg.Client;

  beforeAll(async () => {
    scene = await revertScene(capture, TABLES);
    url = (await scene.start()).url;
    client = await scene.connect();
    await scene.database.query("insert into items select g, 'a' from generate_series(1, 9) g");
    await scene.database.query("insert into parts values (1, 'eu', 'a')");
    await scene.database.query("update items set v = 'b'");
    await scene.caughtUp();
  });
  afterAll(async () => {
    await client?.end();
    if (scene !== undefined) await assertStoreInvariants(scene.database);
    await scene?.[Symbol.asyncDispose]();
  });

  async function entryOf(id: string): Promise<{ reverts: string[]; reverted_by: string[] }> {
    const answer = await fetch(`${url}/api/v1/activity/${id}`);
    return ((await answer.json()) as { data: { reverts: string[]; reverted_by: string[] } }).data;
  }

  test('the entries of a revert are linked with what they take back, whatever comes first', async () => {
    const [one, two] = [await scene.lastEntry('items', '1'), await scene.lastEntry('items', '2')];
    await client.query('begin');
    await writeRevert(client, [['items', '1', [one]]]);
    await client.query("update items set v = 'a' where id in (1, 2)");
    await client.query('commit');
    await client.query('begin');
    await client.query('delete from items where id = 2');
    await writeRevert(client, [['items', '2', [two]]]);
    await client.query('commit');
    await scene.caughtUp();
    expect(await scene.links()).toEqual(['items update 1 reverts update 1', 'items delete 2 reverts update 2']);
    const reverting = await scene.lastEntry('items', '1');
    expect((await entryOf(reverting)).reverts).toEqual([one]);
    expect((await entryOf(one)).reverted_by).toEqual([reverting]);
    // A revert is no activity of its own, and no table to be tracked.
    const tables = await scene.database.query(
      "select count(*)::int as n from audit.relations where schema_name = 'rowtrail'",
    );
    expect(tables.rows[0].n).toBe(0);
  });

  test('a record goes by the key before and the key after', async () => {
    await scene.database.query('update items set id = 30 where id = 3; update items set id = 40 where id = 4');
    await scene.database.query("update parts set region = 'us'");
    await scene.caughtUp();
    const [three, four] = [await scene.lastEntry('items', '30'), await scene.lastEntry('items', '40')];
    const moved = await scene.lastEntry('parts', '["1","us"]');
    const before = (await scene.links()).length;
    await client.query('begin');
    await client.query("update items set id = id / 10 where id in (30, 40); update parts set region = 'eu'");
    await writeRevert(client, [
      ['items', '30', [three]],
      ['items', '4', [four]],
      ['parts', '["1","us"]', [moved]],
    ]);
    await client.query('commit');
    await scene.caughtUp();
    expect((await scene.links()).slice(before)).toEqual([
      'items update 3 reverts update 30',
      'items update 4 reverts update 40',
      'parts delete ["1","us"] reverts create ["1","us"]',
      'parts create ["1","eu"] reverts create ["1","us"]',
    ]);
  });

  test('what is rolled back, is of another table, or is yet to come, is not linked', async () => {
    const five = await scene.lastEntry('items', '5');
    const before = await scene.links();
    await client.query('begin');
    await client.query("update items set v = 'c' where id = 5");
    await client.query('savepoint s');
    await writeRevert(client, [['items', '5', [five]]]);
    await client.query('rollback to s; commit');
    const foreign = await scene.lastEntry('parts', '["1","eu"]');
    await client.query('begin');
    await client.query("update items set v = 'd' where id = 5");
    await writeRevert(client, [['items', '5', [foreign, '9000000000000000000', '1']]]);
    await client.query('commit');
    // Nothing to link at all.
    await client.query('begin');
    await writeRevert(client, [['items', '5', [five]]]);
    await client.query('commit');
    await scene.caughtUp();
    expect(await scene.links()).toEqual(before);
    expect((await scene.database.query('select count(*)::int as n from audit.pending_reverts')).rows[0].n).toBe(0);
  });

  test('no one can claim a revert: not by a message, a setting, a trigger, or an older revert', async () => {
    const six = await scene.lastEntry('items', '6');
    const before = await scene.links();
    const forged = `{v,${'0'.repeat(64)},${(await scene.database.query("select 'items'::regclass::oid::text as oid")).rows[0].oid},6,${six}}`;
    await client.query('begin');
    await client.query("update items set v = 'forged' where id = 6");
    await client.query("select pg_logical_emit_message(true, 'rowtrail', $1)", [forged]);
    if (capture === 'trigger') await client.query('select rowtrail.send_message($1)', [forged]);
    await client.query("select set_config('rowtrail.reverts', $1, true)", [six]);
    await client.query('commit');
    const older = await client.query(
      "insert into rowtrail.reverts (requested_by, result) values ('x', '{}') returning id",
    );
    const link = `insert into rowtrail.revert_links values (${older.rows[0].id}, 'public.items'::regclass, '6', '{${six}}')`;
    await expect(client.query(link)).rejects.toThrow(/this transaction's one revert alone/);
    await expect(client.query('update rowtrail.reverts set xid = pg_current_xact_id()')).rejects.toThrow(
      /permission denied/,
    );
    await expect(client.query('delete from rowtrail.revert_links')).rejects.toThrow(/permission denied/);
    await scene.database.query(`
      create table trap (id integer primary key);
      create function spring() returns trigger language plpgsql as $f$ begin
        insert into rowtrail.revert_links select max(id), 'public.items'::regclass, '6', '{${six}}' from rowtrail.reverts;
        return new; end $f$;
      create trigger spring before insert on trap for each row execute function spring();
      grant insert on trap to "${scene.role.name}"`);
    await client.query('begin');
    await writeRevert(client, []);
    await expect(client.query('insert into trap values (1)')).rejects.toThrow(/not written from a trigger/);
    await client.query('rollback');
    // A check constraint runs its function at no depth: whoever writes a second revert spoils the first one.
    await scene.database.query(`
      create function write_revert() returns boolean language sql volatile as $f$
        insert into rowtrail.reverts (requested_by, result) values ('x', '{}'); select true $f$;
      create table snare (id integer primary key check (write_revert())); grant insert on snare to "${scene.role.name}"`);
    await client.query('begin');
    await client.query('insert into snare values (1)');
    await expect(writeRevert(client, [['items', '6', [six]]])).rejects.toThrow(/one revert alone/);
    await client.query('rollback');
    await expect(
      client.query("insert into rowtrail.reverts (requested_by, result, created_at) values ('x', '{}', 'epoch')"),
    ).rejects.toThrow(/permission denied/);
    await client.query('begin');
    // By any other role, not at all: nor may it read who reverts what.
    await scene.database.query('create role other_role');
    try {
      for (const sql of [
        link,
        "insert into rowtrail.reverts (requested_by, result) values ('x', '{}')",
        'table rowtrail.reverts',
      ]) {
        const query = scene.database.query(`begin; set local role other_role; ${sql}; commit`);
        await expect(query).rejects.toThrow(/permission denied/);
        await scene.database.query('rollback').catch(() => {});
      }
    } finally {
      await scene.database.query('drop role other_role');
    }
    await client.query('commit');
    await scene.caughtUp();
    expect(await scene.links()).toEqual(before);
  });

  test('many links are sent in parts, and one record may have been changed any number of times', async () => {
    await scene.database.query('insert into many select g, 0 from generate_series(1, 30000) g');
    await scene.database.query(`do $$ begin for i in 1..300 loop update many set v = i where id = 1; end loop; end $$`);
    await scene.caughtUp();
    const before = (await scene.links()).length;
    await client.query('begin');
    await client.query('delete from many');
    await client.query(`insert into rowtrail.reverts (requested_by, result) values ('ops', '{}')`);
    // The revert role cannot read the store: what it takes back comes from whoever plans.
    const ids = await scene.database.query(
      `select e.record_key as key, array_agg(e.id order by e.id)::text as ids from audit.entries e join audit.relations r on r.id = e.relation_id
       where r.table_name = 'many' group by 1`,
    );
    await client.query(
      `insert into rowtrail.revert_links select (select max(id) from rowtrail.reverts), 'many'::regclass, k, i::bigint[]
       from unnest($1::text[], $2::text[]) u(k, i)`.replaceAll("'many'", "'public.many'"),
      [ids.rows.map(({ key }) => key), ids.rows.map(({ ids: list }) => list)],
    );
    await client.query('commit');
    await scene.caughtUp();
    const links = (await scene.links()).slice(before);
    expect(links).toHaveLength(30_300);
    expect(links.filter((line) => line === 'many delete 1 reverts update 1')).toHaveLength(300);
  });

  test('reverts of long ago are forgotten on the source, links included', async () => {
    await scene.database.query(
      "update rowtrail.reverts set created_at = now() - interval '8 days' where id = (select min(id) from rowtrail.reverts)",
    );
    const left = async (): Promise<number> =>
      (await scene.database.query('select count(*)::int as n from rowtrail.reverts')).rows[0].n as number;
    const before = await left();
    expect((await scene.database.query('select rowtrail.prune_reverts() as n')).rows[0].n).toBe('1');
    expect(await left()).toBe(before - 1);
    const orphans = await scene.database.query(
      'select from rowtrail.revert_links l where not exists (select from rowtrail.reverts r where r.id = l.revert_id)',
    );
    expect(orphans.rowCount).toBe(0);
  });
});
