import { expect, it } from 'vitest';
import { TEST_SEED } from '../harness/environment.ts';
import { soakWithKills } from '../harness/kill-soak.ts';

/** `npm run test:soak` does the same a hundred times. */
const KILLS = 6;
const SEED = TEST_SEED ?? Math.floor(Math.random() * 1e6);

it(
  `loses and doubles nothing while daemon, source and store are killed ${KILLS} times (seed ${SEED})`,
  { timeout: 300_000 },
  async () => {
    const report = await soakWithKills(KILLS, SEED);
    console.log(report);
    expect(Math.min(...Object.values(report.kills))).toBeGreaterThan(0);
    expect(report.changes).toBeGreaterThan(50);
  },
);
