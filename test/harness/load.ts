import pg from 'pg';
import { codeOf } from '../../src/lib/errors.ts';
import type { TestDatabase } from './database.ts';
import type { OracleTable } from './oracle.ts';

/** Deterministic numbers for one client of the load. https://en.wikipedia.org/wiki/Xorshift */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 2_654_435_761) ^ 0x9e3779b9) | 0 || 1;
  }

  /** From 0 inclusive to 1 exclusive. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 0x1_0000_0000;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

export const LOAD_TABLES: readonly OracleTable[] = [
  {
    name: 'accounts',
    columns: { id: 'number', name: 'text', balance: 'number', active: 'boolean', doc: 'json', seen: 'text' },
    key: ['id'],
  },
  { name: 'memberships', columns: { org: 'number', member: 'text', role: 'text' }, key: ['org', 'member'] },
  { name: 'journal', columns: { kind: 'text', amount: 'number' }, key: null },
  { name: 'measures', columns: { id: 'number', region: 'number', value: 'number' }, key: ['id', 'region'] },
  { name: 'scratch', columns: { id: 'number', text: 'text' }, key: ['id'] },
];

const RECONNECT_PAUSE_MS = 100;
const SCHEMA_SQL = `
create table accounts (id int primary key, name text, balance numeric(12, 3), active boolean, doc jsonb, seen timestamptz);
create table memberships (org int, member text, role text, primary key (org, member));
create table journal (kind text, amount float8);
create table measures (id int, region int, value numeric, primary key (id, region)) partition by list (region);
create table measures_1 partition of measures for values in (1);
create table measures_2 (value numeric, region int not null, id int not null);
alter table measures attach partition measures_2 for values in (2);
create table measures_3 partition of measures for values in (3);
create table scratch (id bigint generated always as identity primary key, text text);
`;

export async function createLoadSchema(database: TestDatabase): Promise<void> {
  await database.query(SCHEMA_SQL);
}

/**
 * Several clients that change the tables until told to stop. With `reconnect` they outlive their server: they go on
 * with a new connection. A commit whose answer was lost may have happened or not; only the database knows.
 */
export class Load implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #reconnect: (() => Promise<pg.Client>) | null;
  readonly #clients: Promise<void>[];
  committed = 0;
  reconnected = 0;

  constructor(clients: readonly pg.Client[], seed: number, pauseMs: number, reconnect?: () => Promise<pg.Client>) {
    this.#reconnect = reconnect ?? null;
    this.#clients = clients.map((client, i) => this.#work(client, i, new Random(seed + i), pauseMs));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#clients);
  }

  /** A failed test must not leave it running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#clients);
  }

  async #work(first: pg.Client, number: number, random: Random, pauseMs: number): Promise<void> {
    let client = first;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#transaction(client, number, random);
        this.committed += 1;
      } catch (error) {
        // Clients fight over rows: that some of them lose is part of the load.
        if (['40P01', '23505', '40001'].includes(codeOf(error) ?? '')) await client.query('rollback').catch(() => {});
        else if (this.#reconnect === null || !isLostConnection(error)) throw error;
        else client = await this.#connectAgain(this.#reconnect, client);
      }
      await new Promise((resolve) => setTimeout(resolve, random.next() * pauseMs));
    }
  }

  async #connectAgain(connect: () => Promise<pg.Client>, old: pg.Client): Promise<pg.Client> {
    await old.end().catch(() => {});
    while (!this.#stopping.signal.aborted) {
      try {
        const client = await connect();
        this.reconnected += 1;
        return client;
      } catch (error) {
        if (!isLostConnection(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_PAUSE_MS));
      }
    }
    return old;
  }

  async #transaction(client: pg.Client, number: number, random: Random): Promise<void> {
    const change = CHANGES[pickWeighted(random)]!.run;
    if (random.next() < 0.3) {
      // A statement of its own, under the session's own context (none).
      await change(client, random);
      return;
    }
    await client.query('begin');
    await setUser(client, `${number}`);
    await change(client, random);
    for (let more = random.below(3); more > 0; more -= 1) {
      if (random.next() < 0.2) await setUser(client, `${number}-${random.below(3)}`);
      if (random.next() < 0.25) await rolledBack(client, number, random);
      await CHANGES[random.below(SMALL_CHANGES)]!.run(client, random);
    }
    // A context that nothing is written under.
    if (random.next() < 0.1) {
      await setUser(client, `${number}-late`);
      await client.query('update accounts set active = not active where false');
    }
    await client.query(random.next() < 0.05 ? 'rollback' : 'commit');
  }
}

/** Nothing from the server (pg has no SQLSTATE then, but perhaps the socket's error), or that it is on its way down or up. */
function isLostConnection(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(57P0|08)/.test(error.code ?? '');
}

