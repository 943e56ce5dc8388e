import { RowtrailError } from '../lib/errors.ts';
import type { Role } from './role.ts';
import { hashOf, newSecret } from './secret.ts';
import { askInTransaction, askStore, type TokenStore } from './store-access.ts';
import { timeText } from '../pg/time-text.ts';

/** What is known of a token; the secret is known to whoever was given it alone. Times are RFC 3339, UTC. */
export interface Token {
  /** A 64-bit number, as text. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Patterns as in the configuration's `tables`; null: not limited. */
  readonly tables: readonly string[] | null;
  /** The name of the token that it was made with, `setup` or `cli`. */
  readonly created_by: string;
  readonly created_at: string;
  /** Null: never. */
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  /** To the minute. */
  readonly last_used_at: string | null;
}

export interface TokenRequest {
  readonly name: string;
  readonly role: Role;
  readonly tables: readonly string[] | null;
  readonly expiresAt: Date | null;
  readonly createdBy: string;
}

export interface NewToken {
  readonly token: Token;
  /** To be shown once: nobody can find it out again. */
  readonly secret: string;
}

export const MAX_NAME_LENGTH = 100;
export const MAX_PATTERNS = 100;
export const MAX_PATTERN_LENGTH = 200;
/** `"schema.table"` with `*`, `!` before an exclusion: as the configuration's `tables`. */
export const TABLE_PATTERN = /^!?[^.!\s][^.]*\..+$/;

export async function createToken(store: TokenStore, request: TokenRequest): Promise<NewToken> {
  const secret = newSecret('token');
  const sql = `${INSERT} select ${VALUES} returning ${COLUMNS}`;
  const [token] = await askStore<Token>(store, sql, valuesOf(request, secret));
  if (token === undefined) throw new RowtrailError('RT_INTERNAL', 'the store did not return the token it made');
  return { token, secret };
}

/** The token that a new installation begins with; undefined where there has been one, revoked or not. */
export async function createFirstToken(store: TokenStore, request: TokenRequest): Promise<NewToken | undefined> {
  const secret = newSecret('token');
  // One statement would look at the tokens as they were before it waited for the lock.
  const [token] = await askInTransaction<Token>(store, 'lock table :schema.tokens in share row exclusive mode', {
    sql: `${INSERT} select ${VALUES} where not exists (select from :schema.tokens) returning ${COLUMNS}`,
    parameters: valuesOf(request, secret),
  });
  return token === undefined ? undefined : { token, secret };
}

/** All of them, revoked and expired ones included, the newest first. */
export function listTokens(store: TokenStore): Promise<Token[]> {
  return askStore<Token>(store, `select ${COLUMNS} from :schema.tokens order by tokens.id desc`, []);
}

export async function findToken(store: TokenStore, id: string): Promise<Token | undefined> {
  const [token] = await askStore<Token>(store, `select ${COLUMNS} from :schema.tokens where tokens.id = $1::bigint`, [
    id,
  ]);
  return token;
}

/** Ends a token for good, and what was signed in with it; one that is revoked already stays as it is. */
export async function revokeToken(store: TokenStore, id: string): Promise<Token | undefined> {
  const [token] = await askStore<Token>(
    store,
    `update :schema.tokens set revoked_at = coalesce(tokens.revoked_at, clock_timestamp())
     where tokens.id = $1::bigint returning ${COLUMNS}`,
    [id],
  );
  return token;
}

/** Whether anybody can sign in at all. */
export async function hasTokens(store: TokenStore): Promise<boolean> {
  const rows = await askStore(
    store,
    `select from :schema.tokens where revoked_at is null and (expires_at is null or expires_at > clock_timestamp()) limit 1`,
    [],
  );
  return rows.length > 0;
}

const INSERT = 'insert into :schema.tokens (name, hash, role, tables, created_by, expires_at)';
const VALUES = '$1::text, $2::bytea, $3::text, $4::text[], $5::text, $6::timestamptz';
const COLUMNS = `tokens.id::text as id, tokens.name, tokens.role, tokens.tables, tokens.created_by,
  ${timeText('tokens.created_at')} as created_at, ${timeText('tokens.expires_at')} as expires_at,
  ${timeText('tokens.revoked_at')} as revoked_at, ${timeText('tokens.last_used_at')} as last_used_at`;

function valuesOf({ name, role, tables, createdBy, expiresAt }: TokenRequest, secret: string): unknown[] {
  return [name, hashOf(secret), role, tables, createdBy, expiresAt?.toISOString() ?? null];
}
