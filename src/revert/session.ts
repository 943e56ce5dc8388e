import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { codeOf, messageOf, RowtrailError, type ErrorCode } from '../lib/errors.ts';
import { connectionOptions, destroyClient, explainDatabaseError, PINNED_SETTINGS } from '../pg/pool.ts';
import type { RevertCaller, RevertLimits } from './plan.ts';

const LOCK = `pg_catalog.hashtext('rowtrail.revert'), 0`;
const LOCK_POLL_MS = 100;

export interface SourceSession {
  readonly name: string;
  readonly url: string;
  readonly limits: RevertLimits;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs `work` on a connection of its own, as the only revert of the source. What is open when it ends is rolled back.
 * Throws RT_REVERT_BUSY where another one does not end in time, and explains what the database says.
 */
export async function onSource<Result>(
  session: SourceSession,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const { url, limits, name, signal } = session;
  const client = new pg.Client({ ...connectionOptions(url, 'revert'), pipeline: true });
  client.on('error', () => {});
  const timer = new AbortController();
  const cut = (): void => destroyClient(client);
  const deadline = setTimeout(() => {
    timer.abort();
    cut();
  }, limits.timeoutMs);
  signal?.addEventListener('abort', cut);
  try {
    await client.connect();
    for (const [setting, value] of Object.entries(PINNED_SETTINGS)) {
      await client.query('select pg_catalog.set_config($1, $2, false)', [setting, value]);
    }
    await waitForTurn(client, session);
    return await work(client);
  } catch (error) {
    signal?.throwIfAborted();
    if (timer.signal.aborted) {
      throw new RowtrailError('RT_REVERT_FAILED', `the revert took longer than ${limits.timeoutMs / 1000} s`, {
        hint: 'Nothing was changed. Take back less at a time.',
        cause: error,
      });
    }
    throw explain(error, name, url);
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', cut);
    await client.end().catch(() => {});
  }
}

/** A session's lock, not a transaction's: what is read begins when the one before has ended. */
async function waitForTurn(client: pg.Client, { limits, name }: SourceSession): Promise<void> {
  const until = performance.now() + limits.queueMs;
  for (;;) {
    const result = await client.query<{ ours: boolean }>(`select pg_catalog.pg_try_advisory_lock(${LOCK}) as ours`);
    if (result.rows[0]!.ours) return;
    if (performance.now() > until) {
      throw new RowtrailError('RT_REVERT_BUSY', `another revert of ${name} is running`, {
        hint: 'Try again when it has ended.',
      });
    }
    await sleep(LOCK_POLL_MS);
  }
}

/**
 * Locks are not waited for as long as it takes the server to look for deadlocks: then the application's transaction is
 * never the one that it ends.
 */
export async function beginRevert(client: pg.Client, limits: RevertLimits): Promise<void> {
  await client.query('begin isolation level read committed');
  await client.query(
    `set local statement_timeout = ${limits.statementTimeoutMs}; set local row_security = off; set local jit = off;
     set local idle_in_transaction_session_timeout = ${limits.timeoutMs}`,
  );
}

export async function setLockTimeout(client: pg.Client, ms: number): Promise<void> {
  await client.query(`set local lock_timeout = ${ms}`);
}

/**
 * Runs what writes under the search_path that the role has by itself: triggers of the application name tables as they do
 * elsewhere. Statements of ours qualify every name. What is read is read under the pinned one, as images are.
 */
export async function underOwnSearchPath<Result>(client: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  // Where that names pg_catalog, it comes first all the same: nobody's own `text` or `=` is taken for the real one.
  await client.query(
    `select pg_catalog.set_config('search_path', case when s.reset_val operator(pg_catalog.~) 'pg_catalog' then 'pg_catalog, ' else '' end
       operator(pg_catalog.||) s.reset_val, true) from pg_catalog.pg_settings s where s.name operator(pg_catalog.=) 'search_path'`,
  );
  const result = await work();
  await client.query('set local search_path to pg_catalog');
  return result;
}

/** The resulting entries say who it was, as those of any application do (DESIGN §3). */
export async function setContext(client: pg.Client, caller: RevertCaller, comment: string | null): Promise<void> {
  const settings = {
    user_id: caller.id,
    user_name: caller.name,
    ip: caller.ip,
    user_agent: caller.userAgent,
    request_id: caller.requestId,
    comment,
    context: null,
  };
  for (const [name, value] of Object.entries(settings)) {
    await client.query(`select pg_catalog.set_config($1, $2, true)`, [
      `rowtrail.${name}`,
      (value ?? '').replaceAll('\0', ''),
    ]);
  }
}

function explain(error: unknown, name: string, url: string): unknown {
  if (error instanceof RowtrailError || codeOf(error) === undefined) {
    if (error instanceof RowtrailError || !/terminated|Connection ended|timeout/i.test(messageOf(error))) return error;
    return new RowtrailError('RT_CONNECT', `the connection to the source ${name} was lost: ${messageOf(error)}`, {
      hint: 'Nothing was changed, unless it was lost with the answer: the same request under its Idempotency-Key tells.',
      cause: error,
    });
  }
  const known = KNOWN[codeOf(error)!];
  if (known !== undefined) {
    return new RowtrailError(known.code, `${known.message}: ${messageOf(error)}`, { hint: known.hint, cause: error });
  }
  const explained = explainDatabaseError(error, `the source ${name}`, url);
  if (explained.code !== 'RT_INTERNAL') return explained;
  return new RowtrailError('RT_REVERT_FAILED', explained.message, { hint: 'Nothing was changed.', cause: error });
}

const KNOWN: Readonly<Record<string, { readonly code: ErrorCode; readonly message: string; readonly hint: string }>> = {
  '55P03': {
    code: 'RT_LOCK_TIMEOUT',
    message: 'rows of the plan are locked by another transaction',
    hint: 'Nothing was changed. Try again when it has ended.',
  },
  '40P01': {
    code: 'RT_LOCK_TIMEOUT',
    message: 'rows of the plan are locked by another transaction',
    hint: 'Nothing was changed. Try again.',
  },
  '57014': {
    code: 'RT_REVERT_FAILED',
    message: 'a statement of the revert took too long',
    hint: 'Nothing was changed. Take back less at a time.',
  },
  '3F000': {
    code: 'RT_SETUP_MISSING',
    message: 'the source has nowhere to record a revert',
    hint: 'Run `rowtrail setup` again: it brings the source up to date.',
  },
};
