import { readFileSync } from 'node:fs';

/** What a daemon may take, whatever is captured. DESIGN §2.7 */
export const MAX_MEMORY_KB = 256 * 1024;

/** Whether this system tells. */
export const KNOWS_PEAK_MEMORY = process.platform === 'linux';

/** The most memory that a process has ever held. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export function peakMemoryKb(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
