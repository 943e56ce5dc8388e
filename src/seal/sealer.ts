import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { emptyDigest, type Digest } from './row-digest.ts';
import { NO_SEAL, SEAL_COLUMNS, SEAL_FORMAT, SEAL_PARTS, sealHash, sealOf, type Seal, type SealPart } from './seal.ts';
import { digestRows, factSql, type SealedRange } from './sealed-rows.ts';
import { signSeal, type SigningKey } from './signing-key.ts';

export interface SealOptions {
  readonly schema: string;
  /** Of one seal. */
  readonly maxEntries: number;
  /** Null: seals are not signed. */
  readonly key: SigningKey | null;
}

/**
 * Makes the next seal, over at most `maxEntries` of the oldest entries that have none. Null: there is none to be sealed.
 * `client` is used alone meanwhile, outside of a transaction, by one who holds `SEAL_LOCK`.
 *
 * A sealed range never gets another row. It lies below the safe horizon of all sources, which is read in the snapshot
 * that the rows are read in: below it, every id that was ever given out belongs to
 * - a flush or a baseline piece that has committed, and is seen: it took its block out of `flushes` in that commit;
 * - one that never will: `finish_flush` and `finish_baseline_piece` refuse to commit where a block is not open any more
 *   (ended by its writer when that was closed, or by `takeCheckpoint`), or where the checkpoint has another writer;
 * - the journal, which holds the lock of the id clock until it commits, so that the ids show when the entries do.
 * Ids that are given out later are higher. What belongs to an entry (context, transaction, links, truncated rows) is
 * written in its commit and under its id, or that of the first entry that it is about, which is of the same flush.
 */
export async function sealNext(client: pg.ClientBase, options: SealOptions): Promise<Seal | null> {
  await client.query('begin isolation level repeatable read');
  try {
    await client.query(`set local search_path = pg_catalog`);
    const seal = await makeSeal(client, options);
    await client.query('commit');
    return seal;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** The last seal; null before the first one. */
export async function readLastSeal(db: pg.ClientBase | pg.Pool, schema: string): Promise<Seal | null> {
  const found = await db.query(
    `select ${SEAL_COLUMNS} from ${quoteIdentifier(schema)}.seals order by seals.number desc limit 1`,
  );
  return found.rows[0] === undefined ? null : sealOf(found.rows[0]);
}

async function makeSeal(client: pg.ClientBase, { schema, maxEntries, key }: SealOptions): Promise<Seal | null> {
  const s = quoteIdentifier(schema);
  const before = await readLastSeal(client, schema);
  const firstId = before === null ? 1n : before.lastId + 1n;
  const lastId = await findEnd(client, s, firstId, maxEntries);
  if (lastId === null) return null;
  const range = { number: before === null ? 1n : before.number + 1n, firstId, lastId };
  await addFacts(client, s, range);
  const parts = Object.fromEntries(SEAL_PARTS.map((part) => [part, emptyDigest()])) as Record<SealPart, Digest>;
  for (const part of SEAL_PARTS) parts[part] = (await digestRows(client, s, part, [range]))[0]!;
  const content = {
    ...range,
    format: SEAL_FORMAT,
    sealedAtMicros: await readClock(client),
    parts,
    previous: before?.hash ?? NO_SEAL,
  };
  const signature = key === null ? null : signSeal(content, key);
  const seal: Seal = { ...content, hash: sealHash(content), keyId: key?.id ?? null, signature };
  await insertSeal(client, s, seal);
  return seal;
}

/** The last id of a seal that begins with `firstId`; null: nothing is to be sealed. It does not reach over partitions, which go as a whole. */
async function findEnd(client: pg.ClientBase, s: string, firstId: bigint, maxEntries: number): Promise<bigint | null> {
  const found = await client.query<{ last_id: string | null }>(
    `with horizon as (
       select coalesce(${s}.horizon(), (select last_id from ${s}.id_clock) + 1) as id
     ), lowest as (
       select e.id from ${s}.entries e where e.id >= $1 and e.id < (select id from horizon) order by e.id limit 1
     ), reach as (
       select least((select id from horizon), (select min(p.high) from ${s}.partitions p
         where p.parent = 'entries' and p.high > (select id from lowest))) as id
     )
     select coalesce(
         (select e.id from ${s}.entries e where e.id >= $1 and e.id < (select id from reach)
          order by e.id offset $2 - 1 limit 1),
         (select id from reach) - 1)::text as last_id
     from lowest`,
    [firstId, maxEntries],
  );
  const last = found.rows[0]?.last_id ?? null;
  return last === null ? null : BigInt(last);
}

/** Puts on record what the range refers to and no seal covers yet. There are few relations: of these, all. */
async function addFacts(client: pg.ClientBase, s: string, { number, firstId, lastId }: SealedRange): Promise<void> {
  await client.query(
    `insert into ${s}.sealed_facts (seal, kind, fact_id, version, fact_sha256)
     select $1, f.kind, f.fact_id, f.version, sha256(convert_to(coalesce(${factSql(s, 'f')}, ''), 'UTF8'))
     from (
       select 'actor' as kind, c.actor_id::bigint as fact_id, 0 as version
         from ${s}.contexts c where c.id between $2 and $3 group by 2
       union all
       select 'session', c.session_id, 0 from ${s}.contexts c
         where c.id between $2 and $3 and c.session_id is not null group by 2
       union all select 'source', x.id, 0 from ${s}.sources x
       union all select 'relation', x.id, 0 from ${s}.relations x
       union all select 'version', x.relation_id, x.version from ${s}.relation_versions x
     ) f
     where not exists (select from ${s}.sealed_facts o where o.kind = f.kind and o.fact_id = f.fact_id and o.version = f.version)`,
    [number, firstId, lastId],
  );
}

async function readClock(client: pg.ClientBase): Promise<bigint> {
  const found = await client.query<{ micros: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as micros',
  );
  return BigInt(found.rows[0]!.micros);
}

async function insertSeal(client: pg.ClientBase, s: string, seal: Seal): Promise<void> {
  const columns = SEAL_PARTS.flatMap((part) => [part, `${part}_sha256`]);
  const values = [
    seal.number,
    seal.format,
    seal.firstId,
    seal.lastId,
    seal.sealedAtMicros,
    seal.previous,
    seal.hash,
    seal.keyId,
    seal.signature,
    ...SEAL_PARTS.flatMap((part) => [seal.parts[part].rows, seal.parts[part].sha256]),
  ];
  await client.query(
    `insert into ${s}.seals (number, format, first_id, last_id, sealed_at, previous, hash, key_id, signature, ${columns.join(', ')})
     values ($1, $2, $3, $4, timestamptz '1970-01-01 00:00:00+00' + $5::bigint * interval '1 microsecond', $6, $7, $8, $9,
       ${columns.map((_, n) => `$${n + 10}`).join(', ')})`,
    values,
  );
}
