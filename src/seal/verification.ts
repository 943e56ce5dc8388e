import type { KeyObject } from 'node:crypto';
import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { ChainReader, type Problem } from './chain.ts';
import type { ExpectedHead } from './head.ts';
import { SEAL_PARTS, type Seal } from './seal.ts';
import { digestRows } from './sealed-rows.ts';
import { describeMismatch } from './suspect.ts';

/** Rows of a range that are read with one COPY, about: enough that round trips do not count, little enough to share out. */
const ENTRIES_AT_ONCE = 50_000n;
const SEALS_AT_ONCE = 500;
/** Mismatches that are looked into; the rest are counted. */
const MAX_DESCRIBED = 20;

export interface VerificationOptions {
  readonly schema: string;
  /** A connection of its own each time; whoever gets it ends it. */
  readonly connect: () => Promise<pg.Client>;
  /** Connections that read at once. */
  readonly workers: number;
  /** Ids; null: from the first one, or to the last. The chain is always read whole. */
  readonly fromId: bigint | null;
  readonly toId: bigint | null;
  /** An exported head. */
  readonly head: ExpectedHead | null;
  /** Whose signatures are trusted. */
  readonly publicKeys: readonly KeyObject[];
  /** Ends it before all is read; what was read counts. */
  readonly signal?: AbortSignal;
  /** Milliseconds; the same. */
  readonly limitMs?: number;
  readonly onProgress?: (progress: { readonly entries: bigint; readonly of: bigint }) => void;
}

export interface Verification {
  /**
   * consistent: everything matches its seals; who rules the store could have made them anew. proven: a signature or an
   * exported head, which they cannot have made, vouches for it.
   */
  readonly outcome: 'proven' | 'consistent' | 'mismatch';
  /** All of the range was read. */
  readonly complete: boolean;
  /** The last seal that a signature or an exported head vouches for. */
  readonly provenTo: bigint | null;
  /** How many seals were compared with the history, and the first and last of them. */
  readonly seals: bigint;
  readonly firstSeal: bigint | null;
  readonly lastSeal: bigint | null;
  readonly entries: bigint;
  /** Seals whose entries retention has removed: of them, the chain alone is left. */
  readonly removedSeals: bigint;
  /** The last one of all. */
  readonly head: Seal | null;
  /** Entries behind it; null: the chain was not read to its end. */
  readonly unsealed: bigint | null;
  /** By seal. */
  readonly problems: readonly Problem[];
  /** Mismatches beyond those. */
  readonly furtherProblems: number;
}

/** Compares the history with its seals. Rejects with what the database says; a mismatch is no error. */
export async function verifyHistory(options: VerificationOptions): Promise<Verification> {
  const client = await options.connect();
  try {
    return await new Run(options, client).run();
  } finally {
    await client.end().catch(() => {});
  }
}

class Run {
  readonly #options: VerificationOptions;
  readonly #client: pg.Client;
  readonly #schema: string;
  readonly #chain: ChainReader;
  readonly #deadline: number;
  readonly #problems: Problem[] = [];
  #further = 0;
  #floor = 0n;
  #waiting: Seal[] = [];
  #chainEnded = false;
  #reading: Promise<void> = Promise.resolve();
  #isCut = false;
  #failure: { readonly error: unknown } | null = null;
  #seals = 0n;
  #entries = 0n;
  #expectedEntries = 0n;
  #removedSeals = 0n;
  #firstSeal: bigint | null = null;
  #lastSeal: bigint | null = null;

  constructor(options: VerificationOptions, client: pg.Client) {
    this.#options = options;
    this.#client = client;
    this.#schema = quoteIdentifier(options.schema);
    this.#chain = new ChainReader(client, this.#schema, options, (problem) => this.#report(problem));
    this.#deadline = performance.now() + (options.limitMs ?? Number.POSITIVE_INFINITY);
  }

