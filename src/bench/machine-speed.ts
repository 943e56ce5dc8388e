/** How long one and the same piece of work took, again and again, while the machine had nothing else to do. */
export interface MachineSpeed {
  readonly bestMs: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

/** Enough that the clock and the compiler do not matter; small enough to be in a processor's own cache. */
const STEPS = 1_000_000;
const WORDS = 4_096;
const words = new Uint32Array(WORDS);

/** Milliseconds that the piece of work takes now: arithmetic, and reads and writes that hang on each other. */
export function measureWork(): number {
  const began = performance.now();
  let state = 0x9e3779b9;
  for (let step = 0; step < STEPS; step += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const at = state & (WORDS - 1);
    words[at] = (words[at]! + state) >>> 0;
    state ^= words[at];
  }
  return performance.now() - began;
}

/** Far more than a processor's caches hold, and few enough to take some milliseconds. */
const PLACES = 1 << 24;
const READS = 50_000;
let places: Uint32Array | undefined;
let place = 0;

/**
 * Milliseconds that reads take now which hang on each other and are far apart, in 64 MB: a machine that is shared, or virtual, may be
 * as fast as ever at the work above and take twice the time for them, and for all that a database does.
 */
export function measureReads(): number {
  // Each place tells the next one; this sequence comes by all of them before it repeats.
  // https://en.wikipedia.org/wiki/Linear_congruential_generator#c_%E2%89%A0_0
  places ??= Uint32Array.from({ length: PLACES }, (_, at) => (Math.imul(at, 1_664_525) + 1_013_904_223) & (PLACES - 1));
  const began = performance.now();
  for (let read = 0; read < READS; read += 1) place = places[place]!;
  return performance.now() - began;
}

/** `times`: in milliseconds. Null: there are none. Pure. */
export function speedOf(times: readonly number[]): MachineSpeed | null {
  const sorted = times.toSorted((a, b) => a - b);
  const [bestMs, medianMs, worstMs] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  if (bestMs === undefined || medianMs === undefined || worstMs === undefined) return null;
  return { bestMs, medianMs, worstMs };
}
