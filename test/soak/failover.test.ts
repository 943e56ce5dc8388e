import { expect, it } from 'vitest';
import { SOAK_KILLS, TEST_SEED } from '../harness/environment.ts';
import { failOver } from '../harness/failover.ts';

const SEED = TEST_SEED ?? Math.floor(Math.random() * 1e6);
const HAND_OVER_LIMIT_MS = 5_000;

it.each(['wal', 'trigger'] as const)(
  `three daemons lose and double nothing while the one that captures is killed ${SOAK_KILLS} times under load (%s, seed ${SEED})`,
  async (capture) => {
    const report = await failOver(SOAK_KILLS, SEED, capture);
    console.log({ capture, ...report });
    expect(Math.max(...report.handOverMs)).toBeLessThan(HAND_OVER_LIMIT_MS);
  },
);
