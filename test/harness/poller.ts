/** Reads the timeline upwards, page by page, as a client that keeps a copy of it would: from where the last page ended. */
export class Poller implements AsyncDisposable {
  readonly ids: bigint[] = [];
  readonly #url: string;
  readonly #running: Promise<void>;
  #resume: string | null = null;
  #stopping = false;
  pages = 0;

  /** `filter`: further parameters, such as `source=depot`. */
  constructor(url: string, filter = '') {
    this.#url = `${url}/api/v1/activity?sort=id&limit=500${filter === '' ? '' : `&${filter}`}`;
    this.#running = this.#poll();
    this.#running.catch(() => {});
  }

  /** Reads what is there now, and ends. Rejects with whatever went wrong before. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    while (await this.#page());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#running.catch(() => {});
  }

  async #poll(): Promise<void> {
    while (!this.#stopping) await this.#page();
  }

  /** False at the end of what is there. */
  async #page(): Promise<boolean> {
    const after = this.#resume === null ? '' : `&after=${encodeURIComponent(this.#resume)}`;
    const response = await fetch(`${this.#url}${after}`);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { data: { id: string }[]; meta: { resume: string } };
    this.ids.push(...page.data.map((entry) => BigInt(entry.id)));
    this.#resume = page.meta.resume;
    this.pages += 1;
    return page.data.length > 0;
  }
}
