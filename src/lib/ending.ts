/**
 * Lets what waits for something be told that it will not come. `pg` is silent then: a client that is ended while it
 * connects never settles its `connect()`.
 */
export class Ending {
  #reject!: (error: Error) => void;
  readonly #ended: Promise<never>;

  constructor() {
    this.#ended = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.#ended.catch(() => {});
  }

  /** Everything that waits, now or later, rejects with this. Only the first call counts. */
  end(error: Error): void {
    this.#reject(error);
  }

  /** What `promise` resolves to, unless the end comes first. */
  or<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#ended]);
  }
}
