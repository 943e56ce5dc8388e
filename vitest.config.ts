import { defineConfig } from 'vitest/config';

/**
 * Limits are for what never comes, not for what comes late: nothing here is a measure of speed, and a machine may stand
 * still for some seconds.
 *
 * One server for all files. A test waits for about half of its time, so there is one worker more than cores; still more
 * would only make the cores the subject of the tests. Files share a worker's modules, which take a second a file to load.
 */
const onServer = {
  isolate: false,
  globalSetup: 'test/harness/global-setup.ts',
  maxWorkers: 3,
  testTimeout: 240_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 60_000 } },
};

const TIMED = 'test/faults/failover.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        // Properties run hundreds of cases; on a busy machine that takes its time.
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          isolate: false,
          testTimeout: 240_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: { name: 'postgres', include: ['test/postgres/**/*.test.ts'], ...onServer, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          name: 'faults',
          // Not as `exclude`, which would take the place of the command line's.
          include: ['test/faults/**/*.test.ts', `!${TIMED}`],
          ...onServer,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // One browser and one demo for all files.
        test: {
          name: 'console',
          include: ['test/console/**/*.test.ts'],
          isolate: false,
          globalSetup: 'test/console/global-setup.ts',
          maxWorkers: 1,
          testTimeout: 240_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000 } },
          sequence: { groupOrder: 2 },
        },
      },
      {
        // How long a hand-over takes is promised: nothing else runs meanwhile.
        test: { name: 'timed', include: [TIMED], ...onServer, maxWorkers: 1, sequence: { groupOrder: 3 } },
      },
      {
        // Minutes each, one after the other: `npm run test:soak`, not part of `npm test`.
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          ...onServer,
          maxWorkers: 1,
          testTimeout: 3_600_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
