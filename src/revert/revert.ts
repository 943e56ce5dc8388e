import type { ApplyOptions, PreviewOptions, RevertPreview, RevertResult } from './plan.ts';
import { runRevert } from './run.ts';

/**
 * Runs the statements that would take the target back, tells what they do, and rolls them back. It takes row locks, and
 * what triggers do outside the database happens.
 * Throws RT_REVERT_OFF, RT_REVERT_TARGET (nothing there that the caller may revert), RT_REVERT_TOO_LARGE, RT_REVERT_BUSY,
 * RT_LOCK_TIMEOUT, RT_QUERY_TIMEOUT, and what connecting throws.
 */
export function previewRevert(options: PreviewOptions): Promise<RevertPreview> {
  return runRevert(options, null);
}

/**
 * Carries a plan out, all of it in one transaction. Throws RevertMoved where it would not do now what its preview showed,
 * or must not (conflicts with `onConflict: abort`); RT_REVERT_KEY_REUSED for an idempotency key of another request; and
 * what `previewRevert` throws. With a key that was used for this request, the result of then comes back.
 */
export function applyRevert(options: ApplyOptions): Promise<RevertResult> {
  return runRevert(options, { plan: options.plan, idempotencyKey: options.idempotencyKey });
}
