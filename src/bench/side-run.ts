import type { ChildProcess } from 'node:child_process';
import type pg from 'pg';
import type { BenchServer } from './bench-server.ts';
import type { Workload, WorkloadPlan, WrittenWorkload } from './workload.ts';

export type Side = 'drain' | 'rowtrail' | 'sealed';

/** One run of one side over the workload's WAL. */
export interface SideRun {
  readonly side: Side;
  readonly seconds: number;
  readonly changesPerSecond: number;
  /** CPU time per change; null where /proc does not tell. */
  readonly cpuMicros: {
    readonly walsender: number | null;
    readonly client: number | null;
    readonly store: number | null;
  };
  /** Cores busy with anything but the two sides' processes meanwhile: other people's work, mostly. */
  readonly othersCores: number | null;
  readonly peakRssBytes: number | null;
  readonly storeBytesPerEntry: number | null;
}

/** A workload that is written, with what its runs need. */
export interface Bench {
  readonly server: BenchServer;
  /** Connected to the source database. */
  readonly admin: pg.Client;
  readonly sourceDatabase: string;
  readonly publication: string;
  /** Stands before the workload; runs take copies of it. */
  readonly baseSlot: string;
  readonly workload: Workload;
  readonly plan: WorkloadPlan;
  readonly written: WrittenWorkload;
  readonly context: boolean;
  readonly cpuProfileDir: string | null;
  readonly pgRecvlogical: string;
  /** To be killed when the benchmark is stopped. */
  readonly children: Set<ChildProcess>;
}

/** Runs `work` on a copy of the base slot, which is dropped after it. */
export async function withSlotCopy<T>(bench: Bench, name: string, work: (slot: string) => Promise<T>): Promise<T> {
  await bench.admin.query('select pg_copy_logical_replication_slot($1, $2)', [bench.baseSlot, name]);
  // Dirty pages of the run before would be written out in this one.
  await bench.admin.query('checkpoint');
  const result = await work(name);
  await bench.admin.query('select pg_drop_replication_slot($1)', [name]);
  return result;
}

/** Keeps a child process among those to be killed while it lives. */
export function track(bench: Bench, child: ChildProcess): void {
  bench.children.add(child);
  child.once('exit', () => bench.children.delete(child));
}

/** CPU time of a part, per change. */
export function perChange(total: number | null, plan: WorkloadPlan): number | null {
  return total === null ? null : total / plan.changes;
}
