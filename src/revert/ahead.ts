/**
 * Runs `task` for one batch after the other, and begins each while the one before is still being looked at: the database
 * works meanwhile. Yields in order; a failure comes where it would have come without.
 */
export async function* ahead<Batch, Result>(
  batches: Iterable<Batch>,
  task: (batch: Batch) => Promise<Result>,
): AsyncGenerator<readonly [Batch, Result], void, undefined> {
  let running: { readonly batch: Batch; readonly result: Promise<Result> } | null = null;
  for (const batch of batches) {
    const result = task(batch);
    // If the one before fails, nobody waits for this one any more.
    result.catch(() => {});
    if (running !== null) yield [running.batch, await running.result];
    running = { batch, result };
  }
  if (running !== null) yield [running.batch, await running.result];
}

/** Parts of a list, `size` at a time. */
export function* parts<Item>(items: readonly Item[], size: number): Generator<readonly Item[], void, undefined> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
