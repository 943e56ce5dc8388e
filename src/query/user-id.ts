/**
 * Who an actor is, the same for ever: `source:kind:claim`, as `shop:user:7`. A source's name and a kind hold no colon;
 * a claim may. The same person of two sources is two actors: that one claim means one person everywhere is not known.
 */
export interface ActorIdentity {
  readonly source: string;
  readonly kind: string;
  readonly claim: string;
}

export function formatUserId({ source, kind, claim }: ActorIdentity): string {
  return `${source}:${kind}:${claim}`;
}

/** Undefined where the text is no such id. */
export function parseUserId(text: string): ActorIdentity | undefined {
  const match = /^([^:]+):(user|database|replication|api|unknown):(.*)$/s.exec(text);
  if (match === null) return undefined;
  return { source: match[1] as string, kind: match[2] as string, claim: match[3] as string };
}
