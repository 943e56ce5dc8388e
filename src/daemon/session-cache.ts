import type { SessionFacts } from '../change/context.ts';
import type { SessionDirectory } from '../transaction/session-directory.ts';

/** Sessions kept in memory; the ones beyond are in the store by the time they are forgotten. */
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
    this.#sessions.delete(token);
    // The oldest goes, not all: what was just introduced may not be in the store yet.
    if (this.#sessions.size >= MAX_CACHED) this.#sessions.delete(this.#sessions.keys().next().value!);
    this.#sessions.set(token, facts);
  }
}
