import type { ChildProcess } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { abortOnSignal } from '../cli/shutdown.ts';
import { exitCodeOf, renderFailure } from '../cli/failure.ts';
import { createPaint } from '../cli/paint.ts';
import { debugRequested, processEnvironment } from '../config/environment.ts';
import { createLog } from '../lib/log.ts';
import { startBenchServer, type BenchServer } from './bench-server.ts';
import { findPgRecvlogical } from './client-tools.ts';
import { runIngest } from './ingest.ts';
import { parseBenchArguments, USAGE, type IngestOptions } from './options.ts';
import { renderReport, summarise, type IngestReport, type Machine } from './report.ts';

const INTERRUPTED = 130;
const environment = processEnvironment();

/** Progress is for the one who watches; a pipe gets the result alone. */
function note(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
}

/** Starts the server, measures, and leaves nothing behind; a signal ends it at once. */
async function ingest(options: IngestOptions, signal: AbortSignal): Promise<IngestReport> {
  const pgRecvlogical = await findPgRecvlogical(environment['PATH'] ?? '', note);
  const loadBefore = loadavg()[0]!;
  note('starting PostgreSQL');
  const server = await startBenchServer(createLog('warn'));
  const children = new Set<ChildProcess>();
  const abandon = (): void => {
    for (const child of children) child.kill('SIGKILL');
    // What waits for the server then fails, and so comes to its end.
    void server.stop();
  };
  signal.addEventListener('abort', abandon);
  try {
    signal.throwIfAborted();
    const results = await runIngest(options, { server, pgRecvlogical, children, note });
    return summarise(results, machineOf(server, loadBefore), options);
  } finally {
    signal.removeEventListener('abort', abandon);
    for (const child of children) child.kill('SIGKILL');
    await server.stop();
  }
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

async function main(args: readonly string[]): Promise<number> {
  const interruption = abortOnSignal();
  try {
    const options = parseBenchArguments(args);
    if (options === null) {
      process.stdout.write(USAGE);
      return 0;
    }
    const report = await ingest(options, interruption.signal);
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report));
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
