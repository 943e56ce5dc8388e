import { createHash } from 'node:crypto';
import type { QueryResultRow } from 'pg';
import type { Digest } from './row-digest.ts';

/** What a seal covers, each with its own count and digest, so that a mismatch can be named. */
export const SEAL_PARTS = ['entries', 'contexts', 'transactions', 'links', 'truncated_rows', 'facts'] as const;
export type SealPart = (typeof SEAL_PARTS)[number];

/** The one there is. Another set of columns is another format. */
export const SEAL_FORMAT = 1;
/** `previous` of the first seal. */
export const NO_SEAL = Buffer.alloc(32);

/** What is hashed. */
export interface SealContent {
  readonly number: bigint;
  readonly format: number;
  /** The ids that it covers, both included. */
  readonly firstId: bigint;
  readonly lastId: bigint;
  /** Microseconds since 1970. */
  readonly sealedAtMicros: bigint;
  readonly parts: Readonly<Record<SealPart, Digest>>;
  /** `hash` of the seal before. */
  readonly previous: Buffer;
}

export interface Seal extends SealContent {
  readonly hash: Buffer;
  readonly keyId: string | null;
  readonly signature: Buffer | null;
}

/** A line for each thing that it says: what is hashed, and what is signed. */
export function sealText(seal: SealContent): string {
  return [
    `rowtrail seal ${seal.format}`,
    `number ${seal.number}`,
    `ids ${seal.firstId} ${seal.lastId}`,
    `sealed_at ${seal.sealedAtMicros}`,
    ...SEAL_PARTS.map((part) => `${part} ${seal.parts[part].rows} ${seal.parts[part].sha256.toString('hex')}`),
    `previous ${seal.previous.toString('hex')}`,
    '',
  ].join('\n');
}

export function sealHash(seal: SealContent): Buffer {
  return createHash('sha256').update(sealText(seal)).digest();
}

export const SEAL_COLUMNS: string = [
  'number::text',
  'format',
  'first_id::text',
  'last_id::text',
  '(extract(epoch from sealed_at) * 1000000)::bigint::text as sealed_at',
  ...SEAL_PARTS.flatMap((part) => [`${part}::text`, `${part}_sha256`]),
  'previous',
  'hash',
  'key_id',
  'signature',
].join(', ');

/** A row with `SEAL_COLUMNS`. */
export function sealOf(row: QueryResultRow): Seal {
  const part = (name: SealPart): Digest => ({ rows: BigInt(row[name]), sha256: row[`${name}_sha256`] });
  return {
    number: BigInt(row['number']),
    format: row['format'],
    firstId: BigInt(row['first_id']),
    lastId: BigInt(row['last_id']),
    sealedAtMicros: BigInt(row['sealed_at']),
    parts: Object.fromEntries(SEAL_PARTS.map((name) => [name, part(name)])) as Record<SealPart, Digest>,
    previous: row['previous'],
    hash: row['hash'],
    keyId: row['key_id'],
    signature: row['signature'],
  };
}

/** RFC 3339, to the microsecond. */
export function sealedAt({ sealedAtMicros }: Pick<SealContent, 'sealedAtMicros'>): string {
  const time = new Date(Number(sealedAtMicros / 1000n)).toISOString().slice(0, -1);
  return `${time}${String(sealedAtMicros % 1000n).padStart(3, '0')}Z`;
}
