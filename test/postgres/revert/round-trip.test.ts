import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf } from '../../../src/lib/errors.ts';
import { TEST_RUNS, TEST_SEED } from '../../harness/environment.ts';
import { revertScene, type RevertScene } from './revert-fixture.ts';

/** Keys that change, keys of several columns and none, values that may be there once, and every way to refer to a row. */
const TABLES: Readonly<Record<string, { readonly create: string; readonly columns: readonly string[] }>> = {
  parents: {
    create: 'id int primary key, v int unique, note text',
    columns: ['id', 'v', 'note'],
  },
  children: {
    create: 'a int, b int, parent int references parents, v text, primary key (a, b)',
    columns: ['a', 'b', 'parent', 'v'],
  },
  kids: {
    create: `id int primary key, parent int references parents on update cascade on delete cascade,
      doubled int generated always as (parent * 2) stored`,
    columns: ['id', 'parent'],
  },
  guests: {
    create: `n int primary key, parent int references parents on update cascade on delete set null,
      slot int, unique (slot) deferrable`,
    columns: ['n', 'parent', 'slot'],
  },
  late: {
    create: 'id int primary key, parent int references parents deferrable initially deferred',
    columns: ['id', 'parent'],
  },
  nodes: {
    create: 'id int generated always as identity primary key, up int references nodes on delete cascade, label text',
    columns: ['up', 'label'],
  },
  loose: { create: 'a int, b text', columns: ['a', 'b'] },
  parts: { create: 'id int, region int, v text, primary key (id, region)', columns: ['id', 'region', 'v'] },
};
const NAMES = Object.keys(TABLES);
const KEYS: Readonly<Record<string, readonly string[]>> = {
  parents: ['id'],
  children: ['a', 'b'],
  kids: ['id'],
  guests: ['n'],
  late: ['id'],
  nodes: ['id'],
  loose: ['a'],
  parts: ['id', 'region'],
};
const SCHEMA = [
  ...Object.entries(TABLES).map(
    ([name, { create }]) => `create table ${name} (${create})${name === 'parts' ? ' partition by list (region)' : ''}`,
  ),
  'create table parts_low partition of parts for values in (1, 2)',
  'create table parts_high partition of parts for values in (3, 4, 5, 6)',
].join(';\n');
const START = `
  insert into parents values (1, 1, 'a'), (2, 2, 'b'), (3, null, null);
  insert into children values (1, 1, 1, 'x'), (1, 2, 2, null);
  insert into kids values (1, 1), (2, 3);
  insert into guests values (1, 1, 1), (2, 2, 2);
  insert into late values (1, 1);
  insert into nodes (id, up, label) overriding system value values (1, null, 'root'), (2, 1, 'leaf'), (3, 3, 'own');
  insert into loose values (1, 'x'), (1, 'x'), (2, null);
  insert into parts values (1, 1, 'x'), (2, 3, 'y')`;

interface Run {
  readonly transactions: readonly (readonly string[])[];
}

const value = fc.integer({ min: 1, max: 6 }).map(String);

function operationOn(table: string): fc.Arbitrary<string> {
  const { columns } = TABLES[table]!;
  const where = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...KEYS[table]!), value).map(([key, of]) => `${key} = ${of}`) },
    { weight: 1, arbitrary: fc.constant('true') },
  );
  const given = fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.constant('null') });
  const insert = fc
    .tuple(...columns.map(() => given))
    .map((values) => `insert into ${table} (${columns.join(', ')}) values (${values.join(', ')})`);
  const set = fc.constantFrom(...columns).chain((column) =>
    fc
      .oneof(
        { weight: 4, arbitrary: given },
        // Of several rows at once: one may take what another gives up.
        { weight: 1, arbitrary: fc.constantFrom(`7 - ${column}::int`, `${column}::int + 1`) },
      )
      .map((to) => `${column} = ${to}`),
  );
  const sets = fc.uniqueArray(set, { minLength: 1, maxLength: 2, selector: (text) => text.split(' ', 1)[0] });
  const update = fc.tuple(sets, where).map(([list, of]) => `update ${table} set ${list.join(', ')} where ${of}`);
  const remove = where.map((of) => `delete from ${table} where ${of}`);
  return fc.oneof(
    { weight: 4, arbitrary: insert },
    { weight: 5, arbitrary: update },
    { weight: 3, arbitrary: remove },
    ...(table === 'children' || table === 'loose' ? [{ weight: 1, arbitrary: fc.constant(`truncate ${table}`) }] : []),
  );
}

const runs: fc.Arbitrary<Run> = fc
  .array(fc.array(fc.constantFrom(...NAMES).chain(operationOn), { minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((transactions) => ({ transactions }));

let scene: RevertScene;
let client: pg.Client;
let number = 0;

beforeAll(async () => {
  scene = await revertScene(SCHEMA);
  client = await scene.database.connect();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

/** Those that a constraint refuses are rolled back savepoints, or a transaction that ends in nothing. */
async function execute({ transactions }: Run, name: string): Promise<void> {
  for (const statements of transactions) {
    await client.query(`begin; select set_config('rowtrail.request_id', '${name}', true)`);
    for (const statement of statements) {
      await client.query('savepoint operation');
      try {
        await client.query(statement);
      } catch (error) {
        if (!/^2[123]|^27/.test(codeOf(error) ?? '')) throw error;
        await client.query('rollback to operation');
      }
    }
    try {
      await client.query('commit');
    } catch (error) {
      if (!codeOf(error)?.startsWith('23')) throw error;
    }
  }
}

async function state(): Promise<Record<string, string[]>> {
  return Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await scene.rows(name)] as const)));
}

test(
  'whatever was done: reverted, all is as it was to the digit; the revert reverted, as it was left',
  { timeout: 60_000 + (TEST_RUNS ?? 0) * 2_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const name = `run-${(number += 1)}`;
        await client.query('rollback');
        await client.query(`delete from children; delete from kids; delete from guests; delete from late; delete from nodes;
          delete from loose; delete from parts; delete from parents; ${START}`);
        const start = await state();
        await execute(run, name);
        const end = await state();
        await scene.capture.caughtUp();
        const target = { query: `request_id:${name}` };
        const preview = await scene.preview(target).catch(nothingThere);
        if (preview === null) {
          expect(end).toEqual(start);
          return;
        }
        expect(preview.steps.filter(({ status }) => status === 'conflict' || status === 'impossible')).toEqual([]);
        expect(preview.sideEffects).toEqual([]);
        expect(await state()).toEqual(end);
        const result = await scene.apply(target);
        expect(await state()).toEqual(start);
        if (result.summary.applied === 0) return;
        await scene.capture.caughtUp();
        const found = await scene.database.query('select id from audit.transactions where xid = $1', [
          result.transaction,
        ]);
        // What came to nothing wrote nothing, or rows that are the same: no entries.
        if (found.rows[0] === undefined) return;
        await scene.apply({ transaction: found.rows[0].id as string });
        expect(await state()).toEqual(end);
      }),
      {
        numRuns: TEST_RUNS ?? 20,
        ...(TEST_SEED === null ? {} : { seed: TEST_SEED }),
        endOnFailure: false,
      },
    );
  },
);

function nothingThere(error: unknown): null {
  if (codeOf(error) === 'RT_REVERT_TARGET') return null;
  throw error;
}
