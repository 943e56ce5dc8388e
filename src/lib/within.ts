/**
 * What `promise` settles to, or, if it has not within `limitMs`, what `late` returns or throws. The promise goes on
 * by itself; a rejection that comes too late is nobody's.
 */
export async function within<T, L>(limitMs: number, promise: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), limitMs);
  });
  promise.catch(() => {});
  try {
    const first = await Promise.race([promise, limit]);
    return first === LATE ? late() : first;
  } finally {
    clearTimeout(timer);
  }
}

const LATE = Symbol('late');
