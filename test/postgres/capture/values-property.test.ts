import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/lib/errors.ts';
import { quoteIdentifier } from '../../../src/pg/identifier.ts';
import { prepareCapture, type Capture, type RunningDaemon } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { compareWithOracle, installOracle, type OracleTable } from '../../harness/oracle.ts';
import { arrayOf, BUILT_IN, EXTENSION_TYPES, KEY_TYPES, RANGES, type RandomType } from '../../harness/random-value.ts';

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

interface Column {
  readonly name: string;
  readonly type: RandomType;
  /** Makes the types that it needs. */
  readonly setup: readonly string[];
}

interface Table {
  readonly columns: readonly Column[];
  /** Of positions; empty: none. */
  readonly key: readonly number[];
}

interface Operation {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly table: number;
  /** Which of the rows, by their place. */
  readonly at: number;
  readonly rows: number;
  /** One for each column; null: left as it is by an update, null in an insert. */
  readonly values: readonly (string | null)[];
  readonly isUndone: boolean;
}

interface Case {
  readonly tables: readonly Table[];
  readonly transactions: readonly { readonly operations: readonly Operation[]; readonly isRolledBack: boolean }[];
}

const SYSTEM_COLUMNS = new Set(['tableoid', 'xmin', 'xmax', 'cmin', 'cmax', 'ctid']);
const columnName = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.constantFrom(
      'select',
      'old',
      'new',
      'row',
      'v_old',
      '1',
      '2',
      '__proto__',
      'constructor',
      'a"b',
      '\\',
      '$1',
      '%s',
    ),
  )
  .map((name) => name.replaceAll('\0', ''))
  .filter((name) => name !== '' && Buffer.byteLength(name) < 60 && !SYSTEM_COLUMNS.has(name));

/** A type, or one made of it: `name` is free to be used. */
function derived(types: readonly RandomType[], name: string): fc.Arbitrary<Pick<Column, 'type' | 'setup'>> {
  const plain = fc.constantFrom(...types);
  const ofType = (setup: readonly string[], kind: RandomType['kind'], value: RandomType['value']) => ({
    setup,
    type: { sql: name, kind, value: value.map((expression) => `(${expression})::${name}`) },
  });
  const domain = (base: RandomType): Pick<Column, 'type' | 'setup'> =>
    ofType([`create domain ${name} as ${base.sql}`], base.kind, base.value);
  const composite = fc.array(plain, { minLength: 1, maxLength: 3 }).map((fields) =>
    ofType(
      [`create type ${name} as (${fields.map((field, i) => `f${i} ${field.sql}`).join(', ')})`],
      'text',
      fc
        .tuple(...fields.map((field) => fc.option(field.value, { nil: 'null', freq: 3 })))
        .map((values) => `row(${values.join(', ')})`),
    ),
  );
  return fc.oneof(
    { weight: 6, arbitrary: plain.map((type) => ({ type, setup: [] })) },
    { weight: 2, arbitrary: plain.map((type) => ({ type: arrayOf(type), setup: [] })) },
    { weight: 2, arbitrary: plain.map(domain) },
    { weight: 1, arbitrary: plain.map((type) => domain(arrayOf(type))) },
    {
      weight: 1,
      arbitrary: plain.map((base) => {
        const inner = `${name}_inner`;
        return ofType(
          [`create domain ${inner} as ${base.sql}`, `create domain ${name} as ${inner}`],
          base.kind,
          base.value,
        );
      }),
    },
    { weight: 2, arbitrary: composite },
    { weight: 1, arbitrary: composite.map(({ type, setup }) => ({ type: arrayOf(type), setup })) },
    {
      weight: 1,
      arbitrary: fc.constant(
        ofType(
          [`create type ${name} as enum ('ok', '"', '\\', '{,}', '')`],
          'text',
          fc.constantFrom(`'ok'`, `'"'`, `'\\'`, `''`),
        ),
      ),
    },
  );
}

