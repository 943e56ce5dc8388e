import { describe, expect, it } from 'vitest';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase, withDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

describe('a database that is not in UTF-8', () => {
  /** A database in this encoding, with `store` beside it. */
  async function encoded(store: TestDatabase, encoding: string): Promise<TestDatabase> {
    const name = `${store.name}_${encoding}`;
    await store.query(`create database ${name} template template0 encoding ${encoding} locale 'C'`);
    const url = withDatabase(store.url, name);
    const client = await store.connect({ url });
    return {
      ...store,
      url,
      name,
      query: (sql, params) => client.query(sql, params === undefined ? undefined : [...params]),
      [Symbol.asyncDispose]: async () => {
        await client.end();
        await until(async () => {
          await store.query(
            'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1',
            [name],
          );
          await store.query(`drop database ${name} with (force)`);
          return true;
        });
      },
    };
  }

  it('delivers UTF-8: names, values and keys', async () => {
    await using store = await createDatabase();
    await using latin = await encoded(store, 'latin1');
    await latin.query(`create table "größe" ("schlüssel" text primary key, "wert £" text)`);
    const captured = await prepareCapture(latin, { tables: ['größe'], store });
    await using _running = await captured.start();
    await latin.query(`insert into "größe" values ('é', 'ÿ£"\\')`);
    await captured.caughtUp();
    const [entry] = await captured.entries();
    expect(entry).toMatchObject({ table_name: 'größe', record_key: 'é' });
    expect(entry!.row).toBe('{"schlüssel":"é","wert £":"ÿ£\\"\\\\"}');
  });

  it('in SQL_ASCII keeps bytes that are no text as escapes', async () => {
    await using store = await createDatabase();
    await using ascii = await encoded(store, 'sql_ascii');
    await ascii.query(`create table bytes (id text primary key, t text, n int, j json, a text[])`);
    const captured = await prepareCapture(ascii, { tables: ['bytes'], store });
    await using _running = await captured.start();
    await ascii.query(`insert into bytes values (E'k\\xff', E'é\\xe9"\\xf0\\x9f', 1, E'{"a":"\\xe9"}', array[E'\\xe9,']);
      update bytes set n = 2, t = 'é'`);
    await captured.caughtUp();
    const entries = await captured.entries();
    expect(entries.map((entry) => [entry.record_key, entry.row, entry.old])).toEqual([
      [
        'k\\377',
        '{"id":"k\\\\377","t":"é\\\\351\\"\\\\360\\\\237","n":1,"j":{"a":"\\\\351"},"a":"{\\"\\\\351,\\"}"}',
        null,
      ],
      [
        'k\\377',
        '{"id":"k\\\\377","t":"é","n":2,"j":{"a":"\\\\351"},"a":"{\\"\\\\351,\\"}"}',
        '{"t":"é\\\\351\\"\\\\360\\\\237","n":1}',
      ],
    ]);
  });
});

it('"char" may hold a byte that is no character', async () => {
  await using database = await createDatabase();
  const version = Number((await database.query('show server_version_num')).rows[0].server_version_num);
  await database.query('create type holder as (c "char"); create table chars (id int primary key, c "char", h holder)');
  const captured = await prepareCapture(database, { tables: ['chars'] });
  await using _running = await captured.start();
  await database.query(`insert into chars values (1, chr(233)::"char", row(chr(233)::"char"))`);
  await captured.caughtUp();
  const [entry] = await captured.entries();
  const held = version >= 150_000 ? '(\\"\\\\\\\\303\\")' : '(\\\\303)';
  expect(entry!.row).toBe(`{"id":1,"c":"\\\\303","h":"${held}"}`);
});
