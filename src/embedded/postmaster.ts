import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '../lib/backoff.ts';
import { RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { childrenOf, commandLine, processIdentity } from './process-identity.ts';

/** https://www.postgresql.org/docs/current/server-shutdown.html */
export type StopMode = 'fast' | 'immediate';

/** A fast shutdown waits for every walsender to deliver what is left, which a stuck client never lets it. */
export const FAST_STOP_LIMIT_MS = 15_000;
/** The postmaster itself kills what ignores an immediate shutdown, after 5 s. */
export const IMMEDIATE_STOP_LIMIT_MS = 10_000;

const POLL_MS = 20;

export interface PidFile {
  readonly pid: number;
  /** `starting`, `ready`, `stopping`, `standby`. */
  readonly status: string;
}

/** What postmaster.pid says; null when there is none. */
export async function readPidFile(cluster: string): Promise<PidFile | null> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => null);
  return text === null ? null : parsePidFile(text);
}

/** https://www.postgresql.org/docs/current/storage-file-layout.html: the pid first, the status in line 8. */
export function parsePidFile(text: string): PidFile | null {
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  return pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : null;
}

/**
 * Ends a server that an earlier process left running on the cluster, and removes a pid file whose
 * number belongs to another program by now, which postgres would take for a running server.
 */
export async function stopLeftover(cluster: string, log: Log): Promise<void> {
  const file = await readPidFile(cluster);
  if (file === null || processIdentity(file.pid) === null) return;
  if (!isPostmasterOf(file.pid, cluster)) {
    log.warn({ pid: file.pid }, 'postmaster.pid names a process that is not a PostgreSQL server: removed');
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  log.warn({ pid: file.pid }, 'an earlier run left its PostgreSQL server running: stopping it');
  await shutDown(file.pid, 'fast', (limitMs) => waitUntilGone(file.pid, limitMs));
}

/**
 * Asks a postmaster to stop and insists, step by step. `ended(limitMs)` waits for its end, and
 * tells whether it came in time.
 */
export async function shutDown(
  pid: number,
  mode: StopMode,
  ended: (limitMs: number) => Promise<boolean>,
): Promise<void> {
  if (mode === 'fast') {
    signal(pid, 'SIGINT');
    if (await ended(FAST_STOP_LIMIT_MS)) return;
  }
  signal(pid, 'SIGQUIT');
  if (await ended(IMMEDIATE_STOP_LIMIT_MS)) return;
  await killTree(pid);
  if (await ended(IMMEDIATE_STOP_LIMIT_MS)) return;
  throw new RowtrailError('RT_EMBEDDED', `the PostgreSQL server (process ${pid}) does not end, not even by SIGKILL`, {
    hint: 'Its disk may be hanging. Look at the process, then start again.',
  });
}

/** kill -9 for the postmaster and all its processes at once, as when the machine dies. Resolves when they are gone. */
export async function killTree(pid: number): Promise<void> {
  const children = childrenOf(pid);
  // The postmaster first: it would begin crash recovery at the death of a child.
  signal(pid, 'SIGKILL');
  for (const child of children) signal(child, 'SIGKILL');
  await Promise.all([pid, ...children].map((each) => waitUntilGone(each, IMMEDIATE_STOP_LIMIT_MS)));
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function waitUntilGone(pid: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (processIdentity(pid) !== null) {
    if (performance.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

/** Process ids are reused: only the command line tells. Its arguments are ours (see `server.ts`). */
function isPostmasterOf(pid: number, cluster: string): boolean {
  // Windows does not tell; there, a live process of that number is taken for the server, as postgres does.
  return process.platform === 'win32' || commandLine(pid).includes(` -D ${cluster} `);
}
