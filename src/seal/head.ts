import { z } from 'zod';
import { RowtrailError } from '../lib/errors.ts';
import { sealedAt, sealText, type Seal } from './seal.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * The last seal, to be kept where whoever rules the store cannot write: with it, nobody can take back or make anew what
 * is sealed up to it, be they owner of the store or not. Member names are public.
 */
export interface SealHead {
  readonly rowtrail: 'seal head';
  readonly number: string;
  readonly last_id: string;
  /** RFC 3339. */
  readonly sealed_at: string;
  /** SHA-256 of `text`, hex. */
  readonly hash: string;
  /** What the seal says. */
  readonly text: string;
  readonly key_id: string | null;
  /** Ed25519 over `text`, base64. */
  readonly signature: string | null;
  /** PEM; null where the exporter does not have it. */
  readonly public_key: string | null;
}

/** `key`: the one of the configuration, whose public half goes with the seals that it signed. */
export function headOf(seal: Seal, key: SigningKey | null): SealHead {
  return {
    rowtrail: 'seal head',
    number: seal.number.toString(),
    last_id: seal.lastId.toString(),
    sealed_at: sealedAt(seal),
    hash: seal.hash.toString('hex'),
    text: sealText(seal),
    key_id: seal.keyId,
    signature: seal.signature?.toString('base64') ?? null,
    public_key: key !== null && key.id === seal.keyId ? key.publicKey : null,
  };
}

const shape = z.object({
  rowtrail: z.literal('seal head'),
  number: z.string().regex(/^\d{1,18}$/),
  hash: z.string().regex(/^[\da-f]{64}$/),
});

/** What of an exported head a history is compared with. */
export interface ExpectedHead {
  readonly number: bigint;
  readonly hash: Buffer;
}

/** Reads what `rowtrail seal export` wrote. Throws RT_USAGE. */
export function parseHead(text: string, name: string): ExpectedHead {
  try {
    const { number, hash } = shape.parse(JSON.parse(text));
    return { number: BigInt(number), hash: Buffer.from(hash, 'hex') };
  } catch (error) {
    throw new RowtrailError('RT_USAGE', `${name} is not a seal head`, {
      hint: '`rowtrail seal export` writes one.',
      cause: error,
    });
  }
}
