import type { Role } from './role.ts';
import { hashOf, sameHash, type SecretKind } from './secret.ts';
import { askStore, type TokenStore } from './store-access.ts';
import { timeText } from '../pg/time-text.ts';

/** Who asks. */
export interface Principal {
  /** Null: nobody in particular, because authentication is off. */
  readonly tokenId: string | null;
  /** Of the token. */
  readonly name: string;
  readonly role: Role;
  /** Patterns as in the configuration's `tables`; null: not limited. */
  readonly tables: readonly string[] | null;
  /** RFC 3339; null: never. */
  readonly expiresAt: string | null;
}

/** Whoever asks while authentication is off: on loopback alone. */
export const ANYONE: Principal = { tokenId: null, name: 'anonymous', role: 'admin', tables: null, expiresAt: null };

/** What a secret is good for. */
export type Identification =
  | { readonly kind: 'known'; readonly principal: Principal }
  | { readonly kind: 'unknown' | 'expired' | 'revoked' };

/** A token that is revoked, or expires, stops working within this time, in every daemon on the store. */
export const CACHE_MS = 5_000;
const MAX_CACHED = 1_000;
/** How often the last use of a token is written at most. */
const USE_INTERVAL_MS = 60_000;
/** How long a secret that was good is looked up again where others are not. */
const FAMILIAR_MS = 600_000;

/** Finds out who has a secret. Known ones are remembered for `CACHE_MS`; others are asked for each time. */
export class PrincipalDirectory {
  readonly #store: TokenStore;
  readonly #onUseUnwritten: (error: unknown) => void;
  /** By the hash of the secret, the least recently looked up first. */
  readonly #known = new Map<string, { readonly principal: Principal; readonly at: number }>();
  readonly #asking = new Map<string, Promise<Identification>>();
  /** By token: when its use was last written. */
  readonly #used = new Map<string, number>();
  readonly #writing = new Set<Promise<void>>();

  constructor(store: TokenStore, onUseUnwritten: (error: unknown) => void) {
    this.#store = store;
    this.#onUseUnwritten = onUseUnwritten;
  }

  /** Throws what `askStore` throws. */
  async identify(secret: string, kind: SecretKind): Promise<Identification> {
    const hash = hashOf(secret);
    const key = hash.toString('base64');
    const cached = this.#known.get(key);
    const found: Identification =
      cached !== undefined && performance.now() - cached.at < CACHE_MS
        ? { kind: 'known', principal: cached.principal }
        : await this.#ask(key, hash, kind);
    if (found.kind === 'known') this.#noteUse(found.principal);
    return found;
  }

  /** Whether this secret was good not long ago. */
  isFamiliar(secret: string): boolean {
    const known = this.#known.get(hashOf(secret).toString('base64'));
    return known !== undefined && performance.now() - known.at < FAMILIAR_MS;
  }

  /** Forgets whoever has this token, so that a revocation here works here at once. */
  forget(tokenId: string): void {
    for (const [key, { principal }] of this.#known) if (principal.tokenId === tokenId) this.#known.delete(key);
  }

  forgetSecret(secret: string): void {
    this.#known.delete(hashOf(secret).toString('base64'));
  }

  /** Waits for uses that are being written. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #ask(key: string, hash: Buffer, kind: SecretKind): Promise<Identification> {
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      // What is revoked while this is under way is remembered for no longer than from now.
      const at = performance.now();
      asking = look(this.#store, hash, kind)
        .then((found) => this.#remember(key, found, at))
        .finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  #remember(key: string, found: Identification, at: number): Identification {
    this.#known.delete(key);
    if (found.kind !== 'known') return found;
    this.#known.set(key, { principal: found.principal, at });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_CACHED && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }

  #noteUse({ tokenId }: Principal): void {
    if (tokenId === null) return;
    const now = performance.now();
    const written = this.#used.get(tokenId);
    if (written !== undefined && now - written < USE_INTERVAL_MS) return;
    this.#used.delete(tokenId);
    this.#used.set(tokenId, now);
    const [oldest] = this.#used.keys();
    if (this.#used.size > MAX_CACHED && oldest !== undefined) this.#used.delete(oldest);
    const writing = writeUse(this.#store, tokenId)
      .catch(this.#onUseUnwritten)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }
}

interface FoundRow {
  readonly id: string;
  readonly hash: Buffer;
  readonly name: string;
  readonly role: Role;
  readonly tables: readonly string[] | null;
  readonly expires_at: string | null;
  readonly expired: boolean;
  readonly revoked: boolean;
}

const FIND: Readonly<Record<SecretKind, string>> = {
  token: `select t.id::text as id, t.hash, t.name, t.role, t.tables, ${timeText('t.expires_at')} as expires_at,
      coalesce(t.expires_at <= clock_timestamp(), false) as expired, t.revoked_at is not null as revoked
    from :schema.tokens t where t.hash = $1::bytea`,
  'sign-in': `select t.id::text as id, s.hash, t.name, t.role, t.tables, ${timeText('s.expires_at')} as expires_at,
      s.expires_at <= clock_timestamp() as expired, t.revoked_at is not null as revoked
    from :schema.sign_ins s join :schema.tokens t on t.id = s.token_id where s.hash = $1::bytea`,
};

async function look(store: TokenStore, hash: Buffer, kind: SecretKind): Promise<Identification> {
  const [row] = await askStore<FoundRow>(store, FIND[kind], [hash]);
  if (row === undefined || !sameHash(row.hash, hash)) return { kind: 'unknown' };
  if (row.revoked) return { kind: 'revoked' };
  if (row.expired) return { kind: 'expired' };
  const { id: tokenId, name, role, tables, expires_at: expiresAt } = row;
  return { kind: 'known', principal: { tokenId, name, role, tables, expiresAt } };
}

/** Of several daemons, one writes in a minute. */
async function writeUse(store: TokenStore, tokenId: string): Promise<void> {
  await askStore(
    store,
    `update :schema.tokens set last_used_at = clock_timestamp() where id = $1::bigint
     and (last_used_at is null or last_used_at < clock_timestamp() - make_interval(secs => $2::integer))`,
    [tokenId, USE_INTERVAL_MS / 1000],
  );
}
