import { createHash } from 'node:crypto';
import type { Actor } from '../change/context.ts';
import { CLAIM_LIMITS, cut } from '../transaction/limits.ts';

/** A record's key is stored whole or not at all: the route has refused longer ones. */
const MAX_RECORD_LENGTH = 2048;
/** About what an entry's short columns take. */
const FIXED_BYTES = 512;

/** An entry that no source database told of. Texts are cut to what a claim may have. */
export interface NewEntry {
  /** A UUID: an entry that comes again under it is written once. */
  readonly eventId: string;
  readonly action: string;
  /** When it happened. */
  readonly at: Date;
  /** The source it belongs to; null: Rowtrail's own. */
  readonly sourceId: number | null;
  /** A table of that source, and a record of it. */
  readonly relationId: number | null;
  readonly recordKey: string | null;
  /** Who did it, as the caller says. Null: the token. */
  readonly user: { readonly id: string; readonly name: string | null } | null;
  /** The name of the token it came with. */
  readonly token: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly comment: string | null;
  readonly requestId: string | null;
  /** JSON text. */
  readonly context: string | null;
  /** JSON text, kept as it is. */
  readonly data: string | null;
  /** The entry that a comment is about. */
  readonly commented: bigint | null;
}

/** Who an entry says did it. */
export function actorOf({ user, token }: NewEntry): Actor {
  if (user === null) return { kind: 'api', claim: text(token, CLAIM_LIMITS.userId)!, name: null };
  return {
    kind: 'user',
    claim: text(user.id, CLAIM_LIMITS.userId)!,
    name: text(user.name, CLAIM_LIMITS.userName),
  };
}

/** What `append_entries` takes of it. JSON texts go as texts, so that nothing of them is read on the way. */
export function rowOf(entry: NewEntry): Record<string, string | number | null> {
  const said = {
    relation_id: entry.relationId,
    record_key: text(entry.recordKey, MAX_RECORD_LENGTH),
    action: entry.action,
    user_name: text(entry.user?.name ?? null, CLAIM_LIMITS.userName),
    ip: text(entry.ip, CLAIM_LIMITS.ip),
    user_agent: text(entry.userAgent, CLAIM_LIMITS.userAgent),
    comment: text(entry.comment, CLAIM_LIMITS.comment),
    request_id: text(entry.requestId, CLAIM_LIMITS.requestId),
    context: entry.context,
    linked_id: entry.commented?.toString() ?? null,
  };
  const digest = createHash('sha256').update(JSON.stringify([said, entry.sourceId, entry.user?.id, entry.data]));
  return {
    ...said,
    event_id: entry.eventId,
    digest: digest.digest('hex'),
    occurred_at: entry.at.toISOString(),
    token: text(entry.token, CLAIM_LIMITS.userId),
    link_kind: entry.commented === null ? null : 'comment',
    data: dataOf(entry),
  };
}

/** About how many bytes the entries take while they wait. */
export function sizeOf(entries: readonly NewEntry[]): number {
  return entries.reduce((bytes, entry) => {
    const texts = [entry.comment, entry.context, entry.data, entry.userAgent, entry.recordKey];
    return texts.reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), bytes + FIXED_BYTES);
  }, 0);
}

function dataOf({ eventId, token, data }: NewEntry): string {
  const api = JSON.stringify({ api: { id: eventId, token } });
  return data === null ? api : `${api.slice(0, -1)},"data":${data}}`;
}

/** What PostgreSQL's text takes: no NUL, no half of a character. */
function text(value: string | null, limit: number): string | null {
  return value === null ? null : cut(Buffer.from(value.replaceAll('\0', '\uFFFD')).toString(), limit);
}
