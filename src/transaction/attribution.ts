import type { Claims, Context, SessionFacts } from '../change/context.ts';

/** Rows of a transaction with no message, or none that proves itself: never dressed up as `database`. */
export const UNKNOWN_CONTEXT: Context = {
  actor: { kind: 'unknown', claim: '', name: null },
  attribution: 'unknown',
  session: null,
  role: null,
  applicationName: null,
  claims: null,
};

/** Who acted, by a verified session and what its client claims. DESIGN §2.6. */
export function attribute(
  session: SessionFacts,
  role: string | null,
  applicationName: string | null,
  claims: Claims,
): Context {
  const claimed = Object.values(claims).some((value) => value !== null);
  // Spread last, behind the own members: test/harness/hidden-class.ts tells why.
  const facts = { session, role, applicationName };
  if (!claimed) {
    const name = session.sessionRole;
    return { actor: { kind: 'database', claim: name, name }, attribution: 'database', claims: null, ...facts };
  }
  const user = claims.userId ?? claims.userName;
  // A request id or comment alone is a claim, but names nobody: the actor is the database's.
  const actor: Context['actor'] =
    user === null
      ? { kind: 'database', claim: session.sessionRole, name: session.sessionRole }
      : { kind: 'user', claim: user, name: claims.userName };
  return { actor, attribution: 'app', claims, ...facts };
}

/**
 * Changes replicated into the source from elsewhere, and not claimed by anybody here. A session that replays them
 * stays known: only those whom the server trusts with it can set an origin.
 */
export function attributeToOrigin(origin: string, replaying: Context = UNKNOWN_CONTEXT): Context {
  return {
    ...replaying,
    actor: { kind: 'replication', claim: origin, name: origin },
    attribution: 'replication',
  };
}
