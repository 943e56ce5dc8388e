/** For how long a machine that has nothing else to do stood still. */
export interface MachinePauses {
  readonly measuredMs: number;
  /** Longer than `MIN_PAUSE_MS`. */
  readonly count: number;
  readonly longestMs: number;
}

/** Shorter ones are the process's own. */
export const MIN_PAUSE_MS = 2;

export const NO_PAUSES: MachinePauses = { measuredMs: 0, count: 0, longestMs: 0 };

/** Keeps a processor busy for so long, and looks at the clock: what is missing was taken by the machine, or by its host. */
export function measurePauses(forMs: number): MachinePauses {
  const pauses: number[] = [];
  const began = performance.now();
  for (let last = began; last < began + forMs;) {
    const now = performance.now();
    if (now - last > MIN_PAUSE_MS) pauses.push(now - last);
    last = now;
  }
  return pausesOf(pauses, performance.now() - began);
}

/** `pauses`: in milliseconds. Pure. */
export function pausesOf(pauses: readonly number[], measuredMs: number): MachinePauses {
  return { measuredMs, count: pauses.length, longestMs: Math.max(0, ...pauses) };
}

export function sumOfPauses(a: MachinePauses, b: MachinePauses): MachinePauses {
  return {
    measuredMs: a.measuredMs + b.measuredMs,
    count: a.count + b.count,
    longestMs: Math.max(a.longestMs, b.longestMs),
  };
}
