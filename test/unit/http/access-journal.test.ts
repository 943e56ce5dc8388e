import { expect, it } from 'vitest';
import { AccessJournal, type Access } from '../../../src/http/access-journal.ts';
import type { NewEntry } from '../../../src/store/journal-entry.ts';

const ON = { reads: true, exports: true, reverts: true, denials: true };

function access(given: Partial<Access> = {}): Access {
  return {
    caller: 'ana',
    operation: 'listActivity',
    method: 'GET',
    target: '/api/v1/activity?user=7&limit=50',
    status: 200,
    address: '203.0.113.9',
    userAgent: 'curl',
    filter: null,
    ...given,
  };
}

function journal(switches = ON) {
  const noted: NewEntry[] = [];
  const clock = { now: 0 };
  const access = new AccessJournal(
    { note: (entry) => noted.push(entry), append: () => Promise.resolve([]) },
    switches,
    () => clock.now,
  );
  return { access, noted, clock };
}

it('notes a read with who, from where and what', () => {
  const { access: it, noted } = journal();
  it.noteAnswer(access());
  expect(noted).toMatchObject([
    {
      action: 'read',
      user: { id: 'ana', name: 'ana' },
      token: 'ana',
      ip: '203.0.113.9',
      userAgent: 'curl',
      sourceId: null,
      relationId: null,
    },
  ]);
  expect(JSON.parse(noted[0]!.data!)).toEqual({
    operation: 'listActivity',
    path: '/api/v1/activity',
    query: 'user=7&limit=50',
  });
});

it('takes pages that are turned and refreshed for one read, for five minutes', () => {
  const { access: it, noted, clock } = journal();
  it.noteAnswer(access());
  it.noteAnswer(access({ target: '/api/v1/activity?after=x&user=7' }));
  it.noteAnswer(access({ target: '/api/v1/activity?user=7&sort=id' }));
  expect(noted).toHaveLength(1);
  it.noteAnswer(access({ caller: 'ben' }));
  it.noteAnswer(access({ target: '/api/v1/activity?user=8' }));
  expect(noted).toHaveLength(3);
  clock.now = 5 * 60_000;
  it.noteAnswer(access());
  expect(noted).toHaveLength(4);
});

it('notes a search, whose filter is in its body, and not what a query bar asks for', () => {
  const { access: it, noted } = journal();
  it.noteAnswer(access({ operation: 'suggestValues', target: '/api/v1/suggest?key=user&prefix=a' }));
  expect(noted).toEqual([]);
  const search = { operation: 'searchActivity', method: 'POST', target: '/api/v1/activity/search' };
  it.noteAnswer(access({ ...search, filter: '{"q":"user:7","limit":50}' }));
  it.noteAnswer(access({ ...search, filter: '{"after":"x","q":"user:7"}' }));
  expect(noted).toHaveLength(1);
  expect(JSON.parse(noted[0]!.data!)).toMatchObject({ filter: '{"q":"user:7","limit":50}' });
  it.noteAnswer(access({ ...search, filter: '{"q":"user:8"}' }));
  expect(noted).toHaveLength(2);
});

it('notes neither what failed, nor what was written, nor who is nobody', () => {
  const { access: it, noted } = journal();
  it.noteAnswer(access({ status: 404 }));
  it.noteAnswer(access({ status: 503 }));
  it.noteAnswer(access({ method: 'POST', status: 201 }));
  it.noteAnswer(access({ caller: null }));
  expect(noted).toEqual([]);
});

it('notes denials up to a number a minute, and then how many more there were', () => {
  const { access: it, noted, clock } = journal();
  for (let n = 0; n < 100; n += 1)
    it.noteAnswer(access({ caller: null, status: 401, target: `/api/v1/activity?n=${n}` }));
  expect(noted).toHaveLength(60);
  expect(noted[0]).toMatchObject({ action: 'denied', user: null, token: 'unknown' });
  clock.now = 60_000;
  it.noteAnswer(access({ status: 403, operation: 'postEvents' }));
  expect(JSON.parse(noted.at(-1)!.data!)).toMatchObject({ operation: 'postEvents', status: 403, unwritten: 40 });
});

it('is switched off a kind at a time', () => {
  const { access: it, noted } = journal({ reads: false, exports: true, reverts: true, denials: false });
  it.noteAnswer(access());
  it.noteAnswer(access({ status: 403 }));
  expect(noted).toEqual([]);
});
