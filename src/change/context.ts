/**
 * What the database knows about a session, recorded by rowtrail.hello() and proven by the install
 * secret: never what the client says.
 */
export interface SessionFacts {
  readonly token: string;
  readonly sessionRole: string;
  readonly clientAddr: string | null;
  readonly pid: number;
  /** timestamptz text, UTC. */
  readonly startedAt: string | null;
}

/** What the client claims, as the context trigger shipped it; empty settings are null. */
export interface Claims {
  readonly userId: string | null;
  readonly userName: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly comment: string | null;
  readonly requestId: string | null;
  /** The text of a JSON value (an object if the client keeps to the contract). */
  readonly context: string | null;
}

export type Attribution = 'app' | 'database' | 'replication' | 'api' | 'unknown';

export interface Actor {
  readonly kind: 'user' | 'database' | 'replication' | 'api' | 'unknown';
  readonly claim: string;
  readonly name: string | null;
}

/** Who made a stretch of a transaction's changes, and what is known of it. */
export interface Context {
  readonly actor: Actor;
  readonly attribution: Attribution;
  readonly session: SessionFacts | null;
  /** The role that `set role` chose; null when none was set. */
  readonly role: string | null;
  readonly applicationName: string | null;
  readonly claims: Claims | null;
}

/** An event from rowtrail.log(). */
export interface LoggedEvent {
  readonly action: string;
  readonly comment: string | null;
  /** JSON text. */
  readonly data: string | null;
  readonly tableOid: number | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly recordKey: string | null;
}
