export interface BackoffLimits {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * The delay before retry number `attempt` (from 1): doubling from `minDelayMs`
 * to `maxDelayMs`, less up to a quarter of jitter so that daemons do not retry in step.
 */
export function backoffDelayMs(attempt: number, limits: BackoffLimits, random: () => number = Math.random): number {
  const exponent = Math.min(attempt - 1, 30);
  const ceiling = Math.min(limits.maxDelayMs, limits.minDelayMs * 2 ** exponent);
  return Math.round(ceiling * (1 - random() / 4));
}

/** Waits `delayMs`, or less if the signal aborts: never rejects. */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Waits after work of `busyMs`, so that work is `busyShare` of the time. */
export function rest(busyMs: number, busyShare: number, signal?: AbortSignal): Promise<void> {
  return pause(busyMs * (1 / busyShare - 1), signal);
}
