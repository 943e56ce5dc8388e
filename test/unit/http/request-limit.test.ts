import { expect, test } from 'vitest';
import { RequestLimit } from '../../../src/http/request-limit.ts';
import { endedCookie, sessionCookie, sessionOf } from '../../../src/http/session-cookie.ts';

test('a key may make its requests at once, and then as many a minute', () => {
  const limit = new RequestLimit(60);
  for (let n = 0; n < 60; n += 1) expect(limit.take('a', 1_000)).toBe(0);
  expect(limit.take('a', 1_000)).toBe(1);
  expect(limit.wait('a', 1_500)).toBe(1);
  expect(limit.take('b', 1_000)).toBe(0);
  expect(limit.wait('a', 2_001)).toBe(0);
  expect(limit.take('a', 2_001)).toBe(0);
  expect(limit.take('a', 2_001)).toBe(1);
  for (let n = 0; n < 60; n += 1) expect(limit.take('a', 1_000_000)).toBe(0);
  expect(limit.take('a', 1_000_000)).toBe(1);
});

test('a wait is told in whole seconds', () => {
  const limit = new RequestLimit(2);
  expect([limit.take('a', 0), limit.take('a', 0), limit.take('a', 0)]).toEqual([0, 0, 30]);
});

test('keys without end take no memory without end', () => {
  const limit = new RequestLimit(1);
  for (let n = 0; n < 10_001; n += 1) limit.take(String(n), 0);
  expect(limit.wait('1', 0)).toBe(60);
  expect(limit.wait('0', 0)).toBe(0);
});

test('the cookie is for this server alone', () => {
  expect(sessionCookie('rs_x', false)).toBe('rowtrail_session=rs_x; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict');
  expect(sessionCookie('rs_x', true)).toBe(
    '__Host-rowtrail_session=rs_x; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict; Secure',
  );
  expect(endedCookie(false)).toContain('Max-Age=0');
  expect(sessionOf('a=b; rowtrail_session=rs_x;c=d', false)).toBe('rs_x');
  expect(sessionOf('rowtrail_session=rs_x', true)).toBeUndefined();
  expect(sessionOf(undefined, false)).toBeUndefined();
});
