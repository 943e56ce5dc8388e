import { timeText } from '../pg/time-text.ts';
import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';

/** How the history is sealed. Names are those of the API. */
export interface IntegrityStatus {
  /** The last seal; null before the first one. */
  readonly head: {
    readonly number: number;
    readonly first_id: string;
    readonly last_id: string;
    readonly sealed_at: string;
    /** Hex. */
    readonly hash: string;
    /** Of the key that signed it; null: it is not signed. */
    readonly key_id: string | null;
  } | null;
  /** What has no seal yet; null: everything has one. */
  readonly unsealed: {
    readonly first_id: string;
    /** When it was recorded. */
    readonly since: string;
    readonly age_seconds: number;
  } | null;
  readonly last_verification: {
    readonly begun_at: string;
    readonly ended_at: string;
    readonly made_by: string;
    readonly outcome: 'proven' | 'consistent' | 'mismatch';
    readonly complete: boolean;
    readonly first_seal: number | null;
    readonly last_seal: number | null;
    readonly entries: number;
    readonly problem: string | null;
  } | null;
}

/** Costs the same at any size. Throws what `inSnapshot` throws. */
export function readIntegrity(store: StoreReader): Promise<IntegrityStatus> {
  return inSnapshot(store, async (snapshot) => {
    const head = await readHead(snapshot);
    const [verification] = await snapshot.query<Verification>(
      `select ${timeText('v.begun_at')} as begun_at, ${timeText('v.ended_at')} as ended_at, v.made_by, v.outcome, v.complete,
         v.first_seal::text, v.last_seal::text, v.entries::text, v.problem
       from :schema.verifications v order by v.id desc limit 1`,
    );
    return {
      head,
      unsealed: await readUnsealed(snapshot, head?.last_id ?? '0'),
      last_verification:
        verification === undefined
          ? null
          : {
              ...verification,
              first_seal: numberOf(verification.first_seal),
              last_seal: numberOf(verification.last_seal),
              entries: Number(verification.entries),
            },
    };
  });
}

export interface SealState {
  /** How many seconds ago the oldest entry without a seal was recorded; 0: there is none. */
  readonly ageSeconds: number;
  /** What the last verification found. */
  readonly isMismatch: boolean;
}

/** Throws what `inSnapshot` throws. */
export function readSealState(store: StoreReader, timeoutMs: number): Promise<SealState> {
  return inSnapshot(
    store,
    async (snapshot) => {
      const unsealed = await readUnsealed(snapshot, (await readHead(snapshot))?.last_id ?? '0');
      const [last] = await snapshot.query<{ outcome: string }>(
        'select v.outcome from :schema.verifications v order by v.id desc limit 1',
      );
      return { ageSeconds: unsealed?.age_seconds ?? 0, isMismatch: last?.outcome === 'mismatch' };
    },
    timeoutMs,
  );
}

/** The seal that covers an entry, as the API gives it. */
export interface EntrySeal {
  readonly number: number;
  readonly sealed_at: string;
  readonly hash: string;
  readonly key_id: string | null;
}

/** Null: it has none yet. */
export async function readEntrySeal(snapshot: Snapshot, id: bigint): Promise<EntrySeal | null> {
  const [row] = await snapshot.query<{ number: string; sealed_at: string; hash: string; key_id: string | null }>(
    `select s.number::text, ${timeText('s.sealed_at')} as sealed_at, encode(s.hash, 'hex') as hash, s.key_id
     from :schema.seals s where s.last_id >= $1::bigint order by s.last_id limit 1`,
    [id],
  );
  return row === undefined ? null : { ...row, number: Number(row.number) };
}

/** The last id that a seal covers; 0: there is none. */
export async function readSealedEnd(snapshot: Snapshot): Promise<bigint> {
  const [row] = await snapshot.query<{ last_id: string | null }>(
    'select max(last_id)::text as last_id from :schema.seals',
  );
  return BigInt(row?.last_id ?? 0);
}

type Head = NonNullable<IntegrityStatus['head']>;
type Verification = Omit<NonNullable<IntegrityStatus['last_verification']>, 'first_seal' | 'last_seal' | 'entries'> & {
  readonly first_seal: string | null;
  readonly last_seal: string | null;
  readonly entries: string;
};

async function readHead(snapshot: Snapshot): Promise<Head | null> {
  const [row] = await snapshot.query<Omit<Head, 'number'> & { number: string }>(
    `select s.number::text, s.first_id::text, s.last_id::text, ${timeText('s.sealed_at')} as sealed_at,
       encode(s.hash, 'hex') as hash, s.key_id
     from :schema.seals s order by s.number desc limit 1`,
  );
  return row === undefined ? null : { ...row, number: Number(row.number) };
}

async function readUnsealed(snapshot: Snapshot, lastId: string): Promise<IntegrityStatus['unsealed']> {
  const [row] = await snapshot.query<{ first_id: string; since: string; age: string }>(
    `select e.id::text as first_id, ${timeText(':schema.time_of_id(e.id)')} as since,
       greatest(0, extract(epoch from clock_timestamp() - :schema.time_of_id(e.id)))::text as age
     from :schema.entries e where e.id > $1::bigint order by e.id limit 1`,
    [lastId],
  );
  return row === undefined ? null : { first_id: row.first_id, since: row.since, age_seconds: Number(row.age) };
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}
