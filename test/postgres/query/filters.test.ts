import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listActivity, type ActivityPage } from '../../../src/query/activity.ts';
import { countActivity } from '../../../src/query/count.ts';
import { filterOf } from '../../../src/query/filter-input.ts';
import { resolveFilter, type ActivityFilter, type Sort } from '../../../src/query/filter.ts';
import { inSnapshot } from '../../../src/query/store-reader.ts';
import { entriesAfter } from '../../../src/query/tail.ts';
import { formatTime, nowMicros } from '../../../src/query/time.ts';
import { isOfOneHiddenClass, lastTwo } from '../../harness/hidden-class.ts';
import { GeneratedHistory, matches, randomFrom, START } from './generated-history.ts';
import { createHistory, SCHEMA, type History } from './history.ts';

let history: History;
let generated: GeneratedHistory;

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260214));
  await generated.prepare();
  await generated.add(5_000);
  await history.database.query('analyze');
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

function expected(filter: ActivityFilter, sort: Sort): bigint[] {
  const found = generated.known.filter((entry) => matches(entry, filter)).map((entry) => entry.id);
  return found.toSorted((a, b) => ((sort === 'id' ? a < b : a > b) ? -1 : 1));
}

async function walk(
  filter: ActivityFilter,
  sort: Sort,
  limit: number,
): Promise<{ found: bigint[]; last: ActivityPage }> {
  const found: bigint[] = [];
  let after: string | null = null;
  for (;;) {
    const page: ActivityPage = await listActivity(history.store, { filter, sort, limit, after, before: null });
    found.push(...page.entries.map(({ id }) => id));
    if (page.meta.next === null) return { found, last: page };
    after = page.meta.next;
  }
}

async function walkBack(filter: ActivityFilter, sort: Sort, limit: number, from: ActivityPage): Promise<bigint[]> {
  const found = from.entries.map(({ id }) => id);
  let before = from.meta.prev;
  while (before !== null) {
    const page = await listActivity(history.store, { filter, sort, limit, after: null, before });
    found.unshift(...page.entries.map(({ id }) => id));
    before = page.meta.prev;
  }
  return found;
}

function idsOf(pages: readonly ActivityPage[]): bigint[] {
  return pages.flatMap(({ entries }) => entries.map(({ id }) => id));
}

const TIMES = `from:${formatTime(START + 3_600_000_000n * 24n)} to:${formatTime(START + 3_600_000_000n * 72n)}`;

const QUERIES = [
  'ip:10.0.0.7',
  'ip:10.0.0.0/8',
  'ip:10.0.1.9',
  'ip:::ffff:10.0.1.9',
  'ip:2001:db8::/32',
  'ip:10.0.0.5',
  'ip:203.0.113.9 -user:7',
  'ip:0.0.0.0/0 table:rare',
  'request_id:req-7',
  'request_id:req-7,req-8 table:orders',
  'comment:audit',
  'comment:"customer called"',
  'comment:CALLED -comment:"customer called"',
  'comment:passkey',
  'comment:passkey,audit',
  'field:odd',
  'field:total table:orders',
  'field:odd,total -field:status',
  'old:9',
  'old:9 new:3',
  'field:total old:9 new:3',
  'old:""',
  'old:null',
  'new:paid action:create',
  'old:paid action:delete',
  'new:"say \\"no\\" \\\\ or"',
  'value:ÜNÏ',
  'value:"100%" -value:"ünïcode 100%"',
  'value:"NO\\" \\\\"',
  'value:pai -old:paid table:customers',
  'user:7 old:shipped',
  'user:ANA table:orders',
  'record:3 old:paid',
  'is:direct',
  '-is:direct table:rare',
  'is:bulk',
  'is:bulk -is:direct',
  'is:event',
  'is:event,bulk user:Ana',
  '-is:event table:rare',
  'is:incomplete',
  'is:incomplete,direct table:rare',
  'attribution:database',
  '-attribution:app -action:login',
  'attribution:api',
  'ana',
  'Ana called',
  'req-7',
  '"audit finding"',
  'finding 12',
  '-called customer',
  '29 -user:ana',
  'nothing-like-it',
  '"---"',
  '-table:orders -table:customers',
  '-user:Ana -user:ben',
  '-source:shop',
  '-source:shop,billing',
  '-record:3 table:rare',
  '-action:update -action:create user:99',
  '-table:nowhere user:rare',
  'table:orders user:Ana action:update field:status ip:10.0.0.0/16 is:bulk,direct',
];

