import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { ExpectedHead } from '../../../src/seal/head.ts';
import type { Verification } from '../../../src/seal/verification.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { captureHistory, makeKey, recomputeChain, sealAll, seals, switchTriggersOff, verify } from './sealed-store.ts';

/*
 * Everything that a superuser of the store could do to the history, and what is named then: with nothing that is kept
 * elsewhere, with an exported head, and with a public key. The whole of it is in tamper-table.txt.
 */

const MAX_ENTRIES = 5;
const KEY = makeKey();

interface Tampering {
  readonly what: string;
  /** SQL, or more than that. */
  readonly act: (scene: Scene) => string | ((database: TestDatabase) => Promise<void>);
  /** The kind of the first problem, with nothing else; with a head; with a public key. Null: there is none. */
  readonly found: string | null | readonly [string | null, string | null, string | null];
  /** The seal that is named, where it is always the same. */
  readonly seal?: (scene: Scene) => bigint;
  readonly says?: RegExp;
  /** Entries that are named. */
  readonly names?: (scene: Scene) => readonly string[];
}

/** Of the store before anything was changed. */
interface Scene {
  /** A transaction of three entries under one seal. */
  readonly entries: readonly [string, string, string];
  readonly seal: bigint;
  readonly last: bigint;
  readonly head: ExpectedHead;
}

const edit = (column: string, value: string) => (scene: Scene) =>
  `update audit.entries set ${column} = ${value} where id = ${scene.entries[1]}`;
const second = ({ entries }: Scene): readonly string[] => [entries[1]];
const first = ({ entries }: Scene): readonly string[] => [entries[0]];
const sealOf = ({ seal }: Scene): bigint => seal;
const EDIT = edit('row', `replace(row::text, 'paid', 'free')::json`);

