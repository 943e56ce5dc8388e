import { expect, test } from 'vitest';
import { parseCpuMicros, parsePeakRss } from '../../../src/bench/process-usage.ts';

test('user and system time, after a name with spaces and parentheses', () => {
  const stat = '4711 (postgres: a) b (c)) S 1 4711 4711 0 -1 4194560 902 0 0 0 150 25 0 0 20 0 1 0 99 1 1';
  expect(parseCpuMicros(stat)).toBe(1_750_000);
});

test('a text that is no stat has no time', () => {
  expect(parseCpuMicros('')).toBeNull();
});

test('peak memory in bytes', () => {
  expect(parsePeakRss('Name:\tnode\nVmPeak:\t 900 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n')).toBe(2_097_152);
  expect(parsePeakRss('Name:\tkthreadd\n')).toBeNull();
});
