import { describe, expect, it } from 'vitest';
import {
  columnRules,
  excludedColumns,
  ruleFaults,
  rulesToHold,
  type HeldRule,
} from '../../../src/capture/column-rules.ts';
import type { TableOptions } from '../../../src/config/config.ts';

const USERS: TableOptions = { exclude: ['password'], hash: ['email'], redact: ['ssn'], identity: null };
const OPTIONS = { 'public.users': USERS };

function table(name: string, columns: Readonly<Record<string, number | null>>) {
  return {
    oid: 1,
    schema: 'public',
    name,
    partitions: [],
    columns: Object.entries(columns).map(([column, attnum]) => ({ name: column, attnum, inKey: attnum === 1 })),
  };
}

function rulesOf(
  name: string,
  columns: Readonly<Record<string, number | null>>,
  held: readonly HeldRule[] = [],
): object {
  const names = Object.keys(columns);
  return Object.fromEntries(
    [...columnRules(table(name, columns), OPTIONS, held)].map(([i, rule]) => [names[i]!, rule]),
  );
}

const HELD = rulesToHold([table('users', { id: 1, email: 2, ssn: 3, password: 4 })], OPTIONS, []);

describe('a rule holds for its column', () => {
  it('by name', () => {
    expect(rulesOf('users', { id: 1, email: 2, ssn: 3, password: 4 })).toEqual({
      email: 'hash',
      ssn: 'redact',
      password: 'exclude',
    });
    expect(rulesOf('orders', { email: 2 })).toEqual({});
  });

  it('under another name, in a table of another name, and for a new column of its name', () => {
    expect(rulesOf('people', { id: 1, mail: 2, tax: 3, pw: 4, email: 5 }, HELD)).toEqual({
      mail: 'hash',
      tax: 'redact',
      pw: 'exclude',
      email: 'hash',
    });
  });

  it('the stricter of two', () => {
    expect(rulesOf('users', { password: 2, email: 4 }, HELD)).toEqual({ password: 'exclude', email: 'exclude' });
  });

  it('where it is open which column it is, for all that it could be', () => {
    expect(rulesOf('users', { id: 1, a: null, b: null, email: 2, ssn: 3 }, HELD)).toEqual({
      a: 'exclude',
      b: 'exclude',
      email: 'hash',
      ssn: 'redact',
    });
    // Of a table that is gone, the names still tell.
    expect(rulesOf('users', { id: null, email: null, ssn: null, password: null }, HELD)).toEqual({
      email: 'hash',
      ssn: 'redact',
      password: 'exclude',
    });
  });

  it('as long as the configuration has it', () => {
    expect([...columnRules(table('users', { mail: 2 }), { 'public.users': { ...USERS, hash: [] } }, HELD)]).toEqual([]);
  });

  it('of its root, when a partition is detached', () => {
    const held = rulesToHold([{ ...table('users', { id: 1, email: 2 }), partitions: [7] }], OPTIONS, []);
    const own = held.filter(({ oid }) => oid === 7);
    expect(own).toEqual([{ oid: 7, attnum: 0, table: 'public.users', column: '' }]);
    expect(rulesOf('users_1', { id: 1, email: 4 }, own)).toEqual({ email: 'hash' });
  });
});

it('what is held once is not to be recorded again', () => {
  expect(HELD).toHaveLength(4);
  expect(rulesToHold([table('users', { id: 1, email: 2, ssn: 3, password: 4 })], OPTIONS, HELD)).toEqual([]);
});

it('the numbers of excluded columns, for a capture on the source', () => {
  expect(excludedColumns(table('people', { id: 1, pw: 4, password: 6 }), OPTIONS, HELD)).toEqual([4, 6]);
});

it('faults are told', () => {
  const faults = (columns: Readonly<Record<string, number>>, name = 'users', held: typeof HELD = []): string[] =>
    ruleFaults([table(name, columns)], { tableOptions: OPTIONS, hashKey: null }, held).map(({ message }) => message);
  expect(faults({ id: 1, email: 2, ssn: 3, password: 4 })).toEqual([]);
  expect(faults({ id: 1, mail: 2, ssn: 3, password: 4 }, 'people', HELD)).toEqual([]);
  expect(faults({ id: 1, email: 2, password: 4 })).toEqual([
    'public.users has no column ssn, which tableOptions is to redact',
  ]);
  expect(faults({ id: 1 }, 'orders')).toEqual([
    'tableOptions masks columns of public.users, which is no tracked table',
  ]);
  expect(faults({ email: 1, ssn: 3, password: 4 })).toEqual([
    'a column of the key of public.users is masked, and there is no hashKey: its records cannot be told apart',
  ]);
});
