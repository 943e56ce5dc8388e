import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/lib/errors.ts';
import { prepareCapture, type Capture, type RunningDaemon } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { compareWithOracle, installOracle, type OracleTable } from '../../harness/oracle.ts';
import { caseOf, createTable, printable, statement, type Case, type Column } from '../../harness/random-table.ts';
import { arrayOf, BUILT_IN, EXTENSION_TYPES, RANGES, type RandomType } from '../../harness/random-value.ts';

const SEED = Math.floor(Math.random() * 2 ** 31);
const TIME_LIMIT_MS = 8_000;

let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;
let client: pg.Client;
let available: Set<string>;
let lastId = '0';

beforeAll(async () => {
  database = await createDatabase();
  // What a session of the application is set to must not matter.
  client = await database.connect();
  await client.query(`set timezone = 'Asia/Kathmandu'; set datestyle = 'German'; set intervalstyle = 'iso_8601';
    set bytea_output = 'escape'; set extra_float_digits = -5; set xmlbinary = 'hex'`);
  const extensions = await database.query('select name from pg_available_extensions');
  available = new Set(extensions.rows.map((row) => row.name));
  for (const name of Object.keys(EXTENSION_TYPES)) {
    if (available.has(name)) await database.query(`create extension ${name}`);
  }
  capture = await prepareCapture(database, { tables: [] });
  daemon = await capture.start();
});

afterAll(async () => {
  await daemon?.stop();
  await database[Symbol.asyncDispose]();
});

/** Not unique, or null in a key: such an operation is a rolled back savepoint. */
const MAY_FAIL = new Set(['23505', '23502']);

async function execute({ tables, transactions }: Case): Promise<void> {
  for (const { operations, isRolledBack } of transactions) {
    await client.query('begin');
    for (const operation of operations) {
      await client.query('savepoint operation');
      try {
        await client.query(statement(operation, tables[operation.table]!));
        await client.query(operation.isUndone ? 'rollback to operation' : 'release operation');
      } catch (error) {
        if (!MAY_FAIL.has(codeOf(error) ?? '')) throw error;
        await client.query('rollback to operation');
      }
    }
    await client.query(isRolledBack ? 'rollback' : 'commit');
  }
}

/** Runs a case and compares every entry with the server's own output of every value. Returns how many there were. */
async function check(run: Case): Promise<number> {
  const oracles = run.tables.map(({ columns, key }, i): OracleTable => {
    return {
      name: `t${i}`,
      columns: new Map(columns.map(({ name, type }) => [name, type.kind])),
      key: key.length === 0 ? null : key.map((position) => columns[position]!.name),
    };
  });
  try {
    await database.query('create schema types');
    for (const [i, table] of run.tables.entries()) {
      await database.query(`${createTable(table, i)};
        alter table t${i} replica identity full; alter publication ${capture.source.publication} add table t${i}`);
    }
    await installOracle(database, oracles);
    await execute(run);
    await capture.caughtUp();
    const entries = await capture.entries(`e.id > ${lastId}`);
    lastId = entries.at(-1)?.id ?? lastId;
    return (await compareWithOracle(database, oracles, entries)).changes;
  } finally {
    await client.query('rollback');
    await database.query(
      `drop table if exists t0, t1; drop schema if exists oracle cascade; drop schema types cascade`,
    );
  }
}

/** A table of these types, with some rows that are all changed. */
function coverage(types: readonly RandomType[]): fc.Arbitrary<Case> {
  const columns = types.flatMap((type, i): Column[] => {
    const domain = `types.t_${i}`;
    return [
      { name: `plain ${i}`, type, setup: [] },
      { name: `array ${i}`, type: arrayOf(type), setup: [] },
      {
        name: `domain ${i}`,
        type: { ...type, sql: domain, value: type.value.map((value) => `(${value})::${domain}`) },
        setup: [`create domain ${domain} as ${type.sql}`],
      },
    ];
  });
  const values = fc.tuple(...columns.map(({ type }) => type.value));
  const operation = { table: 0, at: 0, rows: 3, isUndone: false };
  return fc.record({
    tables: fc.constant([{ columns, key: [] }]),
    transactions: fc.tuple(values, values, values).map(([first, second, third]) => [
      {
        isRolledBack: false,
        operations: [
          { ...operation, kind: 'insert' as const, values: first },
          { ...operation, kind: 'insert' as const, values: second },
          { ...operation, kind: 'update' as const, values: third },
          { ...operation, kind: 'delete' as const, values: third },
        ],
      },
    ]),
  });
}

describe(`traps 18 and 19: an image holds what the server’s output functions print (seed ${SEED})`, () => {
  it('of every built-in type, its arrays and domains', async () => {
    await fc.assert(
      fc.asyncProperty(coverage([...BUILT_IN, ...RANGES]).map(printable), async (run) => {
        expect(await check(run)).toBe(6);
      }),
      { seed: SEED, numRuns: 3, endOnFailure: true },
    );
  });

  it.for(Object.keys(EXTENSION_TYPES))('of the types of the extension %s', async (name, { skip }) => {
    skip(!available.has(name), 'this server does not ship it');
    await fc.assert(
      fc.asyncProperty(coverage(EXTENSION_TYPES[name]!).map(printable), async (run) => {
        expect(await check(run)).toBe(6);
      }),
      { seed: SEED, numRuns: 2, endOnFailure: true },
    );
  });

  it('whatever the tables, types, values and transactions', async () => {
    const types = [...BUILT_IN, ...RANGES, ...[...available].flatMap((name) => EXTENSION_TYPES[name] ?? [])];
    const deadline = performance.now() + TIME_LIMIT_MS;
    let runs = 0;
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(caseOf(types).map(printable), async (run) => {
        if (runs > 3 && changes > runs && performance.now() > deadline) return;
        changes += await check(run);
        runs += 1;
      }),
      { seed: SEED, numRuns: 200 },
    );
    expect(runs).toBeGreaterThan(3);
    expect(changes).toBeGreaterThan(runs);
  });

  it('and no digit is lost', async () => {
    const long = `${'1234567890'.repeat(100)}.${'0987654321'.repeat(100)}`;
    await database.query(`create table digits (id int8 primary key, a numeric, b float8, c float4, d json, e jsonb, f int8[]);
      alter table digits replica identity full; alter publication ${capture.source.publication} add table digits`);
    const values = `-9223372036854775808, ${long}, '-0', '-0', '[1e400, -0, 1.0, 9007199254740993]', '[1e40, -0, 1.00]', '{9007199254740993}'`;
    await database.query(`insert into digits values (${values}); update digits set id = 9007199254740993;
      update digits set id = 9007199254740992`);
    await capture.caughtUp();
    const entries = await capture.entries(`r.table_name = 'digits'`);
    const rest = `"a":${long},"b":-0,"c":-0,"d":[1e400, -0, 1.0, 9007199254740993],"e":[${'1'.padEnd(41, '0')}, 0, 1.00],"f":"{9007199254740993}"}`;
    expect(entries.map((entry) => [entry.record_key, entry.row, entry.old])).toEqual([
      ['-9223372036854775808', `{"id":-9223372036854775808,${rest}`, null],
      ['9007199254740993', `{"id":9007199254740993,${rest}`, '{"id":-9223372036854775808}'],
      ['9007199254740992', `{"id":9007199254740992,${rest}`, '{"id":9007199254740993}'],
    ]);
  });
});
