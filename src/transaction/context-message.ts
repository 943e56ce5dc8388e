import { timingSafeEqual } from 'node:crypto';
import { parse as parseArray } from 'postgres-array';
import type { Claims, LoggedEvent, SessionFacts } from '../change/context.ts';
import type { PartitionEvent, PartitionEventKind } from '../change/partition-event.ts';
import type { RevertLink } from '../change/revert-link.ts';
import type { SchemaChange } from '../change/schema-change.ts';
import type { Truncation } from '../change/truncation.ts';
import type { Tuple } from '../change/tuple.ts';
import { parseRevertLinks } from './revert-message.ts';
import { parseTruncation, tuplesOf } from './truncation-message.ts';
import { parseSchemaChange } from './schema-message.ts';
import { CLAIM_LIMITS, cut, safeJson } from './limits.ts';

/** What rowtrail.log() takes as an action. */
const EVENT_ACTION = /^[a-z][a-z0-9_.-]{0,62}$/;
const ROW_ACTIONS = new Set(['create', 'insert', 'update', 'delete', 'truncate', 'baseline', 'schema']);

/** The prefix of every logical message that is ours. */
export const MESSAGE_PREFIX = 'rowtrail';

/** Says nothing: it keeps a message from having the position of the row behind it, see sql/source/3_context.sql. */
export const SEPARATOR_MESSAGE = Buffer.from('{s}');

/** No message of sql/source is as long (its triggers shorten them above 1 MiB): a longer one is forged, and is not read. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * The messages of sql/source: the text of a text[] whose first element is the kind. Raw setting texts, so
 * that nothing a client sets can fail to be shipped; reading sense into them is done here, where a bad
 * value is just text.
 */
export type ContextMessage =
  | { readonly kind: 'hello'; readonly secret: string; readonly facts: SessionFacts }
  | {
      readonly kind: 'context';
      readonly token: string;
      readonly role: string | null;
      readonly applicationName: string | null;
      readonly claims: Claims;
    }
  | { readonly kind: 'event'; readonly token: string; readonly event: LoggedEvent }
  | { readonly kind: 'partition'; readonly secret: string; readonly event: PartitionEvent }
  | { readonly kind: 'schema'; readonly secret: string; readonly change: SchemaChange }
  | { readonly kind: 'truncation'; readonly secret: string; readonly truncation: Truncation }
  | { readonly kind: 'rows'; readonly secret: string; readonly oid: number; readonly tuples: Iterable<Tuple> }
  | { readonly kind: 'reverts'; readonly secret: string; readonly links: readonly RevertLink[] };

/** Where an existing convention keeps a claim: the setting's place among the mapped ones, and a JSON member. */
export interface ClaimMapping {
  readonly claim: keyof Claims;
  readonly position: number;
  readonly path: string | null;
}

/** The message, or null if it is not one of ours (any role may emit any message). Never throws. */
export function parseContextMessage(content: string, mappings: readonly ClaimMapping[]): ContextMessage | null {
  // The text of an array has no NUL, and the store's text columns take none.
  if (content.includes('\0')) return null;
  let parts: (string | null)[];
  try {
    parts = parseArray(content, (text) => text);
  } catch {
    return null;
  }
  // Settings read as '' once `set local` has ended: empty counts as unset.
  const at = (index: number): string | null => {
    const part = parts[index];
    return typeof part === 'string' && part !== '' ? part : null;
  };
  if (parts[0] === 'h' && parts.length === 7) return hello(at);
  if (parts[0] === 'c' && parts.length >= 11) {
    const token = at(1);
    const role = at(2);
    if (token === null) return null;
    return {
      kind: 'context',
      token,
      role: role === 'none' ? null : role,
      applicationName: at(3),
      claims: claims(at, mappings),
    };
  }
  if (parts[0] === 'e' && parts.length === 9) return event(at);
  if (parts[0] === 'p' && parts.length === 9) return partition(at);
  if (parts[0] === 'd' && parts.length === 14) return schemaChange(at);
  if (parts[0] === 't' && parts.length === 11) return truncation(at);
  if (parts[0] === 'r' && parts.length > 4) return rows(at, parts);
  if (parts[0] === 'v') return reverts(at, parts);
  return null;
}

