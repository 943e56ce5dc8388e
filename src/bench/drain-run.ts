import { spawn } from 'node:child_process';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { formatLsn } from '../pg/lsn.ts';
import { CpuSampler } from './process-usage.ts';
import { perChange, track, withSlotCopy, type Bench, type SideRun } from './side-run.ts';
import { streamStart } from './stream-start.ts';

/**
 * Has pg_recvlogical receive the workload and throw it away: what the walsender can do when nothing holds it
 * up. From the arrival of START_REPLICATION to the end of the program.
 */
export function runDrain(bench: Bench): Promise<SideRun> {
  return withSlotCopy(bench, 'bench_drain', async (slot) => {
    const sampler = new CpuSampler();
    try {
      const { pid, ended } = startDrain(bench, slot);
      const spawnedAtMs = Date.now();
      const start = await streamStart(bench.admin, slot, ended);
      if (start !== null) sampler.watch('walsender', start.walsenderPid);
      if (pid !== undefined) sampler.watch('client', pid);
      const endedAtMs = await ended;
      sampler.stop();
      const seconds = (endedAtMs - (start?.startedAtMs ?? spawnedAtMs)) / 1000;
      return {
        side: 'drain',
        seconds,
        changesPerSecond: bench.plan.changes / seconds,
        cpuMicros: {
          walsender: perChange(sampler.total('walsender'), bench.plan),
          client: perChange(sampler.total('client'), bench.plan),
          store: null,
        },
        othersCores: sampler.othersCores(),
        peakRssBytes: null,
        storeBytesPerEntry: null,
      };
    } finally {
      sampler.stop();
    }
  });
}

/** `ended`: the time at which it ended; rejects when it failed. */
function startDrain(bench: Bench, slot: string): { pid: number | undefined; ended: Promise<number> } {
  const { conninfo, password } = bench.server.address(bench.sourceDatabase);
  const target = ['-d', conninfo, '--slot', slot, '--endpos', formatLsn(bench.written.endLsn)];
  const options = ['proto_version=1', `publication_names=${bench.publication}`, 'messages=true'];
  const child = spawn(
    bench.pgRecvlogical,
    [...target, '--start', '--no-loop', '-f', '/dev/null', ...options.flatMap((option) => ['-o', option])],
    { env: { PGPASSWORD: password }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  track(bench, child);
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  const ended = new Promise<number>((resolve, reject) => {
    let endedAtMs = 0;
    child.once('error', (error) => reject(failure(messageOf(error))));
    child.once('exit', () => {
      endedAtMs = Date.now();
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(endedAtMs);
      else reject(failure(`${signal ?? `exit code ${code}`}: ${output.trim()}`));
    });
  });
  ended.catch(() => {});
  return { pid: child.pid, ended };
}

function failure(detail: string): RowtrailError {
  return new RowtrailError('RT_STREAM', `pg_recvlogical failed: ${detail}`);
}
