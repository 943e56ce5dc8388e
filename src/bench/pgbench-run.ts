import { spawn, type ChildProcess } from 'node:child_process';
import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { readCpuMicros } from './process-usage.ts';

export interface PgbenchTask {
  readonly program: string;
  readonly conninfo: string;
  readonly password: string;
  /** A script's path; null: the built-in TPC-B. */
  readonly script: string | null;
  readonly seconds: number;
}

export interface PgbenchResult {
  readonly transactionsPerSecond: number;
  /** User and system time of the writing backends; null where /proc does not tell. */
  readonly cpuMicrosPerTransaction: number | null;
}

const SAMPLE_INTERVAL_MS = 50;

/** Runs pgbench, with the CPU time of its backends from their start until just before they end. */
export async function runPgbench(
  task: PgbenchTask,
  admin: pg.Client,
  children: Set<ChildProcess>,
): Promise<PgbenchResult> {
  const child = spawn(
    task.program,
    ['--no-vacuum', `--time=${task.seconds}`, ...(task.script === null ? [] : ['--file', task.script]), task.conninfo],
    // Waiting for the disk is the same for all; what a transaction costs is easier to see without.
    { env: { PGPASSWORD: task.password, PGOPTIONS: '-c synchronous_commit=off', PGAPPNAME: APPLICATION } },
  );
  children.add(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  const backends = new BackendTimes(admin);
  const code = await backends.until(ended);
  children.delete(child);
  const found = /^tps = ([\d.]+)/m.exec(output);
  const processed = /^number of transactions actually processed: (\d+)/m.exec(output);
  if (code !== 0 || found === null || processed === null) {
    throw new RowtrailError('RT_INTERNAL', `pgbench failed: ${output.trim().slice(-500)}`);
  }
  const micros = backends.totalMicros;
  return {
    transactionsPerSecond: Number(found[1]),
    cpuMicrosPerTransaction: micros === null ? null : micros / Number(processed[1]),
  };
}

const APPLICATION = 'pgbench';

/** CPU times of the backends of pgbench, while it runs. */
class BackendTimes {
  readonly #admin: pg.Client;
  readonly #micros = new Map<number, number>();

  constructor(admin: pg.Client) {
    this.#admin = admin;
  }

  async until<T>(ended: Promise<T>): Promise<T> {
    const over = new AbortController();
    const end = (): void => over.abort();
    ended.then(end, end);
    while (!over.signal.aborted) {
      await this.#find();
      // Of one that has ended, what was read last is what it took.
      for (const [pid, micros] of this.#micros) this.#micros.set(pid, readCpuMicros(pid) ?? micros);
      await Promise.race([ended.catch(() => {}), new Promise((resolve) => setTimeout(resolve, SAMPLE_INTERVAL_MS))]);
    }
    return ended;
  }

  get totalMicros(): number | null {
    const total = [...this.#micros.values()].reduce((sum, micros) => sum + micros, 0);
    return total === 0 ? null : total;
  }

  async #find(): Promise<void> {
    const result = await this.#admin.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = $1 and backend_type = 'client backend'`,
      [APPLICATION],
    );
    // A first connection only looks around, and is closed again: what it takes is next to nothing.
    for (const { pid } of result.rows) if (!this.#micros.has(pid)) this.#micros.set(pid, 0);
  }
}