describe.each(QUERIES)('%s', (text) => {
  it.each(['-id', 'id'] as const)('finds each entry once, forth and back (%s)', async (sort) => {
    const filter = filterOf({ q: text });
    const all = expected(filter, sort);
    const limit = Math.min(1000, Math.max(1, Math.ceil(all.length / 3)));
    const { found, last } = await walk(filter, sort, limit);
    expect(found).toEqual(all);
    expect(await walkBack(filter, sort, limit, last)).toEqual(all);
  });

  it('finds them in a time', async () => {
    const filter = filterOf({ q: `${text} ${TIMES}` });
    expect((await walk(filter, '-id', 1000)).found).toEqual(expected(filter, '-id'));
  });

  it('is counted', async () => {
    for (const q of [text, `${text} ${TIMES}`]) {
      const filter = filterOf({ q });
      const count = (mode: 'exact' | 'estimate') =>
        inSnapshot(history.store, (snapshot) => countActivity(snapshot, filter, mode, 0n));
      const { length } = expected(filter, 'id');
      expect(await count('exact')).toEqual({ value: length, exact: true });
      const guess = await count('estimate');
      if (guess.exact) expect(guess.value).toBe(length);
      else expect(Math.abs(guess.value - length)).toBeLessThan(length / 2);
    }
  });
});

describe('a transaction', () => {
  it('is found by its id, with others and beside other filters', async () => {
    const large = generated.known.filter(({ transactionSize }) => transactionSize > 100);
    const [first, second] = [...new Set(large.map(({ transactionId }) => transactionId))] as [bigint, bigint];
    for (const q of [
      `tx:${first}`,
      `tx:${first},${second}`,
      `tx:${first} action:update`,
      `tx:${first} record:3,4,5`,
      `tx:${first + 1n}`,
      `is:bulk -tx:${first}`,
    ]) {
      const filter = filterOf({ q });
      for (const sort of ['id', '-id'] as const) {
        expect((await walk(filter, sort, 30)).found, q).toEqual(expected(filter, sort));
      }
    }
  });
});

describe('any filters together', () => {
  const term = fc.constantFrom(
    ...QUERIES.flatMap((text) => (text.includes('"') ? [] : text.split(' '))),
    'source:shop',
    'table:rare',
    'user:99',
  );
  it('find what they say, each by itself and all together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(term, { minLength: 2, maxLength: 4 }),
        fc.boolean(),
        fc.constantFrom<Sort>('id', '-id'),
        async (terms, timed, sort) => {
          const filter = filterOf({ q: [...terms, ...(timed ? [TIMES] : [])].join(' ') });
          const all = expected(filter, sort);
          const limit = Math.min(1000, Math.max(1, Math.ceil(all.length / 2)));
          const { found, last } = await walk(filter, sort, limit);
          expect(found).toEqual(all);
          expect(await walkBack(filter, sort, limit, last)).toEqual(all);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are found in bites where no index tells them, in pages that may be empty', async () => {
    let bites = 0;
    for (const q of [
      'field:odd',
      'value:ünï -is:direct',
      'new:"ünïcode 100%" -user:8',
      '-record:3 is:incomplete',
      'ip:0.0.0.0/0 old:9',
    ]) {
      const filter = filterOf({ q });
      for (const sort of ['-id', 'id'] as const) {
        const ask = (part: { after?: string | null; before?: string | null }): Promise<ActivityPage> =>
          listActivity(history.store, {
            filter,
            sort,
            limit: 20,
            after: null,
            before: null,
            ...part,
            maxLookedAt: 300,
          });
        const pages = [await ask({})];
        while (pages.at(-1)?.meta.next !== null) pages.push(await ask({ after: pages.at(-1)?.meta.next as string }));
        expect(idsOf(pages), q).toEqual(expected(filter, sort));
        const ended = pages.filter(({ meta }) => meta.searched !== undefined);
        bites += ended.length;
        for (const { meta } of ended) expect(meta.searched?.until).toMatch(/^20\d\d-.*Z$/);
        const back = [pages.at(-1) as ActivityPage];
        while (back[0]?.meta.prev !== null) back.unshift(await ask({ before: back[0]?.meta.prev as string }));
        expect(idsOf(back), q).toEqual(expected(filter, sort));
      }
    }
    expect(bites).toBeGreaterThan(10);
  });

  it('are followed as they come', async () => {
    const filter = filterOf({ q: 'field:status -user:8 value:paid' });
    const found: bigint[] = [];
    let [from, more] = [0n, true];
    while (more) {
      const bite = await entriesAfter(history.store, from, filter, 50);
      found.push(...bite.entries.map(({ id }) => id));
      ({ lastId: from, more } = bite);
    }
    expect(found).toEqual(expected(filter, 'id'));
  });
});

