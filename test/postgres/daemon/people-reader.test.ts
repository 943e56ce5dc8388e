import { afterAll, beforeAll, expect, it } from 'vitest';
import { peopleReader, readPeople } from '../../../src/daemon/people-reader.ts';
import { createLog } from '../../../src/lib/log.ts';
import { listUsers } from '../../../src/query/user-list.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';
import { createHistory, type History } from '../query/history.ts';

const log = createLog('silent');

let history: History;
let application: TestDatabase;

beforeAll(async () => {
  history = await createHistory();
  application = await createDatabase();
  await application.query(`create table public."the users" (id bigint primary key, "full name" text, pin text)`);
  await application.query(
    `insert into public."the users" select n, 'Person ' || n || '.', 'pin ' || n from generate_series(1, 6001) n`,
  );
});

afterAll(async () => {
  await application?.[Symbol.asyncDispose]();
  await history?.[Symbol.asyncDispose]();
});

function sourceOf(more: object = {}, users: object = {}) {
  return {
    name: 'shop',
    url: application.url,
    users: { table: 'public.the users', id: 'id', name: 'full name', ...users },
    tableOptions: {},
    ...more,
  };
}

async function named(q: string) {
  const { users } = await listUsers(history.store, {
    sort: 'recent',
    q,
    source: [],
    from: null,
    to: null,
    limit: 10,
    after: null,
    before: null,
  });
  return users.map(({ id, name, count, person }) => [id, name, count, person?.left_at === null]);
}

it('reads the people of a source that the store knows', async () => {
  expect(await readPeople(sourceOf(), history.store, log)).toBe(false);
  await history.addSource('shop');
  expect(await readPeople(sourceOf(), history.store, log)).toBe(true);
  expect(await named('person 6001.')).toEqual([['shop:user:6001', 'Person 6001.', 0, true]]);
  expect((await history.database.query('select count(*)::integer as n from audit.people')).rows[0].n).toBe(6001);
});

it('follows the table: renamed, gone, and back again', async () => {
  await application.query(`update public."the users" set "full name" = 'Another' where id = 2`);
  await application.query(`delete from public."the users" where id = 3`);
  const reader = peopleReader(sourceOf(), history.store, log);
  const running = reader.run();
  await until(async () => (await named('person 3.'))[0]?.[3] === false);
  await reader.stop();
  await running;
  expect(await named('another')).toEqual([['shop:user:2', 'Another', 0, true]]);
  await application.query(`insert into public."the users" values (3, 'Back')`);
  await readPeople(sourceOf(), history.store, log);
  expect(await named('back')).toEqual([['shop:user:3', 'Back', 0, true]]);
});

it('tells no masked column, under whatever name', async () => {
  const masked = (list: object) => ({
    tableOptions: { 'public.the users': { exclude: [], hash: [], redact: [], identity: null, ...list } },
  });
  await readPeople(sourceOf(masked({ hash: ['pin'] }), { name: 'pin' }), history.store, log);
  expect(await named('pin 7')).toEqual([]);
  expect((await history.database.query('select from audit.people where name is not null')).rows).toEqual([]);
  const { rows } = await application.query(`select 'public."the users"'::regclass::oid::text as oid`);
  await history.database.query(`select audit.hold_column_rules('shop', $1)`, [
    JSON.stringify([{ oid: rows[0].oid, attnum: 3, table: 'public.the users', column: 'pin' }]),
  ]);
  await application.query(`alter table public."the users" rename pin to nickname`);
  await readPeople(sourceOf(masked({ hash: ['pin'] }), { name: 'nickname' }), history.store, log);
  expect((await history.database.query('select from audit.people where name is not null')).rows).toEqual([]);
  await application.query(`insert into public."the users" values (7000, 'New')`);
  expect(await readPeople(sourceOf(masked({ redact: ['id'] })), history.store, log)).toBe(true);
  expect(await named('7000')).toEqual([]);
});

it('says what is wrong, and tries again', async () => {
  await expect(readPeople(sourceOf({}, { table: 'public.nothing' }), history.store, log)).rejects.toThrow(/nothing/);
});
