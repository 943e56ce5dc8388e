import fc from 'fast-check';
import { quoteIdentifier } from '../../src/pg/identifier.ts';
import { arrayOf, KEY_TYPES, type RandomType } from './random-value.ts';

export interface Column {
  readonly name: string;
  readonly type: RandomType;
  /** Makes the types that it needs. */
  readonly setup: readonly string[];
}

export interface Table {
  readonly columns: readonly Column[];
  /** Of positions; empty: none. */
  readonly key: readonly number[];
}

export interface Operation {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly table: number;
  /** Which of the rows, by their place. */
  readonly at: number;
  readonly rows: number;
  /** One for each column; null: left as it is by an update, null in an insert. */
  readonly values: readonly (string | null)[];
  readonly isUndone: boolean;
}

export interface Case {
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
          fc.option(type.value, { nil: null, freq: table.key.includes(i) ? 30 : 3 }),
        ),
      ),
      isUndone: fc.nat({ max: 9 }).map((n) => n === 0),
    });
  });
}

export function caseOf(types: readonly RandomType[]): fc.Arbitrary<Case> {
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

export function statement({ kind, table, at, rows, values }: Operation, { columns }: Table): string {
  const names = columns.map(({ name }) => quoteIdentifier(name));
  const where = `where ctid = any (array(select ctid from t${table} order by ctid offset ${at} limit ${rows}))`;
  if (kind === 'delete') return `delete from t${table} ${where}`;
  if (kind === 'insert') {
    return `insert into t${table} (${names.join(', ')}) values (${values.map((value) => value ?? 'null').join(', ')})`;
  }
  const sets = names.map((name, i) => (values[i] === null ? `${name} = ${name}` : `${name} = ${values[i]}`));
  return `update t${table} set ${sets.join(', ')} ${where}`;
}

export function createTable({ columns, key }: Table, number: number): string {
  const keyNames = key.map((position) => quoteIdentifier(columns[position]!.name));
  return [
    ...columns.flatMap(({ setup }) => setup),
    `create table t${number} (${columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type.sql}`).join(', ')}
       ${keyNames.length === 0 ? '' : `, primary key (${keyNames.join(', ')})`})`,
  ].join(';\n');
}

/** With what a failed property prints: its SQL. */
export function printable(run: Case): Case {
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
