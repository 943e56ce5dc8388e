import type { SessionFacts } from '../change/context.ts';

/**
 * The sessions that have proven themselves with the install secret. Declared here because the assembler
 * needs it; supplied by the daemon, which keeps it in the store.
 */
export interface SessionDirectory {
  /** Facts by token; null for a token that nobody was given. A promise holds the stream back. */
  find(token: string): SessionFacts | null | Promise<SessionFacts | null>;
  /** Remembers a session whose greeting carried the right secret. */
  add(facts: SessionFacts): void;
}
