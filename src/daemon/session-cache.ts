import type { SessionFacts } from '../change/context.ts';
import type { SessionDirectory } from '../transaction/session-directory.ts';

/** Sessions kept in memory before the cache starts afresh; the store has them all. */
const MAX_CACHED = 50_000;

/** The sessions that introduced themselves: in memory, behind it in the store. */
export class SessionCache implements SessionDirectory {
  readonly #sessions = new Map<string, SessionFacts | null>();
  readonly #load: (token: string) => Promise<SessionFacts | null>;

  constructor(load: (token: string) => Promise<SessionFacts | null>) {
    this.#load = load;
  }

  find(token: string): SessionFacts | null | Promise<SessionFacts | null> {
    const known = this.#sessions.get(token);
    if (known !== undefined) return known;
    return this.#load(token).then((facts) => {
      this.#remember(token, facts);
      return facts;
    });
  }

  add(facts: SessionFacts): void {
    this.#remember(facts.token, facts);
  }

  #remember(token: string, facts: SessionFacts | null): void {
    if (this.#sessions.size >= MAX_CACHED) this.#sessions.clear();
    this.#sessions.set(token, facts);
  }
}
