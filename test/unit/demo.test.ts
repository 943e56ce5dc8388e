import { describe, expect, test } from 'vitest';
import { demoConfig } from '../../src/demo/demo.ts';
import { PEOPLE, peopleFor } from '../../src/demo/people.ts';
import { between, pickWeighted, randomUuid, seededRandom } from '../../src/demo/random.ts';
import { partitionStatements } from '../../src/demo/schema.ts';
import { nextStep, openingSteps } from '../../src/demo/script.ts';
import { claimStatement, type Step } from '../../src/demo/step.ts';

describe('random choices', () => {
  test('are the same for the same seed', () => {
    const steps = (seed: number): Step[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => nextStep(random));
    };
    expect(steps(7)).toEqual(steps(7));
    expect(steps(7)).not.toEqual(steps(8));
  });
  test('stay in their range and follow their weights', () => {
    const random = seededRandom(1);
    const drawn = Array.from({ length: 10_000 }, () => between(random, 3, 5));
    expect(new Set(drawn)).toEqual(new Set([3, 4, 5]));
    const heads = Array.from({ length: 10_000 }, () => pickWeighted(random, [{ weight: 9 }, { weight: 1 }]).weight);
    const share = heads.filter((weight) => weight === 9).length / heads.length;
    expect(share).toBeGreaterThan(0.88);
    expect(share).toBeLessThan(0.92);
    expect(randomUuid(random)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('the cast', () => {
  test('comes from addresses reserved for documentation', () => {
    for (const { ip } of PEOPLE) expect(ip).toMatch(/^(203\.0\.113\.\d+|198\.51\.100\.\d+|2001:db8:[0-9a-f:]+)$/);
    expect(new Set(PEOPLE.map((person) => person.id)).size).toBe(PEOPLE.length);
  });
  test('has somebody for every duty', () => {
    for (const duty of ['sales', 'support', 'warehouse', 'catalogue'] as const) {
      for (const person of peopleFor(duty)) expect(person.duties).toContain(duty);
    }
  });
});

describe('the script', () => {
  const opening = openingSteps(seededRandom(1));
  test('opens with everything there is: app, direct SQL, batch and mistakes', () => {
    expect(new Set(opening.map((step) => step.role))).toEqual(new Set(['shop_app', 'shop_dba', 'shop_batch']));
    expect(new Set(opening.map((step) => step.name))).toContain('zero prices');
    expect(new Set(opening.map((step) => step.name))).toContain('delete order');
  });
  test('claims who it was in the app, and never with direct SQL', () => {
    for (const step of opening) {
      if (step.role === 'shop_app')
        expect(step.claims).toMatchObject({
          user_id: expect.stringMatching(/./),
          ip: expect.stringMatching(/./),
          request_id: expect.stringMatching(/./),
        });
      if (step.role === 'shop_dba') expect(step.claims).toBeNull();
    }
  });
  test('makes its claims for the transaction only, as parameters', () => {
    expect(claimStatement({ user_id: "o'brien", comment: 'why' })).toEqual({
      sql: "select set_config('rowtrail.user_id', $1, true), set_config('rowtrail.comment', $2, true)",
      params: ["o'brien", 'why'],
    });
  });
});

test('partitions are whole months of UTC, over the end of a year', () => {
  const statements = partitionStatements(new Date('2026-11-30T23:30:00-03:00'));
  expect(statements.map((statement) => statement.replace(/\s+/g, ' '))).toEqual([
    "create table if not exists public.order_events_2026_12 partition of public.order_events for values from ('2026-12-01 00:00:00+00') to ('2027-01-01 00:00:00+00')",
    "create table if not exists public.order_events_2027_01 partition of public.order_events for values from ('2027-01-01 00:00:00+00') to ('2027-02-01 00:00:00+00')",
    "create table if not exists public.order_events_2027_02 partition of public.order_events for values from ('2027-02-01 00:00:00+00') to ('2027-03-01 00:00:00+00')",
  ]);
});

test('the configuration watches every table of the shop, on loopback without tokens', () => {
  const config = demoConfig({
    url: 'postgres://postgres:secret@127.0.0.1:5432/shop',
    revertUrl: 'postgres://shop_revert:secret@127.0.0.1:5432/shop',
    port: 7401,
    logLevel: 'warn',
  });
  expect(config.http).toMatchObject({ host: '127.0.0.1', port: 7401, auth: { mode: 'none' } });
  expect(config.sources).toMatchObject([{ name: 'shop', tables: ['public.*'], capture: 'wal', slot: 'rowtrail_shop' }]);
  expect(config.store.url).toBe(config.sources[0]?.url);
});
