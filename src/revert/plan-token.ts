import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { PLAN_LIFETIME_MS } from './plan.ts';

/** What a plan was made from, besides what its digest covers. */
export interface PlanMoment {
  /** What `now` in a query meant; microseconds since 1970. */
  readonly now: bigint;
  /** Entries above this id came later. */
  readonly high: bigint;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const TOKEN = /^p1\.(\d{1,20})\.(\d{1,20})\.(\d{1,15})\.([0-9a-f]{64})$/;

export function newMoment(now: bigint, high: bigint): PlanMoment {
  return { now, high, expiresAt: Math.floor(Number(now / 1000n)) + PLAN_LIFETIME_MS };
}

/**
 * A token that stands for the digest of a plan. Its key comes from the URL that reverts are written through, which all
 * daemons of one configuration have in common.
 */
export function planToken({ now, high, expiresAt }: PlanMoment, digest: string, url: string): string {
  const moment = `p1.${now}.${high}.${expiresAt}`;
  return `${moment}.${createHmac('sha256', keyOf(url)).update(`${moment} ${digest}`).digest('hex')}`;
}

/** When the plan was made; undefined: that is no token, or it has expired. */
export function momentOf(token: string, nowMs: number): PlanMoment | undefined {
  const match = TOKEN.exec(token);
  if (match === null) return undefined;
  const moment = { now: BigInt(match[1]!), high: BigInt(match[2]!), expiresAt: Number(match[3]!) };
  return moment.expiresAt < nowMs || moment.expiresAt > nowMs + PLAN_LIFETIME_MS ? undefined : moment;
}

export function sameToken(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function keyOf(url: string): Buffer {
  return createHash('sha256').update(`rowtrail revert plan ${url}`).digest();
}
