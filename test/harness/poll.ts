const POLL_MS = 20;
/** For what is sure to come: a machine may be slow, or stand still for some seconds. */
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Calls `probe` until it returns something truthy, and returns that. An error counts as "not
 * yet"; at the deadline the last one is the cause of the failure.
 */
export async function until<T>(
  probe: () => Promise<T> | T,
  options: { timeoutMs?: number; what?: string } = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found) return found as Exclude<T, false | null | undefined | 0 | ''>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${options.what ?? probe.toString()}`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
