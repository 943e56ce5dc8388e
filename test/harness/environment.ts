/** The only place where the tests read the environment. */

/** A superuser's URL on a server with wal_level=logical, to be used instead of an embedded one. */
export const TEST_PG_URL: string | null = process.env['ROWTRAIL_TEST_PG_URL'] || null;

/** The major version of the embedded servers; null: that of the installed package. */
export const TEST_PG_VERSION: number | null = wholeNumber('ROWTRAIL_TEST_PG_VERSION');

/** How often the soak kills something. */
export const SOAK_KILLS: number = wholeNumber('ROWTRAIL_TEST_KILLS') ?? 100;

/** What random choices begin with; null: something else each time. */
export const TEST_SEED: number | null = wholeNumber('ROWTRAIL_TEST_SEED');

/** Without a browser, its tests fail rather than being skipped. */
export const IS_BROWSER_REQUIRED: boolean = process.env['ROWTRAIL_TEST_BROWSER'] === 'required';

/** How many cases a property with a server behind it tries; null: as few as its test says. */
export const TEST_RUNS: number | null = wholeNumber('ROWTRAIL_TEST_RUNS');

function wholeNumber(name: string): number | null {
  const text = process.env[name];
  if (text === undefined || text === '') return null;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} takes a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}
