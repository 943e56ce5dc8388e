/** A range of entry ids, both ends inside. */
export interface IdRange {
  readonly low: bigint;
  readonly high: bigint;
}

export const MAX_ID = 9_223_372_036_854_775_807n;

export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
