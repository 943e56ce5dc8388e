import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareCapture, type Capture, type RunningDaemon, type StoredEntry } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { assertStoreInvariants } from '../../harness/oracle.ts';
import { until } from '../../harness/poll.ts';

const TABLE = 'plain';

let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;
let version: number;
let lastId = '0';

beforeAll(async () => {
  database = await createDatabase();
  version = Number((await database.query('show server_version_num')).rows[0].server_version_num);
  await database.query(`create table ${TABLE} (id int primary key, n int, t text);
    create table parent (id bigint generated always as identity primary key, n int);
    create table child (id int primary key, parent_id bigint references parent on delete cascade);
    create table untracked (id int)`);
  capture = await prepareCapture(database, { tables: [TABLE, 'parent', 'child'] });
  daemon = await capture.start();
});

afterAll(async () => {
  await daemon?.stop();
  await database[Symbol.asyncDispose]();
});

/** The entries since the last call. */
async function newEntries(): Promise<StoredEntry[]> {
  await capture.caughtUp();
  const entries = await capture.entries(`e.id > ${lastId}`);
  lastId = entries.at(-1)?.id ?? lastId;
  return entries;
}

async function entriesOf(sql: string): Promise<StoredEntry[]> {
  await newEntries();
  await database.query(sql);
  return newEntries();
}

function lines(entries: readonly StoredEntry[]): string[] {
  return entries.map((entry) => `${entry.action} ${entry.record_key}`);
}

/** Entries of one source transaction each, whole and in order. */
function transactions(entries: readonly StoredEntry[]): StoredEntry[][] {
  const found: StoredEntry[][] = [];
  for (const entry of entries) {
    if (entry.transaction_id === found.at(-1)?.at(-1)?.transaction_id) found.at(-1)!.push(entry);
    else found.push([entry]);
  }
  for (const transaction of found) {
    expect(transaction.map((entry) => entry.ordinal)).toEqual(transaction.map((_, i) => String(i)));
  }
  return found;
}

describe('trap 1: adjacent commits', () => {
  it('are each stored once, however the daemon is restarted between them', async () => {
    await newEntries();
    const clients = await Promise.all(Array.from({ length: 3 }, () => database.connect()));
    const total = 45;
    for (let n = 0; n < total; n += clients.length) {
      // Commits in one burst: their records lie side by side in the WAL.
      await Promise.all(clients.map((client, i) => client.query(`insert into ${TABLE} values (${1_000 + n + i})`)));
      if (n % 15 !== 12) continue;
      await daemon.stop();
      daemon = await capture.start();
    }
    const entries = await newEntries();
    expect(entries.length).toBe(total);
    expect(new Set(entries.map((entry) => entry.record_key)).size).toBe(total);
  });

  it('that were confirmed one by one begin where the last one ended', async () => {
    await newEntries();
    for (let n = 0; n < 4; n += 1) {
      await daemon.stop();
      const { rows } = await database.query(
        `select (select confirmed_flush_lsn from pg_replication_slots where slot_name = $1) as confirmed,
           (select end_lsn from audit.checkpoints) as stored`,
        [capture.source.slot],
      );
      expect(rows[0].confirmed).toBe(rows[0].stored);
      await database.query(`insert into ${TABLE} values (${1_100 + n})`);
      daemon = await capture.start();
      expect(lines(await newEntries())).toEqual([`create ${1_100 + n}`]);
    }
  });

  it('of which one begins at another’s end are told apart at that very byte', async () => {
    const names = [1, 2, 3].map((n) => `${database.name}_adjacent_${n}`);
    const client = await database.connect();
    await newEntries();
    for (const [n, name] of names.entries()) {
      await client.query(`begin; insert into ${TABLE} values (${1_200 + n}); prepare transaction '${name}'`);
    }
    await capture.caughtUp();
    await newEntries();
    await daemon.stop();
    // COMMIT PREPARED writes one record, and no daemon writes another between them.
    const isActive = 'select from pg_replication_slots where slot_name = $1 and active_pid is not null';
    await until(async () => (await client.query(isActive, [capture.source.slot])).rowCount === 0);
    await client.query(`commit prepared '${names[0]}'`);
    const { rows } = await client.query('select pg_current_wal_insert_lsn() as lsn');
    for (const name of names.slice(1)) await client.query(`commit prepared '${name}'`);
    // As if the first had been stored and acknowledged when the daemon ended.
    await client.query('select pg_replication_slot_advance($1, $2)', [capture.source.slot, rows[0].lsn]);
    await client.query('update audit.checkpoints set end_lsn = $1, acknowledged_lsn = $1', [rows[0].lsn]);
    daemon = await capture.start();
    expect(lines(await newEntries())).toEqual(['create 1201', 'create 1202']);
  });
});