async function rolledBack(client: pg.Client, number: number, random: Random): Promise<void> {
  await client.query('savepoint s');
  await setUser(client, `${number}-gone`);
  await CHANGES[random.below(SMALL_CHANGES)]!.run(client, random);
  await client.query('rollback to savepoint s');
}

async function setUser(client: pg.Client, user: string): Promise<void> {
  await client.query(`select set_config('rowtrail.user_id', $1, true)`, [user]);
}

type Run = (client: pg.Client, random: Random) => Promise<unknown>;

const ACCOUNTS = 400;
const text = (random: Random): string =>
  random.pick(['Ana', "O'Neil", 'a "quoted"\\ name', '名前 🙂', 'line\nbreak\ttab', '']);

/** The small ones first. */
const CHANGES: readonly { readonly weight: number; readonly run: Run }[] = [
  {
    weight: 30,
    run: (client, random) =>
      client.query(
        `insert into accounts values ($1, $2, $3, $4, $5, clock_timestamp()) on conflict (id) do update
           set balance = accounts.balance + excluded.balance, seen = excluded.seen`,
        [
          random.below(ACCOUNTS),
          text(random),
          random.below(1e6) / 1000,
          random.next() < 0.5,
          { n: [random.next(), null] },
        ],
      ),
  },
  {
    weight: 20,
    run: (client, random) =>
      client.query('update accounts set name = $2, active = null where id = $1', [
        random.below(ACCOUNTS),
        text(random),
      ]),
  },
  { weight: 8, run: (client, random) => client.query('delete from accounts where id = $1', [random.below(ACCOUNTS)]) },
  {
    weight: 8,
    // Several changes of one row, one of them none at all, and a changed key.
    run: async (client, random) => {
      const id = random.below(ACCOUNTS);
      await client.query('update accounts set balance = balance + 1 where id = $1', [id]);
      await client.query('update accounts set balance = balance * 1.0 where id = $1', [id]);
      await client.query(
        'update accounts set id = $2 where id = $1 and not exists (select from accounts where id = $2)',
        [id, random.below(ACCOUNTS)],
      );
      await client.query('delete from accounts where id = $1', [id]);
    },
  },
  {
    weight: 8,
    run: (client, random) =>
      client.query(
        `insert into memberships select $1, 'm' || n, $2 from generate_series(1, 5) n
         on conflict (org, member) do update set role = excluded.role`,
        [random.below(20), text(random)],
      ),
  },
  { weight: 4, run: (client, random) => client.query('delete from memberships where org = $1', [random.below(20)]) },
  {
    weight: 6,
    run: (client, random) =>
      client.query('insert into journal values ($1, $2)', [
        random.pick(['in', 'out']),
        random.pick(['NaN', '-Infinity', '-0', '1e300', '0.1', '3']),
      ]),
  },
  {
    weight: 3,
    run: (client, random) =>
      client.query(
        'update journal set amount = amount / 3 where kind = $1 and ctid in (select ctid from journal limit 5)',
        [random.pick(['in', 'out'])],
      ),
  },
  {
    weight: 8,
    run: (client, random) =>
      client.query(
        'insert into measures values ($1, $2, $3) on conflict (id, region) do update set value = excluded.value',
        [random.below(300), 1 + random.below(3), random.next()],
      ),
  },
  {
    weight: 6,
    // Rows move between partitions.
    run: (client, random) =>
      client.query(
        `update measures m set region = 1 + (region + $2) % 3 where id = $1
           and (select count(*) from measures o where o.id = m.id) = 1`,
        [random.below(300), random.below(3)],
      ),
  },
  {
    weight: 5,
    run: (client, random) =>
      client.query('update accounts set balance = balance + 0.125 where id % 10 = $1', [random.below(10)]),
  },
  {
    weight: 1.5,
    run: (client, random) =>
      client.query(`insert into scratch (text) select repeat('x', n % 50) from generate_series(1, $1::int) n`, [
        random.pick([50, 200, 500, 3_000]) + random.below(500),
      ]),
  },
  { weight: 1, run: (client) => client.query('truncate scratch, memberships') },
  {
    weight: 1,
    run: (client, random) =>
      client.query('delete from scratch where id in (select id from scratch where id % 7 = $1 limit 1000)', [
        random.below(7),
      ]),
  },
];
const SMALL_CHANGES = 11;
const TOTAL_WEIGHT = CHANGES.reduce((sum, change) => sum + change.weight, 0);

function pickWeighted(random: Random): number {
  let at = random.next() * TOTAL_WEIGHT;
  return CHANGES.findIndex((change) => (at -= change.weight) < 0);
}
