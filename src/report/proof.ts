import { createHash } from 'node:crypto';
import type { TrailSeals } from '../query/record-trail.ts';
import type { Zone } from './zone.ts';

/** What shows that a list of entries is the one that a report was made of. */
export interface Proof {
  readonly entries: number;
  readonly first: string | null;
  readonly last: string | null;
  /** SHA-256, hex, over the entries' JSON texts in order, each with a line feed behind it. */
  readonly digest: string;
}

export class ProofBuilder {
  readonly #hash = createHash('sha256');
  #entries = 0;
  #first: string | null = null;
  #last: string | null = null;

  add(id: bigint, json: string): void {
    this.#hash.update(json).update('\n');
    this.#entries += 1;
    this.#last = id.toString();
    this.#first ??= this.#last;
  }

  get entries(): number {
    return this.#entries;
  }

  /** To be called once. */
  finish(): Proof {
    return { entries: this.#entries, first: this.#first, last: this.#last, digest: this.#hash.digest('hex') };
  }
}

export const DIGEST_METHOD =
  'SHA-256 over the JSON text of the entries in order, each followed by a line feed: what an export of the same record and period in the format ndjson consists of.';

/** What the seals say of the entries of a report, for people. */
export function sealText(seals: TrailSeals | null, entries: number, zone: Zone): string {
  if (seals === null) {
    return `${entries === 0 ? 'There are no entries.' : 'The entries are not sealed yet.'} ${UNSEALED}`;
  }
  const { first, last } = seals;
  const count =
    seals.entries === entries
      ? 'All entries are sealed'
      : `${seals.entries} of ${entries} entries are sealed, the newest not yet`;
  const span = first.number === last.number ? `by seal ${last.number}` : `by seals ${first.number} to ${last.number}`;
  const signature = last.key_id === null ? 'not signed' : `signed with the key ${last.key_id}`;
  return `${count}, ${span} (the last one of ${zone.format(last.sealed_at)}, ${signature}, SHA-256 ${last.hash}). ${SEALED}`;
}

const SEALED =
  '`rowtrail verify` compares the history with its seals: this report says that they are there, not that they match. A signature, or a head of the chain that was exported before, proves them against whoever rules the store.';
const UNSEALED =
  'Nothing outside of this store vouches for them, so this shows that a copy is unchanged since the report was made, not that the history was unchanged before.';
