import { describe, expect, test } from 'vitest';
import { includes, parseTablePattern } from '../../src/lib/table-pattern.ts';
import { planTables, tableLabel, type TableRow } from '../../src/setup/tables.ts';

let nextOid = 1;

function table(name: string, overrides: Partial<TableRow> = {}): TableRow {
  const [schema = 'public', bare = name] = name.includes('.') ? name.split('.') : ['public', name];
  nextOid += 1;
  return {
    oid: nextOid,
    schema,
    name: bare,
    kind: 'r',
    unlogged: false,
    rootOid: null,
    inheritsFrom: [],
    extension: null,
    owner: 'app',
    owned: true,
    identity: 'd',
    identityIndex: null,
    hasPrimaryKey: true,
    hasIdentityIndex: false,
    hasVirtualColumns: false,
    hasTriggers: false,
    hasAfterTrigger: false,
    truncateTrigger: null,
    captureTriggers: [],
    published: false,
    columnListPublications: [],
    recorded: null,
    ...overrides,
  };
}

function plan(rows: TableRow[], tables = ['public.*'], identity: 'full' | 'existing' = 'full') {
  return planTables(rows, { capture: 'wal', tables, identity, tableOptions: {} }, { hasEventTriggers: false });
}

describe('table patterns', () => {
  test.each<[string[], string, string, boolean]>([
    [['public.*'], 'public', 'orders', true],
    [['public.*'], 'publicity', 'orders', false],
    [['*.orders'], 'x', 'orders', true],
    [['public.*', '!public.sessions'], 'public', 'sessions', false],
    [['public.*', '!public.log_*', 'public.log_in'], 'public', 'log_in', true],
    [['!public.a', 'public.*'], 'public', 'a', true],
    [['public.a+b'], 'public', 'a+b', true],
    [['public.a+b'], 'public', 'aab', false],
    [['public.x.y'], 'public', 'x.y', true],
    [['public.*'], 'public', 'line\nbreak', true],
    [['public.Orders'], 'public', 'orders', false],
    [[], 'public', 'orders', false],
  ])('%j on %s.%s: %s', (texts, schema, name, expected) => {
    expect(
      includes(
        texts.map((text) => parseTablePattern(text)),
        schema,
        name,
      ),
    ).toBe(expected);
  });
});

describe('planTables', () => {
  test('tracks what matches; partitions follow their root whatever they are called', () => {
    const root = table('orders', { kind: 'p' });
    const leaf = table('archive.orders_1', { rootOid: root.oid, hasPrimaryKey: false });
    const { tracked } = plan([table('a'), root, leaf, table('other.b')]);
    expect(tracked.map(({ members }) => members.map((row) => tableLabel(row)))).toEqual([
      ['public.a'],
      ['archive.orders_1', 'public.orders'],
    ]);
  });

  test.each<[string, Partial<TableRow>, 'full' | 'existing', RegExp]>([
    ['unlogged', { unlogged: true }, 'full', /unlogged/],
    ['foreign', { kind: 'f' }, 'full', /foreign/],
    ['of an extension', { extension: 'postgis' }, 'full', /extension postgis/],
    ['partitioned without key', { kind: 'p', hasPrimaryKey: false }, 'full', /partitioned and has no primary key/],
    [
      'partitioned with an identity index alone',
      { kind: 'p', hasPrimaryKey: false, identity: 'i', hasIdentityIndex: true },
      'full',
      /no primary key/,
    ],
    ['without key, identity existing', { hasPrimaryKey: false }, 'existing', /no replica identity/],
    ['identity nothing, existing', { identity: 'n' }, 'existing', /no replica identity/],
    ['identity index gone, existing', { identity: 'i' }, 'existing', /no replica identity/],
    [
      'column list and no key',
      { hasPrimaryKey: false, columnListPublications: ['other'] },
      'full',
      /publication other names columns/,
    ],
  ])('skips one that is %s', (_name, overrides, identity, reason) => {
    const { tracked, skipped } = plan([table('t', overrides)], ['public.*'], identity);
    expect(tracked).toEqual([]);
    expect(skipped).toMatchObject([{ reason: expect.stringMatching(reason), named: false }]);
  });

  test.each<[string, Partial<TableRow>, 'full' | 'existing', 'full' | 'existing']>([
    ['no key, identity full', { hasPrimaryKey: false }, 'full', 'full'],
    ['a column list elsewhere and a key', { columnListPublications: ['other'] }, 'full', 'existing'],
    ['an identity index', { identity: 'i', hasIdentityIndex: true, hasPrimaryKey: false }, 'existing', 'existing'],
    ['identity full of its own', { identity: 'f', hasPrimaryKey: false }, 'existing', 'existing'],
    [
      'identity full that we set before',
      { identity: 'f', recorded: { root: 1, priorIdentity: 'd', priorIdentityIndex: null, identityChanged: true } },
      'existing',
      'existing',
    ],
  ])('tracks one with %s', (_name, overrides, wanted, identity) => {
    expect(plan([table('t', overrides)], ['public.*'], wanted).tracked).toMatchObject([{ identity }]);
  });

  test('goes by what the identity was before us when it is to be put back', () => {
    const row = table('t', {
      identity: 'f',
      hasPrimaryKey: false,
      recorded: { root: 1, priorIdentity: 'd', priorIdentityIndex: null, identityChanged: true },
    });
    expect(plan([row], ['public.*'], 'existing').skipped).toHaveLength(1);
  });

  test('one partition without identity stops its whole table under identity existing', () => {
    const root = table('orders', { kind: 'p' });
    const leaf = table('orders_1', { rootOid: root.oid, identity: 'n' });
    expect(plan([root, leaf], ['public.*'], 'existing').skipped[0]?.reason).toContain('public.orders_1');
  });

  test('a table’s own option wins', () => {
    const result = planTables(
      [table('a'), table('b')],
      {
        capture: 'wal',
        tables: ['public.*'],
        identity: 'full',
        tableOptions: { 'public.b': { exclude: [], hash: [], redact: [], identity: 'existing' } },
      },
      { hasEventTriggers: false },
    );
    expect(result.tracked.map(({ identity }) => identity)).toEqual(['full', 'existing']);
  });

  test('tells names that are missing, patterns without a match, and partitions named alone', () => {
    const root = table('orders', { kind: 'p' });
    const leaf = table('orders_1', { rootOid: root.oid });
    const result = plan([root, leaf], ['public.orders_1', 'public.nope', 'sales.*', '!public.gone']);
    expect(result.missing).toEqual(['public.nope']);
    expect(result.unmatched).toEqual(['sales.*']);
    expect(result.skipped).toMatchObject([{ named: true, hint: 'Name public.orders instead.' }]);
  });

  test('notes foreign and unlogged partitions and children that are left out', () => {
    const root = table('orders', { kind: 'p' });
    const foreign = table('orders_f', { rootOid: root.oid, kind: 'f' });
    const unlogged = table('orders_u', { rootOid: root.oid, unlogged: true });
    const child = table('other.child', { inheritsFrom: [root.oid] });
    const [tracked] = plan([root, foreign, unlogged, child]).tracked;
    expect(tracked?.members.map(({ name }) => name)).toEqual(['orders_u', 'orders']);
    expect(tracked?.notes).toHaveLength(3);
  });
});
