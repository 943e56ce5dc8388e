import type pg from 'pg';
import type { Run } from './carry-out.ts';
import type { Plan } from './plan-maker.ts';
import { RevertMoved, type RevertPreview, type RevertRequest, type RevertResult } from './plan.ts';
import { isHarmless } from './side-effects.ts';
import { listSteps, summarize } from './step-list.ts';

/** What a plan and its run come to, for people. */
export function previewOf(request: RevertRequest, { steps, folded, token }: Plan, run: Run): RevertPreview {
  const { onConflict } = request;
  const has = (status: string): boolean => steps.some(({ verdict }) => verdict.status === status);
  const isRefused =
    run.outcomes.size > 0 && (onConflict !== 'skip' || run.applied.some((index) => run.outcomes.has(index)));
  const applicable =
    onConflict === 'force'
      ? !has('impossible') && (run.outcomes.size === 0 || run.applied.length > 0)
      : !isRefused &&
        run.sideEffects.every(isHarmless) &&
        (onConflict === 'skip' || !(has('impossible') || has('conflict')));
  return {
    plan: token,
    summary: summarize(steps, run.outcomes, {
      entries: folded.entries,
      ignored: folded.ignored,
      applicable,
    }),
    sideEffects: run.sideEffects,
    steps: listSteps(steps, run.outcomes),
  };
}

export async function resultOf(client: pg.Client, preview: RevertPreview, plan: Plan, run: Run): Promise<RevertResult> {
  const { rows } = await client.query<{ xid: string }>(
    'select pg_catalog.pg_current_xact_id()::pg_catalog.text as xid',
  );
  const overwritten = run.applied.filter((index) => plan.steps[index]!.verdict.status === 'conflict').length;
  const skipped = preview.summary.conflict + preview.summary.impossible - overwritten;
  return {
    transaction: rows[0]!.xid,
    summary: { ...preview.summary, applied: run.applied.length, overwritten, skipped: Math.max(0, skipped) },
    sideEffects: preview.sideEffects,
    steps: preview.steps,
  };
}

/** Why a plan is not carried out. `isSame`: it is the one that was shown; `isFresh`: its time is not over. */
export function moved(isSame: boolean, isFresh: boolean, preview: RevertPreview): RevertMoved {
  if (isSame) {
    return new RevertMoved(
      'RT_REVERT_CONFLICT',
      'the plan has conflicts, impossible steps or side effects: nothing was changed',
      'Look at its steps: leave those out (onConflict: skip), or overwrite what changed since (force).',
      preview,
    );
  }
  return new RevertMoved(
    'RT_REVERT_MOVED',
    isFresh
      ? 'what it would take back has changed since the preview: nothing was changed'
      : 'the plan has expired: nothing was changed',
    'Look at the new preview, and apply its plan.',
    preview,
  );
}