describe('traps 2 and 16: change LSNs', () => {
  it('that rows of a COPY share do not make them one', async () => {
    await newEntries();
    const client = await database.connect();
    const { from } = await import('pg-copy-streams');
    const copy = client.query(from(`copy ${TABLE} (id, t) from stdin`));
    copy.end(Array.from({ length: 500 }, (_, i) => `${2_000 + i}\tx${i}\n`).join(''));
    await new Promise<void>((resolve, reject) => copy.on('finish', resolve).on('error', reject));
    const found = transactions(await newEntries());
    expect(found.length).toBe(1);
    expect(lines(found[0]!)).toEqual(Array.from({ length: 500 }, (_, i) => `create ${2_000 + i}`));
    expect(found[0]!.at(-1)!.row).toBe('{"id":2499,"n":null,"t":"x499"}');
  });

  it('that run against the order of commits do not change it: long and short transactions interleaved', async () => {
    await newEntries();
    const long = await database.connect();
    const longer = await database.connect();
    const expected: string[][] = [[], [], []];
    await longer.query(`begin; insert into ${TABLE} values (3000)`);
    await long.query(`begin; insert into ${TABLE} values (3100)`);
    for (let n = 1; n <= 5; n += 1) {
      await database.query(`insert into ${TABLE} values (${3_200 + n})`);
      await long.query(`insert into ${TABLE} values (${3_100 + n})`);
      await longer.query(`insert into ${TABLE} values (${3_000 + n})`);
    }
    await long.query('commit');
    await database.query(`insert into ${TABLE} values (3206)`);
    await longer.query('commit');
    for (let n = 0; n <= 5; n += 1) expected[1]!.push(`create ${3_100 + n}`);
    for (let n = 0; n <= 5; n += 1) expected[2]!.push(`create ${3_000 + n}`);
    const short = Array.from({ length: 6 }, (_, i) => [`create ${3_201 + i}`]);
    const found = transactions(await newEntries());
    expect(found.map(lines)).toEqual([...short.slice(0, 5), expected[1], short[5], expected[2]]);
    const lsns = found.map((transaction) => transaction[0]!.commit_lsn);
    const { rows } = await database.query(
      'select $1::pg_lsn[] = array(select unnest($1::pg_lsn[]) order by 1) as ordered',
      [lsns],
    );
    expect(rows[0].ordered).toBe(true);
  });
});

