import { expect, test } from 'vitest';
import { createDatabase, createRole } from '../harness/database.ts';
import { until } from '../harness/poll.ts';

test('a database of its own on a server with logical decoding', async () => {
  await using db = await createDatabase();
  const { rows } = await db.query(
    `select current_database() as name, current_setting('wal_level') as wal_level, 9007199254740993::bigint as big where 1 = $1`,
    [1],
  );
  expect(rows).toEqual([{ name: db.name, wal_level: 'logical', big: '9007199254740993' }]);
});

test('disposing of a database takes its slots along, and roles after it', async () => {
  const role = await createRole('replication');
  const db = await createDatabase();
  await db.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [`${db.name}_slot`]);
  const client = await db.connect({ url: role.url(db) });
  const { rows } = await client.query('select session_user::text as who');
  expect(rows[0].who).toBe(role.name);
  await db[Symbol.asyncDispose]();
  await role[Symbol.asyncDispose]();
  await using other = await createDatabase();
  const slots = await other.query('select from pg_replication_slots where database = $1', [db.name]);
  expect(slots.rowCount).toBe(0);
  const roles = await other.query('select from pg_roles where rolname = $1', [role.name]);
  expect(roles.rowCount).toBe(0);
});

test('until returns what the probe found, and reports the last error at the deadline', async () => {
  let calls = 0;
  expect(await until(() => (++calls === 3 ? 'third' : null))).toBe('third');
  const failure = until(
    () => {
      throw new Error('no such thing');
    },
    { timeoutMs: 30, what: 'the thing' },
  );
  await expect(failure).rejects.toThrow('not within 30 ms: the thing');
});
