import { expect, test } from 'vitest';
import { checksText } from '../../../src/cli/check.ts';
import { createPaint } from '../../../src/cli/paint.ts';

const PLAIN = createPaint(false);

test('findings under what they belong to, fixes below them, a summary', () => {
  expect(
    checksText(
      [
        { source: null, name: 'store-connection', status: 'ok', message: 'the store can be reached', fix: null },
        {
          source: 'shop',
          name: 'wal-level',
          status: 'problem',
          message: 'wal_level is replica',
          fix: 'alter system …\nrestart',
        },
        { source: 'shop', name: 'wal-bound', status: 'warning', message: 'no bound', fix: 'Set one.' },
      ],
      PLAIN,
    ),
  ).toBe(`store
  ✓ the store can be reached

shop
  ✗ wal_level is replica
    → alter system …
      restart
  ! no bound
    → Set one.

1 problem, 1 warning in 3 checks.`);
});

test('nothing wrong', () => {
  expect(checksText([{ source: null, name: 'x', status: 'ok', message: 'fine', fix: null }], PLAIN)).toMatch(
    /\n\nAll 1 checks passed\.$/,
  );
});
