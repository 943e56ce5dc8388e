import { createPool } from '../pg/pool.ts';
import { EVERYTHING } from '../query/visibility.ts';
import type { PreviewOptions } from '../revert/plan.ts';
import { applyRevert, previewRevert } from '../revert/revert.ts';
import type { RevertTask, RevertTimes } from './revert-message.ts';

// A revert in a process of its own, as `rowtrail revert` is one: takes its task as a message, and answers with its times.
process.once('message', (task) => {
  void revert(task as RevertTask);
});

async function revert({ storeUrl, sourceUrl, source, transaction }: RevertTask): Promise<void> {
  const pool = createPool(storeUrl, 'revert', { max: 2 });
  const phasesMs: Record<string, number> = {};
  let phase = 'rest';
  let since = performance.now();
  const enter = (next: string): void => {
    const now = performance.now();
    phasesMs[phase] = (phasesMs[phase] ?? 0) + now - since;
    [phase, since] = [next, now];
  };
  const options: PreviewOptions = {
    store: { pool, schema: 'audit', viewer: EVERYTHING },
    sources: [{ name: source, url: sourceUrl }],
    request: { target: { transaction }, fields: null, set: null, onConflict: 'abort', comment: null },
    caller: { id: 'bench', name: null, ip: null, userAgent: null, requestId: null },
    // Each report is about what has just been done.
    onProgress: (progress) => enter(progress.phase),
  };
  const start = performance.now();
  const { plan } = await previewRevert(options);
  const previewed = performance.now();
  for (const name of Object.keys(phasesMs)) delete phasesMs[name];
  [phase, since] = ['rest', previewed];
  const { summary } = await applyRevert({ ...options, plan, idempotencyKey: `bench-${transaction}` });
  const applied = performance.now();
  enter('rest');
  const times: RevertTimes = {
    previewMs: previewed - start,
    applyMs: applied - previewed,
    applied: summary.applied,
    phasesMs,
  };
  await pool.end();
  // It stays until its memory has been looked at.
  process.once('SIGTERM', () => process.disconnect());
  process.send?.(times);
}