function tableOf(types: readonly RandomType[], number: number): fc.Arbitrary<Table> {
  const columns = fc
    .uniqueArray(columnName, { minLength: 1, maxLength: 12 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name, i) => derived(types, `types.t${number}_${i}`).map((rest): Column => ({ ...rest, name }))),
      ),
    );
  return columns.chain((list) => {
    const candidates = list.flatMap(({ type }, i) => (KEY_TYPES.has(type.sql) ? [i] : []));
    const key = fc.shuffledSubarray(candidates, { minLength: 0, maxLength: Math.min(3, candidates.length) });
    return key.map((positions) => ({ columns: list, key: positions }));
  });
}

function operationOn(tables: readonly Table[]): fc.Arbitrary<Operation> {
  return fc.nat({ max: tables.length - 1 }).chain((number) => {
    const table = tables[number]!;
    return fc.record({
      kind: fc.constantFrom<Operation['kind']>('insert', 'insert', 'insert', 'update', 'update', 'delete'),
      table: fc.constant(number),
      at: fc.nat({ max: 3 }),
      rows: fc.integer({ min: 1, max: 3 }),
      values: fc.tuple(
        ...table.columns.map(({ type }, i) =>
          fc.option<string, null>(type.value, { nil: null, freq: table.key.includes(i) ? 30 : 3 }),
        ),
      ),
      isUndone: fc.nat({ max: 9 }).map((n) => n === 0),
    });
  });
}

function caseOf(types: readonly RandomType[]): fc.Arbitrary<Case> {
  return fc.oneof(fc.tuple(tableOf(types, 0)), fc.tuple(tableOf(types, 0), tableOf(types, 1))).chain((tables) =>
    fc.record({
      tables: fc.constant(tables),
      transactions: fc.array(
        fc.record({
          operations: fc.array(operationOn(tables), { minLength: 1, maxLength: 7 }),
          isRolledBack: fc.nat({ max: 9 }).map((n) => n === 0),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  );
}

function statement({ kind, table, at, rows, values }: Operation, { columns }: Table): string {
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const where = `where ctid = any (array(select ctid from t${table} order by ctid offset ${at} limit ${rows}))`;
  if (kind === 'delete') return `delete from t${table} ${where}`;
  if (kind === 'insert') {
    return `insert into t${table} (${names.join(', ')}) values (${values.map((value) => value ?? 'null').join(', ')})`;
  }
  const sets = names.map((name, i) => (values[i] === null ? `${name} = ${name}` : `${name} = ${values[i]}`));
  return `update t${table} set ${sets.join(', ')} ${where}`;
}

function createTable({ columns, key }: Table, number: number): string {
  const keyNames = key.map((position) => quoteIdentifier(columns[position]!.name));
  return [
    ...columns.flatMap(({ setup }) => setup),
    `create table t${number} (${columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type.sql}`).join(', ')}
       ${keyNames.length === 0 ? '' : `, primary key (${keyNames.join(', ')})`})`,
  ].join(';\n');
}

/** With what a failed property prints: its SQL. */
function printable(run: Case): Case {
  const sql = (): string =>
    [
      ...run.tables.map(createTable),
      ...run.transactions.flatMap(({ operations, isRolledBack }) => [
        'begin',
        ...operations.map((operation) => statement(operation, run.tables[operation.table]!)),
        isRolledBack ? 'rollback' : 'commit',
      ]),
    ].join(';\n');
  return Object.assign(run, { [fc.toStringMethod]: sql });
}

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

  it.each(Object.keys(EXTENSION_TYPES))('of the types of the extension %s', async (name) => {
    // A server without it has nothing to capture of it.
    if (!available.has(name)) return;
    await fc.assert(
      fc.asyncProperty(coverage(EXTENSION_TYPES[name]!).map(printable), async (run) => {
        expect(await check(run)).toBe(6);
      }),
      { seed: SEED, numRuns: 2, endOnFailure: true },
    );
  });

  it('whatever the tables, types, values and transactions', { timeout: 120_000 }, async () => {
    const types = [...BUILT_IN, ...RANGES, ...[...available].flatMap((name) => EXTENSION_TYPES[name] ?? [])];
    const deadline = performance.now() + TIME_LIMIT_MS;
    let runs = 0;
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(caseOf(types).map(printable), async (run) => {
        if (performance.now() > deadline) return;
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
