import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changedColumns } from '../../../src/entry/image.ts';
import { changedAnySql, changedSql } from '../../../src/query/changed-sql.ts';
import { createHistory, type History } from './history.ts';

let history: History;

beforeAll(async () => {
  history = await createHistory();
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

interface Stored {
  readonly changed: readonly string[] | null;
  /** JSON text. */
  readonly old: string | null;
}

async function ask(entries: readonly Stored[], fields: readonly string[]) {
  const parameters: unknown[] = [JSON.stringify(entries.map(({ changed, old }, n) => ({ n, changed, text: old })))];
  const any = changedAnySql('e', fields, (value, type) => `$${parameters.push(value)}::${type}`);
  const found = await history.database.query(
    `with e as materialized (
       select n, changed, text::json as old from json_to_recordset($1::json) as x(n integer, changed text[], text text))
     select coalesce(${any}, false) as any, ${changedSql('e')} as names, audit.changed_columns(e.changed, e.old) as function from e order by e.n`,
    parameters,
  );
  return found.rows as readonly { any: boolean; names: string[] | null; function: string[] | null }[];
}

const NAMES = ['status', 'stat', 'id', 'ä "', 'per_cent', 'perxcent', '100%', '100 %', 'a{b', '{', 'a:b', 'name 🙂'];
/** As the writer leaves them: a name that JSON escapes is told by `old` alone nowhere. */
const plain = NAMES.filter((name) => JSON.stringify(name) === `"${name}"`);
const nested = fc.constantFrom(
  '{"status":1}',
  ' {"id" : {"stat":"x"}}',
  '[{"per_cent":1}]',
  '"\\u0000"',
  '"\\ud800 \\\\u0041 \\\\\\u0041"',
  '{"\\u0000":"\\"id\\":"}',
  '{"a":1,"a":2}',
  '1e200000',
  '"{\\"status\\":1}"',
  '"x,\\"id\\":{"',
  'null',
);
const members = (names: readonly string[]): fc.Arbitrary<[string, string][]> =>
  fc
    .subarray([...names], { minLength: 1 })
    .chain((picked) => fc.tuple(...picked.map((name) => fc.tuple(fc.constant(name), nested))));
const objectOf = (of: readonly (readonly [string, string])[]): string =>
  `{${of.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
const stored: fc.Arbitrary<Stored> = fc.oneof(
  members(plain).map((of) => ({ changed: null, old: objectOf(of) })),
  members(NAMES).map((of) => ({ changed: of.map(([name]) => name), old: objectOf(of) })),
  fc.constantFrom<Stored>({ changed: null, old: null }, { changed: [], old: null }, { changed: ['masked'], old: null }),
);

it('what an update changed is the same to the server, to the view and to who reads its entry', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stored, { minLength: 1, maxLength: 40 }),
      fc.subarray([...NAMES, 'masked', 'nowhere'], { minLength: 1, maxLength: 3 }),
      async (entries, fields) => {
        const answers = await ask(entries, fields);
        for (const [n, { changed, old }] of entries.entries()) {
          const names = changedColumns(changed, old);
          expect(answers[n], JSON.stringify(entries[n])).toEqual({
            any: (names ?? []).some((name) => fields.includes(name)),
            names,
            function: names,
          });
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('a name that stands in a value only is none', async () => {
  const old = '{"doc":{"status":1},"note":"{\\"id\\":1}"}';
  expect((await ask([{ changed: null, old }], ['status', 'id'])).map(({ any }) => any)).toEqual([false]);
  expect((await ask([{ changed: null, old }], ['nowhere', 'note'])).map(({ any }) => any)).toEqual([true]);
});
