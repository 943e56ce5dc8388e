/** The only place where the tests read the environment. */

/** A superuser's URL on a server with wal_level=logical, to be used instead of an embedded one. */
export const TEST_PG_URL: string | null = process.env['ROWTRAIL_TEST_PG_URL'] || null;
