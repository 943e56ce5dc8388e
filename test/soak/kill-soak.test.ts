import { expect, it } from 'vitest';
import { SOAK_KILLS, TEST_SEED } from '../harness/environment.ts';
import { soakWithKills } from '../harness/kill-soak.ts';

const SEED = TEST_SEED ?? Math.floor(Math.random() * 1e6);

it(`loses and doubles nothing while daemon, source and store are killed ${SOAK_KILLS} times under load (seed ${SEED})`, async () => {
  const report = await soakWithKills(SOAK_KILLS, SEED, console.log);
  console.log(report);
  expect(report.changes).toBeGreaterThan(SOAK_KILLS * 10);
});
