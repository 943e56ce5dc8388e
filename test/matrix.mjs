// The tests that need a server, against PostgreSQL of every supported version: `npm run test:matrix`.
// Numbers pick versions (`-- 14 18`), everything else goes to vitest (`-- 14 --reporter=json`).
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SUPPORTED = ['14', '15', '16', '17', '18'];
// What they are about is always the same server: the installed package's, or an old one that is refused.
const OF_ONE_VERSION = ['demo', 'embedded', 'package', 'refused-version'].map(
  (name) => `test/postgres/${name}.test.ts`,
);
const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

const given = process.argv.slice(2);
const picked = given.filter((argument) => /^\d+$/.test(argument));
const options = given.filter((argument) => !picked.includes(argument));
const unknown = picked.filter((version) => !SUPPORTED.includes(version));
if (unknown.length > 0) {
  console.error(`not a supported version: ${unknown.join(', ')}. There are ${SUPPORTED.join(', ')}.`);
  process.exit(2);
}

const results = (picked.length > 0 ? picked : SUPPORTED).map((version) => {
  console.log(`\n======== PostgreSQL ${version} ========`);
  const startedAt = performance.now();
  const { status } = spawnSync(
    process.execPath,
    [
      VITEST,
      'run',
      '--project=postgres',
      '--project=faults',
      '--project=timed',
      ...OF_ONE_VERSION.map((file) => `--exclude=${file}`),
      ...options,
    ],
    { stdio: 'inherit', env: { ...process.env, ROWTRAIL_TEST_PG_VERSION: version, ROWTRAIL_TEST_PG_URL: '' } },
  );
  return { version, passed: status === 0, seconds: Math.round((performance.now() - startedAt) / 1000) };
});

console.log('\nPostgreSQL   result   seconds');
for (const { version, passed, seconds } of results) {
  console.log(`${version.padEnd(12)} ${(passed ? 'passed' : 'FAILED').padEnd(8)} ${String(seconds).padStart(7)}`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