const CASES: readonly Tampering[] = [
  { what: 'nothing', act: () => 'select 1', found: null },
  { what: 'edit a value', act: EDIT, found: 'edited', seal: sealOf, says: /all 5 are there/, names: second },
  {
    what: 'edit how a number is written',
    act: edit('row', `replace(row::text, '1.00', '1.0')::json`),
    found: 'edited',
    seal: sealOf,
    names: second,
  },
  {
    what: 'change a time by a microsecond',
    act: edit('occurred_at', `occurred_at - interval '1 microsecond'`),
    found: 'edited',
    seal: sealOf,
    names: second,
  },
  {
    what: 'delete an entry',
    act: ({ entries }) => `delete from audit.entries where id = ${entries[1]}`,
    found: 'removed',
    seal: sealOf,
    says: /there were 5, and now 4/,
    names: first,
  },
  {
    what: 'insert an entry',
    act: () => `insert into audit.entries (id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, row)
      select id - 1, occurred_at, transaction_id, context_id, 0, relation_id, action, record_key, row from audit.entries order by id limit 1`,
    found: 'inserted',
    seal: () => 1n,
    says: /there were 5, and now 6/,
  },
  {
    what: 'swap two entries of a transaction',
    act: ({
      entries: [, b, c],
    }) => `update audit.entries set id = (select max(id) + 1000 from audit.entries) where id = ${b};
      update audit.entries set id = ${b} where id = ${c};
      update audit.entries set id = ${c} where id = (select max(id) from audit.entries)`,
    found: 'reordered',
    seal: sealOf,
    names: ({ entries }) => [entries[2]],
  },
  {
    what: 'swap the values of two entries',
    act: ({ entries: [, b, c] }) => `update audit.entries e set row = o.row, old = o.old from audit.entries o
      where e.id in (${b}, ${c}) and o.id in (${b}, ${c}) and e.id <> o.id`,
    found: 'edited',
    seal: sealOf,
    names: ({ entries }) => [entries[1], entries[2]],
  },
  {
    what: "change an actor's id",
    act: () => `update audit.actors set claim = '99' where kind = 'user' and claim = '2'`,
    found: 'edited',
    says: /sources, actors, sessions .* by its digest, actor \d+/,
  },
  {
    what: 'give a transaction to another actor',
    act: ({
      entries,
    }) => `update audit.contexts set actor_id = (select min(id) from audit.actors a where a.id <> actor_id and kind = 'user')
      where id = ${entries[0]}`,
    found: 'edited',
    seal: sealOf,
    says: /contexts \(who made them\) edited/,
    names: first,
  },
  {
    what: 'change an IP address',
    act: ({ entries }) => `update audit.contexts set ip = '10.0.0.1' where id = ${entries[0]}`,
    found: 'edited',
    seal: sealOf,
    names: first,
  },
  {
    what: "change a session's role",
    act: () => `update audit.sessions set session_role = 'nobody'`,
    found: 'edited',
    says: /by its digest, session \d+/,
  },
  {
    what: "change what a table's columns were",
    act: () => `update audit.relation_versions set table_name = 'invoices' where table_name = 'orders'`,
    found: 'edited',
    seal: () => 1n,
    says: /by its digest, version \d+/,
  },
  {
    what: "change a transaction's time",
    act: ({ entries }) =>
      `update audit.transactions set committed_at = committed_at - interval '1 day' where id = ${entries[0]}`,
    found: 'edited',
    seal: sealOf,
    says: /transactions edited/,
    names: first,
  },
  {
    what: 'delete the link of a changed key',
    act: () => `delete from audit.entry_links where kind = 'key'`,
    found: 'removed',
    says: /links between entries removed \(there were 1, and now 0\)/,
  },
  {
    what: 'delete a row of a truncate',
    act: () => `delete from audit.truncated_rows where record_key = '2'`,
    found: 'removed',
    says: /rows of truncates removed \(there were 2, and now 1\)/,
  },
  {
    what: 'drop a partition',
    act: () => async (database) => {
      const found = await database.query(
        `select name from audit.partitions where parent = 'entries' order by low limit 1`,
      );
      await database.query(`drop table audit.${found.rows[0].name}`);
    },
    found: 'removed',
    seal: () => 1n,
  },
  {
    what: 'drop a seal',
    act: ({ seal }) => `delete from audit.seals where number = ${seal}`,
    found: 'seal_missing',
    seal: sealOf,
    says: /seal \d+ is missing/,
  },
  {
    what: 'change what a seal says',
    act: ({ seal }) => `update audit.seals set sealed_at = sealed_at + interval '1 day' where number = ${seal}`,
    found: 'seal_changed',
    seal: sealOf,
  },
  {
    what: 'cut the last two seals off',
    act: ({ last }) => `delete from audit.seals where number > ${last - 2n}`,
    found: [null, 'head_missing', null],
  },
  {
    what: 'cut the tail off, entries and seals',
    act:
      ({ last }) =>
      async (database) => {
        const [{ last_id: end }] = (
          await database.query(`select last_id from audit.seals where number = $1`, [last - 2n])
        ).rows;
        for (const table of ['entries', 'contexts', 'transactions', 'entry_links', 'truncated_rows', 'seals']) {
          const key = { entry_links: 'entry_id', truncated_rows: 'entry_id', seals: 'last_id' }[table] ?? 'id';
          await database.query(`delete from audit.${table} where ${key} > $1`, [end]);
        }
      },
    found: [null, 'head_missing', null],
  },
  {
    what: 'edit a value, and recompute the chain',
    act: (scene) => async (database) => {
      await database.query(EDIT(scene));
      await recomputeChain(database);
    },
    found: [null, 'head_changed', 'seal_signature'],
  },
  {
    what: 'the same, and take the signatures away',
    act: (scene) => async (database) => {
      await database.query(EDIT(scene));
      await recomputeChain(database);
      await database.query('update audit.seals set key_id = null, signature = null');
    },
    found: [null, 'head_changed', 'seal_unsigned'],
  },
  {
    what: 'make the chain anew from some seal on, without signatures',
    act: (scene) => async (database) => {
      await database.query(EDIT(scene));
      await database.query(`delete from audit.seals where number >= ${scene.seal}`);
      await database.query(`delete from audit.sealed_facts where seal >= ${scene.seal}`);
      await sealAll(database, MAX_ENTRIES, null);
    },
    found: [null, 'head_changed', 'seal_unsigned'],
  },
  {
    what: 'sign with another key',
    act: (scene) => async (database) => {
      await database.query(EDIT(scene));
      await database.query('delete from audit.seals; delete from audit.sealed_facts');
      await sealAll(database, MAX_ENTRIES, makeKey());
    },
    found: [null, 'head_changed', 'seal_signature'],
  },
  {
    what: 'drop a partition, and say that retention did',
    act: () => async (database) => {
      const found = await database.query(
        `select name, low, high from audit.partitions where parent = 'entries' order by low limit 1`,
      );
      const { name, low, high } = found.rows[0];
      await database.query(`drop table audit.${name}`);
      await database.query(
        `insert into audit.removed_partitions (name, parent, low, high, removed_at) values ($1, 'entries', $2, $3, now())`,
        [name, low, high],
      );
    },
    // Told as removed: how much, and since when, is in the output.
    found: null,
  },
  {
    what: 'delete every seal',
    act: () => 'delete from audit.seals; delete from audit.sealed_facts',
    found: [null, 'head_missing', null],
  },
];

