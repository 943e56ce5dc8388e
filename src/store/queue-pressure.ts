export interface PressureOptions {
  readonly maxBytes: number;
  /** Whether the capture should pause. */
  readonly onPressure: (paused: boolean) => void;
}

/** The capture is let go again below this share of `maxBytes`. */
const RESUME_SHARE = 0.8;

/** Counts the bytes that wait for the store, and asks the capture to pause while they are too many. */
export class QueuePressure {
  readonly #options: PressureOptions;
  #bytes = 0;
  #paused = false;

  constructor(options: PressureOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#judge();
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    this.#judge();
  }

  #judge(): void {
    const { maxBytes, onPressure } = this.#options;
    if (!this.#paused && this.#bytes > maxBytes) {
      this.#paused = true;
      onPressure(true);
    } else if (this.#paused && this.#bytes < maxBytes * RESUME_SHARE) {
      this.#paused = false;
      onPressure(false);
    }
  }
}
