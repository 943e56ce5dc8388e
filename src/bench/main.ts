import type { ChildProcess } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { abortOnSignal } from '../cli/shutdown.ts';
import { exitCodeOf, renderFailure } from '../cli/failure.ts';
import { createPaint } from '../cli/paint.ts';
import { debugRequested, processEnvironment } from '../config/environment.ts';
import { createLog } from '../lib/log.ts';
import {
  READ_BUFFER_BYTES,
  READ_SETTINGS,
  SERVER_SETTINGS,
  startBenchServer,
  type BenchServer,
  type BenchServerOptions,
} from './bench-server.ts';
import { findPgbench, findPgRecvlogical } from './client-tools.ts';
import { allowHugePages } from './huge-pages.ts';
import { runIngest } from './ingest.ts';
import { renderLag, runLag, type LagReport } from './lag.ts';
import {
  parseBenchArguments,
  USAGE,
  type BenchArguments,
  type IngestOptions,
  type LagOptions,
  type QueryOptions,
  type RevertOptions,
  type SealBenchOptions,
  type SourceOptions,
} from './options.ts';
import { renderQuery, type QueryReport } from './query-report.ts';
import { runQuery } from './query.ts';
import { renderRevert, runRevert, type RevertReport } from './revert.ts';
import { renderSource, summariseSource, type SourceReport } from './source-report.ts';
import { renderSeal, runSeal, type SealReport } from './seal.ts';
import { runSource } from './source.ts';
import { renderReport, summarise, type IngestReport, type Machine } from './report.ts';

const INTERRUPTED = 130;
const environment = processEnvironment();

/** Progress is for the one who watches; a pipe gets the result alone. */
function note(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
}

interface Stage {
  readonly server: BenchServer;
  readonly children: Set<ChildProcess>;
}

/** Starts a server for `measure`, and leaves nothing behind; a signal ends it at once. */
async function onServer<T>(
  signal: AbortSignal,
  measure: (stage: Stage) => Promise<T>,
  options: BenchServerOptions = { keep: null, settings: SERVER_SETTINGS },
): Promise<T> {
  note('starting PostgreSQL');
  const server = await startBenchServer(createLog('warn'), options);
  const children = new Set<ChildProcess>();
  const abandon = (): void => {
    for (const child of children) child.kill('SIGKILL');
    // What waits for the server then fails, and so comes to its end.
    void server.stop();
  };
  signal.addEventListener('abort', abandon);
  try {
    signal.throwIfAborted();
    return await measure({ server, children });
  } finally {
    signal.removeEventListener('abort', abandon);
    for (const child of children) child.kill('SIGKILL');
    await server.stop();
  }
}

async function ingest(options: IngestOptions, signal: AbortSignal): Promise<IngestReport> {
  const pgRecvlogical = await findPgRecvlogical(environment['PATH'] ?? '', note);
  const loadBefore = loadavg()[0]!;
  return onServer(signal, async ({ server, children }) => {
    const results = await runIngest(options, { server, pgRecvlogical, children, note });
    return summarise(results, machineOf(server, loadBefore), options);
  });
}

function lag(options: LagOptions, signal: AbortSignal): Promise<LagReport> {
  return onServer(signal, (stage) => runLag(options, stage));
}

async function source(options: SourceOptions, signal: AbortSignal): Promise<SourceReport> {
  const pgbench = await findPgbench(environment['PATH'] ?? '');
  const loadBefore = loadavg()[0]!;
  return onServer(signal, async ({ server, children }) => {
    const runs = await runSource(options, { server, pgbench, children, note });
    return summariseSource(runs, machineOf(server, loadBefore));
  });
}

async function query(options: QueryOptions, signal: AbortSignal): Promise<QueryReport> {
  const loadBefore = loadavg()[0]!;
  const settings = options.hugePages ? READ_SETTINGS : { ...READ_SETTINGS, huge_pages: 'off' };
  const giveBack = options.hugePages ? await allowHugePages(READ_BUFFER_BYTES) : async () => {};
  try {
    return await onServer(
      signal,
      async ({ server, children }) => {
        const result = await runQuery(options, { server, children, note });
        return { machine: machineOf(server, loadBefore), settings, ...result };
      },
      { keep: options.keep, settings },
    );
  } finally {
    await giveBack();
  }
}

async function revert(options: RevertOptions, signal: AbortSignal): Promise<RevertReport> {
  const loadBefore = loadavg()[0]!;
  return onServer(signal, async ({ server, children }) => {
    const changes = await runRevert(options, { server, children, note });
    return { machine: machineOf(server, loadBefore), changes };
  });
}

async function seal(options: SealBenchOptions, signal: AbortSignal): Promise<SealReport> {
  const loadBefore = loadavg()[0]!;
  return onServer(signal, async ({ server, children }) => {
    const result = await runSeal(options, { server, pgRecvlogical: '', children, note });
    return { machine: machineOf(server, loadBefore), ...result };
  });
}

function machineOf(server: BenchServer, loadBefore: number): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    node: process.versions.node,
    postgres: server.version,
    transport: server.overSocket ? 'unix socket' : 'tcp',
    loadBefore,
  };
}

function answer<R>(report: R, render: (report: R) => string, options: { readonly json: boolean }): string {
  return options.json ? `${JSON.stringify(report, null, 2)}\n` : render(report);
}

async function run(chosen: BenchArguments, signal: AbortSignal): Promise<string> {
  if (chosen.bench === 'ingest') {
    return answer(await ingest(chosen.options, signal), renderReport, chosen.options);
  }
  if (chosen.bench === 'lag') return answer(await lag(chosen.options, signal), renderLag, chosen.options);
  if (chosen.bench === 'query') return answer(await query(chosen.options, signal), renderQuery, chosen.options);
  if (chosen.bench === 'revert') return answer(await revert(chosen.options, signal), renderRevert, chosen.options);
  if (chosen.bench === 'seal') return answer(await seal(chosen.options, signal), renderSeal, chosen.options);
  return answer(await source(chosen.options, signal), renderSource, chosen.options);
}

async function main(args: readonly string[]): Promise<number> {
  const interruption = abortOnSignal();
  try {
    const chosen = parseBenchArguments(args);
    if (chosen === null) {
      process.stdout.write(USAGE);
      return 0;
    }
    const text = await run(chosen, interruption.signal);
    process.stdout.write(text);
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    const json = args.includes('--json');
    const debug = debugRequested(environment);
    process.stderr.write(`${renderFailure(error, { json, debug, paint: createPaint(false) })}\n`);
    return exitCodeOf(error);
  } finally {
    interruption.ended();
  }
}

process.exitCode = await main(process.argv.slice(2));
