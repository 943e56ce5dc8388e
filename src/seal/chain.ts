import type { KeyObject } from 'node:crypto';
import type pg from 'pg';
import type { ExpectedHead } from './head.ts';
import { NO_SEAL, SEAL_COLUMNS, SEAL_FORMAT, sealHash, sealOf, type Seal } from './seal.ts';
import { isSignedBy, keyId } from './signing-key.ts';

/** What does not match. */
export type ProblemKind =
  /** Seals are not in the chain. */
  | 'seal_missing'
  /** What a seal says is not what was hashed, or it does not follow from the one before. */
  | 'seal_changed'
  | 'seal_unsigned'
  | 'seal_signature'
  /** The chain ends before the exported head, or has another seal in its place. */
  | 'head_missing'
  | 'head_changed'
  /** Entries, or what belongs to them. */
  | 'removed'
  | 'inserted'
  | 'reordered'
  | 'edited';

export interface Problem {
  readonly seal: bigint;
  readonly kind: ProblemKind;
  /** For people. */
  readonly message: string;
  /** Ids of entries that it may be. */
  readonly entries: readonly bigint[];
}

export interface ChainOptions {
  readonly head: ExpectedHead | null;
  /** Empty: signatures are not looked at. */
  readonly publicKeys: readonly KeyObject[];
}

const SEALS_AT_ONCE = 2_000;

/** Reads the seals in their order, looks at each by itself and at how it follows from the one before, and at signatures. */
export class ChainReader {
  readonly #client: pg.ClientBase;
  readonly #schema: string;
  readonly #head: ExpectedHead | null;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #report: (problem: Problem) => void;
  #last: Seal | null = null;
  #expected = 1n;
  #lastSigned: bigint | null = null;
  #hasHead = false;

  /** `schema` is quoted. */
  constructor(client: pg.ClientBase, schema: string, options: ChainOptions, report: (problem: Problem) => void) {
    this.#client = client;
    this.#schema = schema;
    this.#head = options.head;
    this.#keys = new Map(options.publicKeys.map((key) => [keyId(key), key]));
    this.#report = report;
  }

  /** The last one that was read. */
  get last(): Seal | null {
    return this.#last;
  }

  /** The last one that a given key signed: it vouches for all before it. */
  get lastSigned(): bigint | null {
    return this.#lastSigned;
  }

  /** The exported head is in the chain, as it was. */
  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** The next seals; none: that was the last one. */
  async next(): Promise<readonly Seal[]> {
    const found = await this.#client.query(
      `select ${SEAL_COLUMNS} from ${this.#schema}.seals where seals.number >= $1 order by seals.number limit ${SEALS_AT_ONCE}`,
      [this.#expected],
    );
    const seals = found.rows.map(sealOf);
    for (const seal of seals) this.#check(seal);
    return seals;
  }

  /** What is only known at the end. */
  finish(): void {
    const last = this.#last?.number ?? 0n;
    if (this.#head !== null && this.#head.number > last) {
      const ending = last === 0n ? 'there is no seal at all' : `the chain ends with seal ${last}`;
      this.#problem(
        last + 1n,
        'head_missing',
        `seal ${this.#head.number} was exported, and ${ending}: its end is cut off`,
      );
    }
    if (this.#keys.size > 0 && this.#lastSigned === null && last > 0n) {
      this.#problem(1n, 'seal_unsigned', 'no seal is signed with a key that was given');
    }
  }

  #check(seal: Seal): void {
    const last = this.#last;
    if (seal.number !== this.#expected) {
      const missing =
        seal.number === this.#expected + 1n
          ? `seal ${this.#expected} is`
          : `seals ${this.#expected} to ${seal.number - 1n} are`;
      this.#problem(this.#expected, 'seal_missing', `${missing} missing`);
    }
    this.#expected = seal.number + 1n;
    this.#last = seal;
    const doubt = doubtOf(seal, last);
    if (doubt !== null) this.#problem(seal.number, 'seal_changed', `seal ${seal.number} ${doubt}`);
    if (this.#head?.number === seal.number) {
      this.#hasHead = this.#head.hash.equals(seal.hash);
      if (!this.#hasHead) {
        const message = `seal ${seal.number} is not the one that was exported: the chain was made anew`;
        this.#problem(seal.number, 'head_changed', message);
      }
    }
    if (this.#keys.size > 0) this.#checkSignature(seal);
  }

  #checkSignature(seal: Seal): void {
    if (seal.signature === null) {
      // Those from before there was a key: the first one that is signed vouches for them.
      if (this.#lastSigned === null) return;
      this.#problem(seal.number, 'seal_unsigned', `seal ${seal.number} is not signed, and seals before it are`);
      return;
    }
    const key = this.#keys.get(seal.keyId ?? '');
    if (key !== undefined && isSignedBy(seal, key)) {
      this.#lastSigned = seal.number;
      return;
    }
    const why =
      key === undefined ? `names the key ${seal.keyId ?? 'of nobody'}, which was not given` : 'is not that of its key';
    this.#problem(seal.number, 'seal_signature', `the signature of seal ${seal.number} ${why}`);
  }

  #problem(seal: bigint, kind: ProblemKind, message: string): void {
    this.#report({ seal, kind, message, entries: [] });
  }
}

/** Why a seal cannot be the one that was made after `last`; null: it can. */
function doubtOf(seal: Seal, last: Seal | null): string | null {
  if (seal.format !== SEAL_FORMAT) return `has format ${seal.format}, which this version does not know`;
  if (!sealHash(seal).equals(seal.hash)) return 'was changed: its hash is not that of what it says';
  // A missing one has been told of.
  if (last !== null && seal.number !== last.number + 1n) return null;
  if (last === null && seal.number !== 1n) return null;
  if (!seal.previous.equals(last?.hash ?? NO_SEAL))
    return 'does not follow from the one before: that one was made anew';
  if (seal.firstId !== (last?.lastId ?? 0n) + 1n) return 'does not begin where the one before ends';
  return null;
}
