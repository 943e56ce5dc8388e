import { expect, test } from 'vitest';
import { parseBenchArguments } from '../../../src/bench/options.ts';
import { RowtrailError } from '../../../src/lib/errors.ts';

test('everything has a default', () => {
  expect(parseBenchArguments(['ingest'])).toEqual({
    bench: 'ingest',
    options: {
      workloads: ['100', '1', '1m'],
      changes: null,
      runs: 3,
      context: false,
      json: false,
      cpuProfileDir: null,
    },
  });
  expect(parseBenchArguments(['lag'])).toEqual({
    bench: 'lag',
    options: { transactions: 1000, perSecond: 1000, json: false },
  });
  expect(parseBenchArguments(['source'])).toEqual({
    bench: 'source',
    options: {
      variants: ['none', 'identity', 'wal', 'emit', 'trigger', 'classic'],
      runs: 5,
      seconds: 5,
      json: false,
    },
  });
});

test('of the seal bench', () => {
  expect(parseBenchArguments(['seal'])?.options).toEqual({ changes: 500_000, runs: 3, json: false });
  expect(parseBenchArguments(['seal', '--rows', '1000', '--runs', '1', '--json'])?.options).toEqual({
    changes: 1_000,
    runs: 1,
    json: true,
  });
});

test('of the query bench', () => {
  expect(parseBenchArguments(['query'])?.options).toEqual({
    entries: 10_000_000,
    requests: 200,
    question: null,
    sizeOnly: false,
    hugePages: true,
    keep: null,
    json: false,
  });
  const args = ['query', '--entries', '1_000_000', '--requests', '9', '--question', 'user', '--keep', 'here', '--json'];
  expect(parseBenchArguments(args)?.options).toEqual({
    entries: 1_000_000,
    requests: 9,
    question: 'user',
    sizeOnly: false,
    hugePages: true,
    keep: 'here',
    json: true,
  });
  expect(parseBenchArguments(['query', '--no-huge-pages'])?.options).toMatchObject({ hugePages: false });
  expect(parseBenchArguments(['query', '--size'])?.options).toMatchObject({ sizeOnly: true, question: null });
  expect(() => parseBenchArguments(['query', '--size', '--question', 'user'])).toThrow(/does not go with --question/);
  expect(() => parseBenchArguments(['query', '--entries', '30000000'])).toThrow(/from 1 to 20000000/);
});

test('variants are taken in their own order, and only those there are', () => {
  const chosen = parseBenchArguments(['source', '--variant', 'classic,none', '--runs', '2', '--seconds', '1']);
  expect(chosen?.options).toEqual({ variants: ['none', 'classic'], runs: 2, seconds: 1, json: false });
  expect(() => parseBenchArguments(['source', '--variant', 'none,fast'])).toThrow(/not fast/);
});

test('options', () => {
  const args = [
    'ingest',
    '--workload',
    '1m',
    '--rows',
    '10_000',
    '--runs=2',
    '--json',
    '--context',
    '--cpu-prof',
    '/p',
  ];
  expect(parseBenchArguments(args)).toEqual({
    bench: 'ingest',
    options: { workloads: ['1m'], changes: 10_000, runs: 2, context: true, json: true, cpuProfileDir: '/p' },
  });
  expect(parseBenchArguments(['lag', '--transactions', '20', '--rate', '500', '--json'])).toEqual({
    bench: 'lag',
    options: { transactions: 20, perSecond: 500, json: true },
  });
});

test('asking for help', () => {
  expect(parseBenchArguments(['--help'])).toBeNull();
  expect(parseBenchArguments(['ingest', '-h'])).toBeNull();
});

test.each([
  [[], 'no benchmark is named'],
  [['egress'], 'unknown benchmark: egress'],
  [['ingest', 'more'], 'unknown benchmark: ingest more'],
  [['ingest', '--fast'], "Unknown option '--fast'"],
  [['ingest', '--workload', '2'], '--workload takes 100, 1, 1m or all, not 2'],
  [['lag', '--transactions', 'x'], '--transactions takes a whole number from 1 to 1000000, not x'],
  [['ingest', '--rows', '0'], '--rows takes a whole number from 1 to 100000000, not 0'],
  [['ingest', '--runs', '1.5'], '--runs takes a whole number from 1 to 100, not 1.5'],
])('%j is refused', (args, message) => {
  let thrown: unknown;
  try {
    parseBenchArguments(args);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RowtrailError);
  expect(thrown).toMatchObject({ code: 'RT_USAGE', message: expect.stringContaining(message) });
});
