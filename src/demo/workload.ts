import type pg from 'pg';
import { backoffDelayMs, pause } from '../lib/backoff.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { createPool } from '../pg/pool.ts';
import type { Random } from './random.ts';
import type { WorkRole } from './schema.ts';
import { nextStep } from './script.ts';
import { claimStatement, type Step } from './step.ts';

export interface WorkloadOptions {
  /** One URL for each role of the shop. */
  readonly urls: Readonly<Record<WorkRole, string>>;
  readonly random: Random;
  /** Run first, one right after the other. */
  readonly opening: readonly Step[];
  readonly log: Log;
}

/** Between two steps: at most 2.5 transactions a second, 1.7 on average. */
const SHORTEST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 800;
const OPENING_PAUSE_MS = 20;
/** A visitor may hold a row in an open transaction: the shop goes on. */
const LOCK_LIMIT_MS = 2000;
const STATEMENT_LIMIT_MS = 10_000;
const RETRY = { minDelayMs: 200, maxDelayMs: 5000 };

/** The programs behind the roles, as pg_stat_activity shows them. */
const APPLICATIONS: Readonly<Record<WorkRole, string>> = {
  shop_app: 'shop-web',
  shop_dba: 'psql',
  shop_batch: 'shop-batch',
};

/** People and programs that use the shop, one transaction at a time. A lost connection is waited out. */
export function createWorkload(options: WorkloadOptions): Service {
  const { random, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    const pools = openPools(options.urls);
    const waiting = [...options.opening];
    let failures = 0;
    try {
      while (!stopping.signal.aborted) {
        const opening = waiting.length > 0;
        const step = waiting.shift() ?? nextStep(random);
        const delayMs = opening ? OPENING_PAUSE_MS : between(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS, random());
        try {
          await runStep(pools[step.role], step);
          failures = 0;
          await pause(delayMs, stopping.signal);
        } catch (error) {
          failures += 1;
          report(log, step, error, failures);
          await pause(Math.max(delayMs, backoffDelayMs(failures, RETRY, random)), stopping.signal);
        }
      }
    } finally {
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
    }
  };

  return {
    name: 'demo workload',
    run: () => (running ??= work()),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Runs a step as one transaction. */
export async function runStep(pool: pg.Pool, step: Step): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const context = step.claims === null ? [] : [claimStatement(step.claims)];
    for (const { sql, params } of [...context, ...step.statements]) await client.query(sql, [...params]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch((lost: Error) => (broken = lost));
    throw error;
  } finally {
    client.release(broken);
  }
}

function openPools(urls: Readonly<Record<WorkRole, string>>): Record<WorkRole, pg.Pool> {
  const open = (role: WorkRole): pg.Pool => {
    const url = new URL(urls[role]);
    url.searchParams.set('application_name', APPLICATIONS[role]);
    url.searchParams.set('options', `-c lock_timeout=${LOCK_LIMIT_MS}`);
    return createPool(url.toString(), APPLICATIONS[role], { max: 1, statementTimeoutMs: STATEMENT_LIMIT_MS });
  };
  return { shop_app: open('shop_app'), shop_dba: open('shop_dba'), shop_batch: open('shop_batch') };
}

function report(log: Log, step: Step, error: unknown, failures: number): void {
  // One line for an outage, not one for each attempt.
  const level = failures === 1 ? 'warn' : 'debug';
  log[level]({ step: step.name, code: codeOf(error), error: messageOf(error) }, 'a step of the demo failed');
}

function between(least: number, most: number, fraction: number): number {
  return Math.round(least + fraction * (most - least));
}
