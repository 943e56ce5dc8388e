import { expect, it } from 'vitest';
import type { Claims, SessionFacts } from '../../src/change/context.ts';
import { filterOf } from '../../src/query/filter-input.ts';
import { attribute } from '../../src/transaction/attribution.ts';
import { isOfOneHiddenClass, lastTwo } from '../harness/hidden-class.ts';

const SESSION: SessionFacts = { token: 'token', sessionRole: 'app', clientAddr: null, pid: 1, startedAt: null };
const UNCLAIMED: Claims = {
  userId: null,
  userName: null,
  ip: null,
  userAgent: null,
  comment: null,
  requestId: null,
  context: null,
};

it('is the same for all objects of a kind, which V8 can then read fast and forget soon', async () => {
  const made = {
    filter: await lastTwo(() => filterOf({ user: ['4711'], q: 'action:delete' })),
    claimed: await lastTwo(() => attribute(SESSION, 'app', 'psql', { ...UNCLAIMED, userId: '4711' })),
    unclaimed: await lastTwo(() => attribute(SESSION, 'app', 'psql', UNCLAIMED)),
  };
  for (const [what, [one, other]] of Object.entries(made)) {
    expect(one, what).not.toBe(other);
    expect(isOfOneHiddenClass(one, other), what).toBe(true);
  }
});

it('is told apart', () => {
  expect(isOfOneHiddenClass({ a: 1 }, { b: 1 })).toBe(false);
});