describe('trap 15: several changes of one row', () => {
  it('in a DO block are several entries', async () => {
    const entries = await entriesOf(
      `insert into ${TABLE} values (4000, 0); do $$ begin for i in 1..3 loop update ${TABLE} set n = n + 1 where id = 4000; end loop; end $$;
       delete from ${TABLE} where id = 4000`,
    );
    expect(entries.map((entry) => [entry.action, entry.old])).toEqual([
      ['create', null],
      ['update', '{"n":0}'],
      ['update', '{"n":1}'],
      ['update', '{"n":2}'],
      ['delete', null],
    ]);
  });

  it('in one statement and by triggers are in the order in which they were made', async () => {
    await database.query(`create function echo() returns trigger language plpgsql as $$ begin
        if new.n < 3 then update ${TABLE} set n = n + 1 where id = new.id; end if; return null; end $$;
      create trigger echo after insert or update on ${TABLE} for each row execute function echo()`);
    const entries = await entriesOf(`insert into ${TABLE} values (4010, 1), (4011, 2)`);
    await database.query(`drop function echo cascade`);
    expect(entries.map((entry) => [entry.action, entry.row])).toEqual(
      [
        ['create', '{"id":4010,"n":1,"t":null}'],
        ['create', '{"id":4011,"n":2,"t":null}'],
        ['update', '{"id":4010,"n":2,"t":null}'],
        ['update', '{"id":4011,"n":3,"t":null}'],
        ['update', '{"id":4010,"n":3,"t":null}'],
      ].toSorted((a, b) => entries.findIndex((e) => e.row === a[1]) - entries.findIndex((e) => e.row === b[1])),
    );
    expect(entries.slice(0, 2).map((entry) => entry.action)).toEqual(['create', 'create']);
  });

  it('by INSERT … ON CONFLICT and MERGE are what became of each row', async () => {
    const upserted = await entriesOf(
      `insert into ${TABLE} values (4020, 1); insert into ${TABLE} values (4020, 5), (4021, 6)
         on conflict (id) do update set n = excluded.n; insert into ${TABLE} values (4020, 7) on conflict do nothing`,
    );
    expect(upserted.map((entry) => [entry.action, entry.record_key, entry.old])).toEqual([
      ['create', '4020', null],
      ['update', '4020', '{"n":1}'],
      ['create', '4021', null],
    ]);
    if (version < 150_000) return;
    const merged = await entriesOf(
      `merge into ${TABLE} p using (values (4020, 0), (4021, 9), (4022, 3)) v(id, n) on p.id = v.id
         when matched and v.n = 0 then delete when matched then update set n = v.n
         when not matched then insert values (v.id, v.n)`,
    );
    expect(lines(merged).toSorted()).toEqual(['create 4022', 'delete 4020', 'update 4021']);
    expect(merged.find((entry) => entry.action === 'update')!.old).toBe('{"n":6}');
  });
});

describe('savepoints', () => {
  it('that are rolled back, nested or by exception blocks, leave nothing; released ones leave all', async () => {
    const client = await database.connect();
    await newEntries();
    await client.query(`begin; insert into ${TABLE} values (5000);
      savepoint a; insert into ${TABLE} values (5001); savepoint b; insert into ${TABLE} values (5002);
      rollback to b; insert into ${TABLE} values (5003); release b; rollback to a; insert into ${TABLE} values (5004);
      savepoint c; insert into ${TABLE} values (5005); savepoint d; update ${TABLE} set n = 1 where id = 5005; release d; release c;
      do $$ begin
        insert into ${TABLE} values (5006);
        begin insert into ${TABLE} values (5007); raise exception 'no'; exception when others then insert into ${TABLE} values (5008); end;
        begin insert into ${TABLE} values (5009); begin delete from ${TABLE} where id = 5009; raise exception 'no'; exception when others then null; end; end;
      end $$; commit`);
    const found = transactions(await newEntries());
    expect(found.map(lines)).toEqual([
      ['create 5000', 'create 5004', 'create 5005', 'update 5005', 'create 5006', 'create 5008', 'create 5009'],
    ]);
  });
});

describe('prepared transactions', () => {
  it('are stored when they are committed, also by a daemon that has been restarted since', async () => {
    const client = await database.connect();
    await newEntries();
    const prepare = async (name: string, id: number): Promise<void> => {
      await client.query(`begin; insert into ${TABLE} values (${id}); savepoint s; insert into ${TABLE} values (${id + 1});
        rollback to s; update ${TABLE} set n = 1 where id = ${id}; prepare transaction '${database.name}_${name}'`);
    };
    await prepare('kept', 6_000);
    await prepare('dropped', 6_010);
    await prepare('across', 6_020);
    await database.query(`insert into ${TABLE} values (6030)`);
    expect(lines(await newEntries())).toEqual(['create 6030']);
    await database.query(`commit prepared '${database.name}_kept'`);
    await database.query(`rollback prepared '${database.name}_dropped'`);
    expect(transactions(await newEntries()).map(lines)).toEqual([['create 6000', 'update 6000']]);
    await daemon.stop();
    await database.query(`insert into ${TABLE} values (6031)`);
    daemon = await capture.start();
    expect(lines(await newEntries())).toEqual(['create 6031']);
    await database.query(`commit prepared '${database.name}_across'`);
    expect(transactions(await newEntries()).map(lines)).toEqual([['create 6020', 'update 6020']]);
  });
});

