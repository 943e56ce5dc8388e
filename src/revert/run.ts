import { createHash } from 'node:crypto';
import { RowtrailError } from '../lib/errors.ts';
import { readLastId } from '../query/revert-entries.ts';
import { inSnapshot } from '../query/store-reader.ts';
import { nowMicros } from '../query/time.ts';
import { moved, previewOf, resultOf } from './answer.ts';
import { carryOut } from './carry-out.ts';
import { makePlan } from './plan-maker.ts';
import { momentOf, newMoment, sameToken, type PlanMoment } from './plan-token.ts';
import {
  REVERT_LIMITS,
  type PreviewOptions,
  type RevertPreview,
  type RevertRequest,
  type RevertResult,
} from './plan.ts';
import { findEarlier, recordRevert } from './record.ts';
import { selectEntries } from './selection.ts';
import { beginRevert, onSource } from './session.ts';

export interface Apply {
  readonly plan: string;
  readonly idempotencyKey: string | null;
}

/** Runs a plan; without `apply`, all of it is rolled back. */
export async function runRevert(options: PreviewOptions, apply: null): Promise<RevertPreview>;
export async function runRevert(options: PreviewOptions, apply: Apply): Promise<RevertResult>;
export async function runRevert(options: PreviewOptions, apply: Apply | null): Promise<RevertPreview | RevertResult> {
  const limits = { ...REVERT_LIMITS, ...options.limits };
  const given = apply === null ? undefined : momentOf(apply.plan, Date.now());
  const moment = given ?? (await presentMoment(options));
  const selection = await selectEntries(options.store, options.request, moment, limits);
  const source = options.sources.find(({ name }) => name === selection.source);
  if (source === undefined || source.url === null) {
    throw new RowtrailError('RT_REVERT_OFF', `reverts are off for the source ${selection.source}`, {
      hint: `Give it \`revert.url\`: a role of its own that may write the tables. README: "Reverts".`,
    });
  }
  const session = { name: source.name, url: source.url, limits, signal: options.signal };
  return onSource(session, async (client) => {
    const requestHash = hashOf(options.request, options.caller.id);
    const key = apply?.idempotencyKey ?? null;
    if (key !== null) {
      const earlier = await findEarlier(client, key, requestHash);
      if (earlier !== undefined) return earlier;
    }
    await beginRevert(client, limits);
    const plan = await makePlan(client, options, { selection, moment, limits, url: session.url });
    const run = await carryOut(client, options, plan);
    const preview = previewOf(options.request, plan, run);
    if (apply === null || !sameToken(apply.plan, plan.token) || !preview.summary.applicable) {
      await client.query('rollback');
      if (apply === null) return preview;
      throw moved(sameToken(apply.plan, plan.token), given !== undefined, preview);
    }
    const result = await resultOf(client, preview, plan, run);
    const { id } = options.caller;
    const applied = run.applied.map((index) => plan.steps[index]!);
    await recordRevert(client, { idempotencyKey: key, requestHash, requestedBy: id, result }, applied);
    await client.query('commit');
    return result;
  });
}

async function presentMoment({ store }: PreviewOptions): Promise<PlanMoment> {
  return newMoment(nowMicros(), await inSnapshot(store, readLastId));
}

function hashOf(request: RevertRequest, callerId: string): string {
  return createHash('sha256')
    .update(JSON.stringify([request, callerId]))
    .digest('hex');
}
