import type { Socket } from 'node:net';
import pg from 'pg';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';

/**
 * Every session that reads or writes images runs under these, so that a value has one text.
 * DESIGN §2.4.
 */
export const PINNED_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmlbinary: 'base64',
  search_path: 'pg_catalog',
};

const CONNECT_TIMEOUT_MS = 10_000;
/** The kernel's own two hours would leave a host that vanished unnoticed. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** 64-bit integers, numerics, dates and json stay text: no number passes through a JavaScript number. */
export const TEXT_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => (NATIVE_TYPE_OIDS.has(oid) ? nativeParser(oid) : (text: string) => text),
};

/** bool, int2, int4, oid, bytea, text[], int2[] and int4[]: the ones whose JavaScript value is exact. */
const NATIVE_TYPE_OIDS = new Set<number>([16, 21, 23, 26, 17, 1009, 1005, 1007]);
const nativeParser: (oid: number) => (text: string) => unknown = pg.types.getTypeParser;

/** Connection options for one client or pool on `url`; `application_name` names the part that uses it. */
export function connectionOptions(url: string, part: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: `rowtrail ${part}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    types: TEXT_TYPES,
  };
}

/**
 * A pool whose idle connections may be lost without bringing the process down. A client of it may be given a
 * statement while another one is at work: it is sent behind it, so that both cost one round trip. (Cursors, streams
 * and COPY need a client of their own.)
 */
export function createPool(
  url: string,
  part: string,
  options: { max: number; statementTimeoutMs?: number; answerTimeoutMs?: number; idleTimeoutMs?: number },
): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOptions(url, part),
    max: options.max,
    pipeline: true,
    ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMillis: options.idleTimeoutMs }),
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
    // Ours, not the server's: a connection that is half open answers nothing, and would be waited for for ever.
    ...(options.answerTimeoutMs === undefined ? {} : { query_timeout: options.answerTimeoutMs }),
  });
  // An error on an idle client is followed by its removal; the next query opens a new one.
  pool.on('error', () => {});
  // Nor is one that is taken out and asked nothing at this moment to bring the process down: its next query fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Cuts a connection, whatever it is in the middle of: `end` would wait for that. */
export function destroyClient(client: pg.ClientBase): void {
  socketOf(client).destroy();
}

/**
 * What `client.query` promises. Its own promise keeps an answer's rows from the collector until it collects the old
 * generation: with rows of a kilobyte, three quarters of all that is allocated were moved there first, 3 ms each time.
 */
export function answerOf<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  query: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    client.query<Row>(query, (error: Error | null, result) => {
      if (error === null || error === undefined) return resolve(result);
      // As there: the stack of who reads the socket tells nothing.
      Error.captureStackTrace(error);
      reject(error);
    });
  });
}

/** The process id of a connected client's backend; its types do not tell. */
export function backendOf(client: pg.ClientBase): number {
  return (client as unknown as { readonly processID: number }).processID;
}

/** What a client writes to; its types do not tell. */
export function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;
}

/** `url` without its password, for people to read. */
export function redactUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== '') parsed.password = '***';
    if (parsed.searchParams.has('password')) parsed.searchParams.set('password', '***');
    return parsed.toString();
  } catch {
    return '(not a URL)';
  }
}

/**
 * Says what a failure to connect or to query means and what to do about it.
 * Anything that is not recognised comes back as RT_INTERNAL with its cause.
 * SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function explainDatabaseError(error: unknown, what: string, url: string): RowtrailError {
  if (error instanceof RowtrailError) return error;
  const where = `${what} (${redactUrl(url)})`;
  const detail = messageOf(error);
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ENOENT':
    case '57P01':
    case '57P02':
    case '57P03':
    case '57P05':
    case '08003':
    case '08006':
    case '08P01':
      return new RowtrailError('RT_CONNECT', `cannot reach ${where}: ${detail}`, {
        hint: 'Check the host and port of the URL, that the server runs, and that it listens there.',
        cause: error,
      });
    case '28P01':
    case '28000':
      return new RowtrailError('RT_AUTH', `${where} refused the login: ${detail}`, {
        hint: 'Check the role and password of the URL, and the matching line of pg_hba.conf.',
        cause: error,
      });
    case '3D000':
      return new RowtrailError('RT_DATABASE_MISSING', `${where}: ${detail}`, {
        hint: 'Check the database name at the end of the URL.',
        cause: error,
      });
    case '42501':
      return new RowtrailError('RT_PRIVILEGE', `${where}: ${detail}`, {
        hint: 'Grant the right that is named, or run this step as a role that has it. README: "Roles".',
        cause: error,
      });
    case '25006':
      return new RowtrailError('RT_READ_ONLY', `${where} takes no writes: ${detail}`, {
        hint: 'Point the URL at the primary, or end its read-only state (default_transaction_read_only).',
        cause: error,
      });
    case '53000':
    case '53100':
    case '53200':
    case '53300':
    case '53400':
      return new RowtrailError('RT_RESOURCES', `${where} is out of something it needs: ${detail}`, {
        hint: 'See its log, and free disk space, memory or connections (max_connections, limits of the role).',
        cause: error,
      });
    case '40001':
    case '40P01':
    case '55P03':
      return new RowtrailError('RT_LOCK_TIMEOUT', `${where}: ${detail}`, {
        hint: 'Another session holds the table. Try again when its transaction has ended.',
        cause: error,
      });
    default:
      if (/timeout|terminated unexpectedly|Connection ended/i.test(detail)) {
        return new RowtrailError('RT_CONNECT', `cannot reach ${where}: ${detail}`, {
          hint: 'Check the host and port of the URL, and firewalls between here and there.',
          cause: error,
        });
      }
      return new RowtrailError('RT_INTERNAL', `${where}: ${detail}`, { cause: error });
  }
}
