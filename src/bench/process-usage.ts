import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Clock ticks per second of /proc: 100 on every Linux that Node runs on. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICK_MICROS = 10_000;
const SAMPLE_INTERVAL_MS = 20;

/** User and system time of a process with all its threads, in microseconds, from the text of /proc/pid/stat. */
export function parseCpuMicros(stat: string): number | null {
  // The command's name may hold spaces and parentheses: fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MICROS : null;
}

/** The most memory a process has had, in bytes, from the text of /proc/pid/status. */
export function parsePeakRss(status: string): number | null {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  return match === null ? null : Number(match[1]) * 1024;
}

/** Null when the process is gone, and where there is no /proc. */
export function readPeakRss(pid: number): number | null {
  const status = readProc(pid, 'status');
  return status === null ? null : parsePeakRss(status);
}

/**
 * CPU time by part, from first sight of each process until it ends or the sampling does. Processes that end
 * by themselves are read every 20 ms, so that the last moments of one may be missing.
 */
export class CpuSampler {
  readonly #processes = new Map<number, { readonly part: string; readonly first: number; last: number }>();
  readonly #timer = setInterval(() => this.sample(), SAMPLE_INTERVAL_MS);
  #start: MachineTime | null = null;
  #end: MachineTime | null = null;

  /** Begins to count a process; once known, it stays as it is. */
  watch(part: string, pid: number): void {
    this.#start ??= machineTime();
    if (this.#processes.has(pid)) return;
    const cpu = readCpuMicros(pid);
    if (cpu !== null) this.#processes.set(pid, { part, first: cpu, last: cpu });
  }

  sample(): void {
    for (const [pid, process] of this.#processes) process.last = readCpuMicros(pid) ?? process.last;
  }

  /** Reads once more and ends. Safe to call twice. */
  stop(): void {
    if (this.#end !== null) return;
    this.sample();
    this.#end = machineTime();
    clearInterval(this.#timer);
  }

  /** Microseconds over all processes of a part; null if none was seen. */
  total(part: string): number | null {
    const found = [...this.#processes.values()].filter((process) => process.part === part);
    return found.length === 0 ? null : found.reduce((sum, process) => sum + process.last - process.first, 0);
  }

  /**
   * How many cores were busy with what is not watched, from the first process watched to `stop`: the figures of
   * a run beside others' work say little. Null before `stop`.
   */
  othersCores(): number | null {
    if (this.#start === null || this.#end === null) return null;
    const watched = [...this.#processes.values()].reduce((sum, process) => sum + process.last - process.first, 0);
    const others = this.#end.busyMicros - this.#start.busyMicros - watched;
    return Math.max(0, others) / (this.#end.atMicros - this.#start.atMicros);
  }
}

interface MachineTime {
  readonly atMicros: number;
  /** Over all cores. */
  readonly busyMicros: number;
}

function machineTime(): MachineTime {
  const busyMs = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return { atMicros: performance.now() * 1000, busyMicros: busyMs * 1000 };
}

/** User and system time of a process so far, in microseconds; null when it is gone, and where there is no /proc. */
export function readCpuMicros(pid: number): number | null {
  const stat = readProc(pid, 'stat');
  return stat === null ? null : parseCpuMicros(stat);
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return null;
  }
}