describe('an address that a client claims', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7'],
    [' 10.0.0.7 ,unknown', '10.0.0.7'],
    ['::FFFF:10.0.0.7', '10.0.0.7'],
    ['::ffff:a00:7', '::ffff:10.0.0.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['1:2:3:4:5:6::', '1:2:3:4:5:6::'],
    ['10.0.0.7:8080', null],
    ['010.0.0.7', null],
    ['10.0.0.256', null],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['1:2:3:4:5:6:7:8::', null],
    ['1::2::3', null],
    ['', null],
    ['x'.repeat(64), null],
  ])('%j is the address %s', async (text, address) => {
    const found = await history.database.query(`select host(${SCHEMA}.address($1)) as address`, [text]);
    expect(found.rows[0].address).toBe(address);
  });

  it('never makes a write fail, whatever it is', async () => {
    const part = fc.constantFrom('::', ':', '1', 'ffff', '10', '.', '256', '%', ',', ' ', 'a', 'G', '10.0.0.1');
    const texts = fc.sample(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.ipV6(),
        fc.ipV4(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      4_000,
    );
    await history.database.query(`select count(${SCHEMA}.address(t)) from unnest($1::text[]) t`, [
      texts.map((text) => text.replaceAll(/[\0\p{Cs}]/gu, '')),
    ]);
    const valid = fc.sample(fc.oneof(fc.ipV4(), fc.ipV6()), 1_000).filter((text) => !/:.*\./.test(text));
    const found = await history.database.query(
      `select t from unnest($1::text[]) t where ${SCHEMA}.address(t) is distinct from t::inet`,
      [valid],
    );
    expect(found.rows).toEqual([]);
  });
});

describe('an event whose data PostgreSQL cannot represent', () => {
  it('is written all the same, and has no comment to find', async () => {
    const source = await history.addSource('forged');
    const first = await history.openBlock(source, 2);
    await history.database.query(
      `insert into ${SCHEMA}.entries (id, occurred_at, action, data) values
       ($1, now(), 'login', '{"comment":"forgery","data":"\\u0000"}'), ($1 + 1, now(), 'login', '{"comment":"\\ud800"}')`,
      [first],
    );
    await history.closeBlock(first);
    expect((await walk(filterOf({ q: 'comment:forgery' }), '-id', 5)).found).toEqual([]);
    expect((await walk(filterOf({ q: 'action:login -comment:passkey' }), '-id', 1000)).found.slice(0, 2)).toEqual([
      first + 1n,
      first,
    ]);
  });
});

it('is resolved to objects of one hidden class, one for each question', async () => {
  const filter = filterOf({ user: ['7'], q: '-action:delete' });
  const [one, other] = await inSnapshot(history.store, (snapshot) =>
    lastTwo(() => resolveFilter(snapshot, filter, nowMicros())),
  );
  expect(isOfOneHiddenClass(one!, other!)).toBe(true);
});