  async run(): Promise<Verification> {
    this.#floor = await this.#readFloor();
    this.#expectedEntries = await this.#countExpected();
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#work()));
    if (this.#failure !== null) throw this.#failure.error;
    // The chain is read to its end, also where the history is not.
    while (!this.#chainEnded && !this.#isPastLimit()) await this.#readChain();
    if (this.#chainEnded) this.#chain.finish();
    const problems = this.#problems.toSorted((a, b) => (a.seal < b.seal ? -1 : a.seal > b.seal ? 1 : 0));
    const provenTo = this.#provenTo();
    return {
      outcome: problems.length > 0 ? 'mismatch' : provenTo === null ? 'consistent' : 'proven',
      complete: this.#chainEnded && !this.#isCut,
      provenTo,
      seals: this.#seals,
      firstSeal: this.#firstSeal,
      lastSeal: this.#lastSeal,
      entries: this.#entries,
      removedSeals: this.#removedSeals,
      head: this.#chain.last,
      unsealed: this.#chainEnded ? await this.#countUnsealed() : null,
      problems,
      furtherProblems: this.#further,
    };
  }

  #provenTo(): bigint | null {
    const heads = [this.#chain.lastSigned, this.#chain.hasHead ? this.#options.head!.number : null];
    return heads.reduce((best, each) => (best === null || (each !== null && each > best) ? each : best), null);
  }

  async #work(): Promise<void> {
    let client: pg.Client | null = null;
    try {
      for (let seals = await this.#take(); seals.length > 0; seals = await this.#take()) {
        client ??= await this.#options.connect();
        await this.#compare(client, seals);
      }
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      await client?.end().catch(() => {});
    }
  }

  /** The next seals to be compared with what they cover; none: there are no more. */
  async #take(): Promise<readonly Seal[]> {
    const reading = this.#reading.then(async () => {
      while (this.#waiting.length === 0 && !this.#chainEnded && !this.#isPastLimit()) await this.#readChain();
    });
    this.#reading = reading.catch(() => {});
    await reading;
    if (this.#failure !== null) return [];
    if (this.#isPastLimit()) {
      if (this.#waiting.length > 0 || !this.#chainEnded) this.#isCut = true;
      return [];
    }
    const taken: Seal[] = [];
    let entries = 0n;
    for (let seal = this.#waiting[0]; seal !== undefined && taken.length < SEALS_AT_ONCE; seal = this.#waiting[0]) {
      const follows = taken.length === 0 || taken.at(-1)!.number + 1n === seal.number;
      if (!follows || (taken.length > 0 && entries + seal.parts.entries.rows > ENTRIES_AT_ONCE)) break;
      entries += seal.parts.entries.rows;
      taken.push(seal);
      this.#waiting.shift();
    }
    return taken;
  }

  async #readChain(): Promise<void> {
    const seals = await this.#chain.next();
    if (seals.length === 0) this.#chainEnded = true;
    const { fromId, toId } = this.#options;
    for (const seal of seals) {
      if ((fromId !== null && seal.lastId < fromId) || (toId !== null && seal.firstId > toId)) continue;
      if (seal.lastId < this.#floor) this.#removedSeals += 1n;
      else this.#waiting.push(seal);
    }
  }

  async #compare(client: pg.Client, seals: readonly Seal[]): Promise<void> {
    for (const part of SEAL_PARTS) {
      const digests = await digestRows(client, this.#schema, part, seals);
      for (const [n, seal] of seals.entries()) {
        const found = digests[n]!;
        const expected = seal.parts[part];
        if (found.rows === expected.rows && found.sha256.equals(expected.sha256)) continue;
        await this.#mismatch(client, { seal, part, found });
      }
    }
    for (const { number, parts } of seals) {
      this.#seals += 1n;
      this.#entries += parts.entries.rows;
      this.#firstSeal = this.#firstSeal === null || number < this.#firstSeal ? number : this.#firstSeal;
      this.#lastSeal = this.#lastSeal === null || number > this.#lastSeal ? number : this.#lastSeal;
    }
    this.#options.onProgress?.({ entries: this.#entries, of: this.#expectedEntries });
  }

  async #mismatch(client: pg.Client, mismatch: Parameters<typeof describeMismatch>[2]): Promise<void> {
    // Retention may have taken its partition meanwhile.
    this.#floor = await readFloor(client, this.#schema);
    if (mismatch.seal.lastId < this.#floor) return;
    if (this.#problems.length >= MAX_DESCRIBED) this.#further += 1;
    else this.#report(await describeMismatch(client, this.#schema, mismatch));
  }

  #report(problem: Problem): void {
    this.#problems.push(problem);
  }

  #isPastLimit(): boolean {
    return this.#options.signal?.aborted === true || performance.now() > this.#deadline;
  }

  #readFloor(): Promise<bigint> {
    return readFloor(this.#client, this.#schema);
  }

  async #countExpected(): Promise<bigint> {
    const { fromId, toId } = this.#options;
    const found = await this.#client.query<{ entries: string }>(
      `select coalesce(sum(s.entries), 0)::bigint::text as entries from ${this.#schema}.seals s
       where s.last_id >= $1 and s.first_id <= $2`,
      [fromId !== null && fromId > this.#floor ? fromId : this.#floor, toId ?? MAX_ID],
    );
    return BigInt(found.rows[0]!.entries);
  }

  async #countUnsealed(): Promise<bigint> {
    const found = await this.#client.query<{ entries: string }>(
      `select count(*)::text as entries from ${this.#schema}.entries e where e.id > $1`,
      [this.#chain.last?.lastId ?? 0n],
    );
    return BigInt(found.rows[0]!.entries);
  }
}

const MAX_ID = 2n ** 63n - 1n;

/** What retention has taken away ends here: ids below it are not there any more, or about to go. */
async function readFloor(client: pg.ClientBase, schema: string): Promise<bigint> {
  const found = await client.query<{ floor: string }>(
    `select coalesce(max(high), 0)::text as floor from ${schema}.removed_partitions where parent = 'entries'`,
  );
  return BigInt(found.rows[0]!.floor);
}
