import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Actor, SessionFacts } from '../change/context.ts';
import type { Relation } from '../change/relation.ts';
import { quoteIdentifier } from '../pg/identifier.ts';

/** Ids kept in memory before a dictionary starts afresh. */
const MAX_CACHED = 50_000;

/** One key for an actor of a source. */
export function actorKey(actor: Actor): string {
  return `${actor.kind} ${actor.claim}`;
}

/**
 * Ids of actors, sessions and relations. New ones are inserted sorted and committed at once, never inside a
 * flush: there they would deadlock with another source's flush.
 */
export class Dictionary {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #sourceId: number;
  readonly #actors = new Map<string, { id: number; name: string | null }>();
  readonly #sessionIds = new Map<string, bigint>();

  constructor(pool: pg.Pool, schema: string, sourceId: number) {
    this.#pool = pool;
    this.#schema = quoteIdentifier(schema);
    this.#sourceId = sourceId;
  }

  /** Adds the ids of these actors to `ids`, by `actorKey`. */
  async resolveActors(actors: Iterable<Actor>, ids: Map<string, number>): Promise<void> {
    const missing = new Map<string, Actor>();
    for (const actor of actors) {
      const key = actorKey(actor);
      const known = this.#actors.get(key);
      if (known === undefined || (actor.name !== null && actor.name !== known.name)) missing.set(key, actor);
      else ids.set(key, known.id);
    }
    if (missing.size === 0) return;
    if (this.#actors.size > MAX_CACHED) this.#actors.clear();
    const sorted = [...missing.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, actor]) => actor);
    const result = await this.#pool.query<{ id: number; kind: Actor['kind']; claim: string; name: string | null }>(
      `insert into ${this.#schema}.actors as a (source_id, kind, claim, name)
       select $1, k, c, n from unnest($2::text[], $3::text[], $4::text[]) as t(k, c, n)
       on conflict (source_id, kind, claim) do update set name = coalesce(excluded.name, a.name)
       returning id, kind, claim, name`,
      [this.#sourceId, sorted.map((a) => a.kind), sorted.map((a) => a.claim), sorted.map((a) => a.name)],
    );
    for (const row of result.rows) {
      const key = actorKey(row);
      this.#actors.set(key, { id: row.id, name: row.name });
      ids.set(key, row.id);
    }
  }

  /** The ids of these sessions, by token. */
  async resolveSessions(sessions: Iterable<SessionFacts>): Promise<Map<string, bigint>> {
    const found = new Map<string, bigint>();
    const missing = new Map<string, SessionFacts>();
    for (const session of sessions) {
      const id = this.#sessionIds.get(session.token);
      if (id === undefined) missing.set(session.token, session);
      else found.set(session.token, id);
    }
    if (missing.size === 0) return found;
    if (this.#sessionIds.size > MAX_CACHED) this.#sessionIds.clear();
    const hashed = [...missing.values()]
      .map((session) => ({ session, hash: tokenHash(session.token) }))
      .toSorted((a, b) => Buffer.compare(a.hash, b.hash));
    const result = await this.#pool.query<{ id: string; token_hash: Buffer }>(
      `insert into ${this.#schema}.sessions as s (source_id, token_hash, session_role, client_addr, pid, started_at)
       select $1, h, r, a, p, t from unnest($2::bytea[], $3::text[], $4::text[], $5::int[], $6::timestamptz[]) as u(h, r, a, p, t)
       on conflict (source_id, token_hash) do update set pid = s.pid
       returning id, token_hash`,
      [
        this.#sourceId,
        hashed.map((h) => h.hash),
        hashed.map((h) => h.session.sessionRole),
        hashed.map((h) => h.session.clientAddr),
        hashed.map((h) => h.session.pid),
        hashed.map((h) => h.session.startedAt),
      ],
    );
    const ids = new Map(result.rows.map((row) => [row.token_hash.toString('hex'), BigInt(row.id)]));
    for (const { session, hash } of hashed) {
      const id = ids.get(hash.toString('hex'))!;
      this.#sessionIds.set(session.token, id);
      found.set(session.token, id);
    }
    return found;
  }

  /** Looks a session up by its token; null if it was never introduced. */
  async findSession(token: string): Promise<SessionFacts | null> {
    const result = await this.#pool.query(
      `select session_role, client_addr, pid, started_at from ${this.#schema}.sessions where source_id = $1 and token_hash = $2`,
      [this.#sourceId, tokenHash(token)],
    );
    const row = result.rows[0];
    if (row === undefined) return null;
    return {
      token,
      sessionRole: row.session_role,
      clientAddr: row.client_addr,
      pid: row.pid,
      startedAt: row.started_at,
    };
  }

  /**
   * The id of a relation, the same through renames (it is found by its oid), with a new row of
   * `relation_versions` whenever its name, columns or key differ from the last.
   */
  async relationId(
    relation: Relation,
    key: readonly string[] | null,
    { typeNames, attnums }: { readonly typeNames: readonly string[]; readonly attnums: readonly (number | null)[] },
  ): Promise<number> {
    const columns = relation.columns.map((column, i) => ({
      name: column.name,
      type: typeNames[i],
      attnum: attnums[i] ?? null,
    }));
    const result = await this.#pool.query<{ id: number }>(
      `with relation as (
         insert into ${this.#schema}.relations as r (source_id, oid, schema_name, table_name, key_columns)
         values ($1, $2, $3, $4, $5)
         on conflict (source_id, oid) do update
           set schema_name = excluded.schema_name, table_name = excluded.table_name, key_columns = excluded.key_columns
         returning id
       ), last as (
         select v.* from ${this.#schema}.relation_versions v
         join ${this.#schema}.relations r on r.id = v.relation_id and r.source_id = $1 and r.oid = $2
         order by v.version desc limit 1
       ), version as (
         insert into ${this.#schema}.relation_versions (relation_id, version, schema_name, table_name, key_columns, columns)
         select relation.id, coalesce((select version from last), 0) + 1, $3, $4, $5, $6::text::json from relation
         where not exists (select from last where schema_name = $3 and table_name = $4
           and key_columns is not distinct from $5 and columns::text = $6::text)
       )
       select id from relation`,
      [this.#sourceId, relation.oid, relation.schema, relation.name, key, JSON.stringify(columns)],
    );
    return result.rows[0]!.id;
  }

  /** The id of a relation of which the stream has told no columns; it keeps the key it has. */
  async bareRelationId(oid: number, schema: string, name: string, key: readonly string[] | null): Promise<number> {
    const result = await this.#pool.query<{ id: number }>(
      `insert into ${this.#schema}.relations as r (source_id, oid, schema_name, table_name, key_columns)
       values ($1, $2, $3, $4, $5)
       on conflict (source_id, oid) do update set schema_name = excluded.schema_name, table_name = excluded.table_name
       returning id`,
      [this.#sourceId, oid, schema, name, key],
    );
    return result.rows[0]!.id;
  }

  /** Adds those that are not known yet, each without columns and key. Changes none that is. */
  async addRelations(
    tables: readonly { readonly oid: number; readonly schema: string; readonly name: string }[],
  ): Promise<void> {
    // Looked for first: an insert that meets a conflict uses up an id, and those who stand by ask every second.
    await this.#pool.query(
      `insert into ${this.#schema}.relations (source_id, oid, schema_name, table_name)
       select $1, t.oid, t.schema, t.name from unnest($2::bigint[], $3::text[], $4::text[]) as t(oid, schema, name)
       where not exists (select from ${this.#schema}.relations r where r.source_id = $1 and r.oid = t.oid)
       order by t.oid
       on conflict (source_id, oid) do nothing`,
      [
        this.#sourceId,
        tables.map(({ oid }) => oid),
        tables.map(({ schema }) => schema),
        tables.map(({ name }) => name),
      ],
    );
  }

  /** The key that a relation had when it was last described; null without one. */
  async lastKey(oid: number): Promise<readonly string[] | null> {
    const result = await this.#pool.query<{ key_columns: string[] | null }>(
      `select key_columns from ${this.#schema}.relations where source_id = $1 and oid = $2`,
      [this.#sourceId, oid],
    );
    return result.rows[0]?.key_columns ?? null;
  }

  /** Relation ids by oid, as far as they are known. */
  async relationIds(): Promise<Map<number, number>> {
    const result = await this.#pool.query<{ id: number; oid: string }>(
      `select id, oid from ${this.#schema}.relations where source_id = $1`,
      [this.#sourceId],
    );
    return new Map(result.rows.map((row) => [Number(row.oid), row.id]));
  }
}

/** Tokens are kept hashed: whoever reads the store must not be able to speak for a session. */
function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
