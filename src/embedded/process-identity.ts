import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * A text that no other process will ever have, although process ids are reused; null when there
 * is no such process (one that has ended and only waits to be reaped counts as none).
 */
export function processIdentity(pid: number): string | null {
  if (process.platform === 'linux') {
    const stat = readStat(pid);
    return stat === null || stat.state === 'Z' ? null : `${pid} ${bootId()} ${stat.startTicks}`;
  }
  if (process.platform === 'win32') return isAlive(pid) ? String(pid) : null;
  const started = ps(['-p', String(pid), '-o', 'lstart=']);
  return started === '' ? null : `${pid} ${started}`;
}

/** The command line of a process, its arguments apart by spaces; empty when it cannot be had. */
export function commandLine(pid: number): string {
  if (process.platform === 'win32') return '';
  if (process.platform !== 'linux') return ps(['-p', String(pid), '-o', 'command=']);
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** The ids of the direct children of a process. */
export function childrenOf(pid: number): number[] {
  if (process.platform === 'win32') return [];
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && readStat(Number(name))?.parent === pid)
      .map(Number);
  }
  const pairs = ps(['-A', '-o', 'pid=,ppid=']).split('\n');
  return pairs
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((pair) => pair[1] === pid)
    .map((pair) => pair[0] ?? 0);
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly startTicks: string;
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name, in parentheses, may hold anything. */
function readStat(pid: number): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTicks: fields[19] ?? '' };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function ps(args: readonly string[]): string {
  const result = spawnSync('ps', args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : '';
}
