import type pg from 'pg';
import { backoffDelayMs, pause } from '../lib/backoff.ts';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Step } from './steps.ts';

export interface StepLimits {
  /** How long one statement waits for a lock: whoever queues behind it waits as long. */
  readonly lockTimeoutMs: number;
  readonly lockAttempts: number;
}

export const STEP_LIMITS: StepLimits = { lockTimeoutMs: 2000, lockAttempts: 5 };
const RETRY_DELAY = { minDelayMs: 500, maxDelayMs: 5000 };
/** lock_not_available, deadlock_detected. */
const LOCK_CODES = new Set(['55P03', '40P01']);

/** Runs steps, each in a transaction of its own, and remembers how to put them back. */
export class StepRunner {
  readonly #client: pg.ClientBase;
  readonly #limits: StepLimits;
  readonly #log: Log;
  readonly #done: Step[] = [];

  constructor(client: pg.ClientBase, limits: StepLimits, log: Log) {
    this.#client = client;
    this.#limits = limits;
    this.#log = log;
  }

  /** Throws RT_LOCK_TIMEOUT where a lock could not be had in all attempts; the step is then not done. */
  async run(step: Step): Promise<void> {
    await this.#transact(step.title, step.statements);
    this.#done.push(step);
  }

  /** Puts back what was run, last first. Returns what could not be put back, as lines for people. */
  async undo(): Promise<string[]> {
    const failures: string[] = [];
    for (const step of this.#done.splice(0).toReversed()) {
      if (step.undo.length === 0) continue;
      try {
        await this.#transact(`undo of ${step.title}`, step.undo);
      } catch (error) {
        failures.push(`${step.title}: ${messageOf(error)}`);
      }
    }
    return failures;
  }

  async #transact(title: string, statements: readonly string[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#attempt(statements);
        return;
      } catch (error) {
        const isLock = LOCK_CODES.has(codeOf(error) ?? '');
        if (!isLock && (!isRoleRace(error) || attempt >= this.#limits.lockAttempts)) throw error;
        const holders = isLock ? await this.#otherTransactions() : [];
        if (attempt >= this.#limits.lockAttempts) throw lockTimeout(title, holders, error);
        this.#log.warn({ step: title, attempt, of: this.#limits.lockAttempts, holders }, 'waiting for a lock');
        await pause(backoffDelayMs(attempt, RETRY_DELAY));
      }
    }
  }

  async #attempt(statements: readonly string[]): Promise<void> {
    await this.#client.query('begin');
    try {
      await this.#client.query(
        `set local search_path = pg_catalog, pg_temp; set local lock_timeout = ${this.#limits.lockTimeoutMs}`,
      );
      for (const statement of statements) await this.#client.query(statement);
      await this.#client.query('commit');
    } catch (error) {
      await this.#client.query('rollback').catch(() => {});
      throw error;
    }
  }

  /** The longest transactions of this database that hold relation locks: most likely what was waited for. */
  async #otherTransactions(): Promise<string[]> {
    const result = await this.#client.query<{ line: string }>(
      `select format('process %s (%s, %s, %s, since %s)', a.pid, a.usename, a.application_name, a.state,
           to_char(a.xact_start at time zone 'UTC', 'HH24:MI:SS "UTC"')) as line
         from pg_catalog.pg_stat_activity a
         where a.datname = current_database() and a.pid <> pg_backend_pid() and a.xact_start is not null
           and exists (select from pg_catalog.pg_locks l where l.pid = a.pid and l.locktype = 'relation' and l.granted)
         order by a.xact_start limit 3`,
    );
    return result.rows.map(({ line }) => line);
  }
}

/** The role rowtrail_owner is the cluster's: setups of other databases make, grant and drop it at the same time. */
function isRoleRace(error: unknown): boolean {
  return /tuple concurrently|role \d+ was concurrently dropped|pg_authid_rolname_index|pg_auth_members|role "rowtrail_owner" (does not exist|already exists)/.test(
    messageOf(error),
  );
}

function lockTimeout(title: string, holders: readonly string[], cause: unknown): RowtrailError {
  return new RowtrailError('RT_LOCK_TIMEOUT', `could not get a lock in time for ${title}: ${messageOf(cause)}`, {
    hint:
      holders.length === 0
        ? 'Another session held the table. Try again, best when little is going on.'
        : `Open transactions: ${holders.join('; ')}. Try again when they have ended.`,
    cause,
  });
}
