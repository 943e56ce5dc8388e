import { expect, it } from 'vitest';
import { hugePageBytes, pagesFor } from '../../../src/bench/huge-pages.ts';

it('reads how large a huge page is', () => {
  expect(hugePageBytes('HugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:         0 kB\n')).toBe(
    2 * 1024 ** 2,
  );
  expect(hugePageBytes('MemTotal: 1 kB\n')).toBeNull();
});

it('allows pages for all of the shared memory, and no part of one too few', () => {
  const megabyte = 1024 ** 2;
  expect(pagesFor(0, 2 * megabyte)).toBe(128);
  expect(pagesFor(6000 * megabyte, 2 * megabyte)).toBe((6240 + 256) / 2);
  expect(pagesFor(1, 2 * megabyte)).toBe(129);
});