/** Whether a greeting carries the secret of this installation, in constant time. */
export function provesItself(secret: string, expected: string): boolean {
  const a = Buffer.from(secret);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

type Parts = (index: number) => string | null;

function hello(at: Parts): ContextMessage | null {
  const secret = at(1);
  const token = at(2);
  const sessionRole = at(3);
  const pid = Number(at(5));
  if (secret === null || token === null || sessionRole === null || !Number.isInteger(pid)) return null;
  return { kind: 'hello', secret, facts: { token, sessionRole, clientAddr: at(4), pid, startedAt: at(6) } };
}

function event(at: Parts): ContextMessage | null {
  const token = at(1);
  const action = at(2);
  // Any role may emit any message: what looks like a row change, or is no action name, is a forgery.
  if (token === null || action === null || !EVENT_ACTION.test(action) || ROW_ACTIONS.has(action)) return null;
  const data = at(4);
  const oid = Number(at(8) ?? Number.NaN);
  return {
    kind: 'event',
    token,
    event: {
      action,
      comment: bounded(at(3), CLAIM_LIMITS.comment),
      data: data === null ? null : safeJson(data, CLAIM_LIMITS.context),
      schema: at(5),
      table: at(6),
      recordKey: at(7),
      tableOid: Number.isInteger(oid) ? oid : null,
    },
  };
}

const PARTITION_EVENTS: ReadonlySet<string> = new Set<PartitionEventKind>([
  'created',
  'joined',
  'attached',
  'detached',
  'dropped',
  'untracked',
  'filled',
]);

function isPartitionEvent(text: string | null): text is PartitionEventKind {
  return text !== null && PARTITION_EVENTS.has(text);
}

function partition(at: Parts): ContextMessage | null {
  const [secret, what, rootSchema, rootName, schema, name] = [at(1), at(2), at(4), at(5), at(7), at(8)];
  const rootOid = Number(at(3) ?? Number.NaN);
  const oid = Number(at(6) ?? Number.NaN);
  if (secret === null || !isPartitionEvent(what) || !Number.isInteger(rootOid) || !Number.isInteger(oid)) return null;
  if (rootSchema === null || rootName === null || schema === null || name === null) return null;
  return { kind: 'partition', secret, event: { what, rootOid, rootSchema, rootName, oid, schema, name } };
}

function schemaChange(at: Parts): ContextMessage | null {
  const secret = at(1);
  const change = parseSchemaChange(at);
  return secret === null || change === null ? null : { kind: 'schema', secret, change };
}

function truncation(at: Parts): ContextMessage | null {
  const secret = at(1);
  const told = parseTruncation(at);
  return secret === null || told === null ? null : { kind: 'truncation', secret, truncation: told };
}

function rows(at: Parts, parts: readonly (string | null)[]): ContextMessage | null {
  const [secret, oid, columnCount] = [at(1), Number(at(2)), Number(at(3))];
  if (secret === null || !Number.isInteger(oid) || !Number.isInteger(columnCount) || columnCount < 1) return null;
  return { kind: 'rows', secret, oid, tuples: tuplesOf(parts, 4, columnCount) };
}

function reverts(at: Parts, parts: readonly (string | null)[]): ContextMessage | null {
  const secret = at(1);
  const links = parseRevertLinks(parts);
  return secret === null || links === null ? null : { kind: 'reverts', secret, links };
}

function claims(at: Parts, mappings: readonly ClaimMapping[]): Claims {
  const found: { -readonly [K in keyof Claims]: Claims[K] } = {
    userId: at(4),
    userName: at(5),
    ip: at(6),
    userAgent: at(7),
    comment: at(8),
    requestId: at(9),
    context: at(10),
  };
  for (const mapping of mappings) {
    const raw = at(11 + mapping.position);
    const value = raw === null ? null : memberText(raw, mapping.path);
    // Our own settings win: they were set for this purpose.
    found[mapping.claim] ??= value;
  }
  return {
    userId: bounded(found.userId, CLAIM_LIMITS.userId),
    userName: bounded(found.userName, CLAIM_LIMITS.userName),
    ip: bounded(found.ip, CLAIM_LIMITS.ip),
    userAgent: bounded(found.userAgent, CLAIM_LIMITS.userAgent),
    comment: bounded(found.comment, CLAIM_LIMITS.comment),
    requestId: bounded(found.requestId, CLAIM_LIMITS.requestId),
    context: found.context === null ? null : safeJson(found.context, CLAIM_LIMITS.context),
  };
}

function bounded(text: string | null, limit: number): string | null {
  return text === null ? null : cut(text, limit);
}

/** The text at a dotted path of JSON text; the whole text without a path; null where there is none. */
function memberText(raw: string, path: string | null): string | null {
  if (path === null) return raw;
  const value = memberAt(raw, path);
  // An id may have more digits than a JavaScript number: it is taken from the text, never from the number.
  return scalarText(typeof value === 'number' ? memberAt(quoteNumbers(raw), path) : value);
}

function memberAt(raw: string, path: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return null;
  }
  if (isObject(value) && Object.hasOwn(value, path)) return value[path];
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return null;
    value = value[name];
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Valid JSON with its numbers as strings. */
function quoteNumbers(raw: string): string {
  return raw.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `"${token}"`));
}

function scalarText(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
