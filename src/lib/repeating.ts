import type { Service } from './service.ts';

/** Does something again and again: `act` returns how many milliseconds to wait before the next time, and never rejects. */
export class Repeating implements Service {
  readonly name: string;
  readonly #act: (isStopped: () => boolean) => Promise<number>;
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(name: string, act: (isStopped: () => boolean) => Promise<number>) {
    this.name = name;
    this.#act = act;
  }

  run(): Promise<void> {
    return (this.#running ??= this.#loop());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) await this.#wait(await this.#act(() => this.#stopped));
  }

  async #wait(ms: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}