let store: TestDatabase;
let scene: Scene;
const table: string[][] = [];

beforeAll(async () => {
  store = await createDatabase();
  await captureHistory(store);
  await sealAll(store, MAX_ENTRIES, KEY);
  scene = await sceneOf(store);
});
afterAll(() => store?.[Symbol.asyncDispose]());

async function sceneOf(database: TestDatabase): Promise<Scene> {
  const found = await database.query(
    `select t.id, s.number, (select array_agg(e.id order by e.id) from audit.entries e where e.transaction_id = t.id)::text[] as entries
     from audit.transactions t join audit.seals s on s.first_id <= t.id and s.last_id >= t.id + 2
     where t.size = 3 order by t.id offset 2 limit 1`,
  );
  const [{ number, entries }] = found.rows;
  const last = (await seals(database)).at(-1)!;
  return { entries, seal: BigInt(number), last: last.number, head: { number: last.number, hash: last.hash } };
}

async function tampered(act: ReturnType<Tampering['act']>): Promise<TestDatabase> {
  const database = await createDatabase(inject('pgUrl'), store.name);
  await switchTriggersOff(database);
  if (typeof act === 'string') await database.query(act);
  else await act(database);
  return database;
}

test.each(CASES)('$what', async ({ what, act, found, seal, says, names }) => {
  const expected = Array.isArray(found) ? found : [found, found, found];
  await using database = await tampered(act(scene));
  const results = [
    await verify(database.url),
    await verify(database.url, { head: scene.head }),
    await verify(database.url, { publicKeys: [KEY.public] }),
  ];
  table.push([what, ...results.map(cell)]);
  expect(results.map(({ problems }) => problems[0]?.kind ?? null)).toEqual(expected);
  const [problem] = results[0]!.problems;
  if (seal !== undefined) expect(problem?.seal).toBe(seal(scene));
  if (says !== undefined) expect(problem?.message).toMatch(says);
  if (names !== undefined) expect(problem?.entries.map(String)).toEqual(names(scene));
  if (what === 'nothing') {
    expect(results.map(({ outcome }) => outcome)).toEqual(['consistent', 'proven', 'proven']);
    expect(results.map(({ provenTo }) => provenTo)).toEqual([null, scene.last, scene.last]);
    expect(results[0]).toMatchObject({ complete: true, unsealed: 0n, removedSeals: 0n, seals: scene.last });
  }
});

test('the table of all of it is the one that was looked at', async () => {
  expect(table).toHaveLength(CASES.length);
  const rows = [['what was done to the store', 'seals alone', 'with an exported head', 'with a public key'], ...table];
  const text = rows.map((row) =>
    row
      .map((cell, n) => (n === 3 ? cell : cell.padEnd(WIDTHS[n]!)))
      .join('  ')
      .trimEnd(),
  );
  await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('tamper-table.txt');
});

const WIDTHS = [58, 46, 46];

/** The first problem, its kind and seal; ids of entries differ from run to run. */
function cell({ outcome, problems, removedSeals, head }: Verification): string {
  const [problem] = problems;
  if (problem !== undefined) {
    const named = problem.entries.length === 0 ? '' : ` (${problem.entries.length} named)`;
    return `seal ${problem.seal}: ${problem.kind}${named}`;
  }
  if (head === null) return 'not seen (there is no seal)';
  if (removedSeals > 0n) return `told as removed by retention: ${removedSeals} seals`;
  return outcome;
}