describe('a transaction', () => {
  it('of temporary tables, of untracked rows, of nothing, or rolled back leaves no trace, and the next one is found', async () => {
    const before = await database.query('select count(*)::int as count from audit.transactions');
    const entries =
      await entriesOf(`create temp table some_ddl (id int); begin; create index on some_ddl (id); drop table some_ddl; commit;
      begin; commit; begin; insert into ${TABLE} values (7000); rollback; insert into untracked values (1);
      begin; select set_config('rowtrail.user_id', 'ana', true); update ${TABLE} set n = 1 where false; commit;
      insert into ${TABLE} values (7001)`);
    expect(lines(entries)).toEqual(['create 7001']);
    const after = await database.query('select count(*)::int as count from audit.transactions');
    const markers = 2;
    expect(after.rows[0].count - before.rows[0].count).toBeLessThanOrEqual(1 + markers);
  });

  it('trap 10: with synchronous_commit off arrives', async () => {
    const client = await database.connect();
    await client.query('set synchronous_commit = off');
    await newEntries();
    for (let n = 0; n < 20; n += 1) await client.query(`insert into ${TABLE} values (${7_100 + n})`);
    // The marker's commit is behind them in the WAL, and is flushed.
    expect(lines(await newEntries())).toEqual(Array.from({ length: 20 }, (_, i) => `create ${7_100 + i}`));
  });

  it('of a multi-row statement holds its rows in order', async () => {
    const entries = await entriesOf(`insert into ${TABLE} select 7200 + n from generate_series(0, 99) n;
      update ${TABLE} set n = id where id between 7200 and 7299; delete from ${TABLE} where id between 7200 and 7299`);
    for (const [action, group] of [
      ['create', entries.slice(0, 100)],
      ['update', entries.slice(100, 200)],
      ['delete', entries.slice(200)],
    ] as const) {
      expect(lines(group)).toEqual(Array.from({ length: 100 }, (_, i) => `${action} ${7_200 + i}`));
    }
  });
});

describe('TRUNCATE', () => {
  it('of several tables, cascading and restarting identities, is one entry a table, among the rows around it', async () => {
    await database.query('insert into parent (n) values (1), (2); insert into child values (1, 1)');
    const entries =
      await entriesOf(`begin; insert into ${TABLE} values (8000); truncate parent, ${TABLE} restart identity cascade;
      insert into parent (n) values (3); insert into ${TABLE} values (8000); commit`);
    const [found] = transactions(entries);
    expect(found!.map((entry) => `${entry.table_name} ${entry.action} ${entry.record_key}`).toSorted()).toEqual(
      [
        `${TABLE} create 8000`,
        'parent truncate null',
        `${TABLE} truncate null`,
        'child truncate null',
        'parent create 1',
        `${TABLE} create 8000`,
      ].toSorted(),
    );
    expect(found!.map((entry) => entry.action)).toEqual([
      'create',
      'truncate',
      'truncate',
      'truncate',
      'create',
      'create',
    ]);
  });
});

describe('replication origins', () => {
  it('are whose changes are when no session stands behind them', async () => {
    const origin = `origin of ${database.name}`;
    const applier = await database.connect();
    await newEntries();
    await applier.query('select pg_replication_origin_create($1)', [origin]);
    try {
      await applyAsReplica(
        applier,
        origin,
        `insert into ${TABLE} values (9000, 1); update ${TABLE} set n = 2 where id = 9000`,
      );
      await applier.query(`insert into ${TABLE} values (9001)`);
    } finally {
      await applier.query('select pg_replication_origin_drop($1)', [origin]);
    }
    const entries = await newEntries();
    expect(lines(entries)).toEqual(['create 9000', 'update 9000', 'create 9001']);
    // The context trigger fires for replicas too: the session that replays is a fact, but no one claims the changes.
    expect(entries.map((entry) => entry.attribution)).toEqual(['replication', 'replication', 'database']);
    expect(entries[0]!.actor).toBe(origin);
  });
});

async function applyAsReplica(client: pg.Client, origin: string, sql: string): Promise<void> {
  await client.query('select pg_replication_origin_session_setup($1)', [origin]);
  await client.query(`begin; set local session_replication_role = replica; ${sql}; commit`);
  await client.query('select pg_replication_origin_session_reset()');
}

it('and after all that the store is whole', async () => {
  await newEntries();
  await assertStoreInvariants(database);
});
