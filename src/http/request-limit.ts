/**
 * How many requests each key may make: `burst` at once, and `perMinute` again every minute. A bucket a key, which fills
 * up steadily; keys beyond the bound push out those that were seen the longest ago.
 */
export class RequestLimit {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, { readonly left: number; readonly at: number }>();

  constructor(perMinute: number, burst: number = perMinute) {
    this.#perMs = perMinute / 60_000;
    this.#burst = burst;
  }

  /** Takes one; 0, or how many seconds until there is one again. */
  take(key: string, now = performance.now()): number {
    const left = this.#left(key, now);
    if (left < 1) return this.#secondsUntilOne(left);
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left - 1, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_KEYS && oldest !== undefined) this.#buckets.delete(oldest);
    return 0;
  }

  /** The same without taking it. */
  wait(key: string, now = performance.now()): number {
    const left = this.#left(key, now);
    return left < 1 ? this.#secondsUntilOne(left) : 0;
  }

  #left(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    return bucket === undefined ? this.#burst : Math.min(this.#burst, bucket.left + (now - bucket.at) * this.#perMs);
  }

  #secondsUntilOne(left: number): number {
    return Math.max(1, Math.ceil((1 - left) / this.#perMs / 1000));
  }
}

const MAX_KEYS = 10_000;
