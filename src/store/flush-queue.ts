import { messageOf, RowtrailError } from '../lib/errors.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { Flush, FlushAbandoned } from './flush.ts';
import type { Lane } from './lane.ts';
import { isRefusal, RefusedFlush } from './refusal.ts';
import type { Registrar } from './registrar.ts';

/** Entries that are no part of the stream, with a block of ids of their own. */
export interface Insertion {
  /** Ids to reserve. */
  readonly count: number;
  /** Writes and commits; runs alone, when everything before it is durable. What fails here does not stop capture. */
  run(firstId: bigint): Promise<void>;
}

export interface QueuedInsertion {
  readonly insertion: Insertion;
  readonly firstId: Promise<bigint>;
  readonly settle: { resolve: () => void; reject: (error: unknown) => void };
}

export interface FlushQueueOptions {
  /** Of the store, for what its errors say. */
  readonly url: string;
  readonly lanes: readonly Lane[];
  readonly registrar: Registrar;
  /** The commit LSN of the one transaction that a flush consists of; null: it has several. */
  readonly onlyTransactionOf: (flush: Flush) => bigint | null;
  /** A flush or an insertion has ended, and none is being written. */
  readonly onIdle: () => void;
  /** Everything before this position is durable in the store. */
  readonly onDurable: (endLsn: bigint) => void;
  /** Nothing is written any more. Called once. */
  readonly onFailure: (error: RowtrailError) => void;
}

/** 2000-01-01, from which PostgreSQL counts. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

interface FlushCounters {
  entries: number;
  flushes: number;
  /** From when a flush was handed to its connection until it was durable, summed up. */
  flushMs: number;
  /** When the last stored transaction was committed, by the source's clock, since 1970; null: none was stored. */
  committedAtMs: number | null;
}

/**
 * Hands flushes to the lanes as these become free: what is copied overlaps, what is committed keeps its order. An
 * insertion takes its turn among them.
 */
export class FlushQueue {
  readonly #options: FlushQueueOptions;
  readonly #freeLanes: Lane[] = [];
  readonly #waiting: (Flush | QueuedInsertion)[] = [];
  readonly #active = new Set<Promise<void>>();
  readonly #running = new Set<Flush>();
  readonly counters: FlushCounters = { entries: 0, flushes: 0, flushMs: 0, committedAtMs: null };
  #lastWritten: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(options: FlushQueueOptions) {
    this.#options = options;
  }

  /** The lanes are connected. */
  open(): void {
    this.#freeLanes.push(...this.#options.lanes);
  }

  /** Something is being written. */
  get isActive(): boolean {
    return this.#active.size > 0;
  }

  get isEmpty(): boolean {
    return this.#active.size === 0 && this.#waiting.length === 0;
  }

  /** It takes nothing more. */
  get hasFailed(): boolean {
    return this.#failed;
  }

  /** The store's backends that are writing now. */
  get backends(): readonly number[] {
    const { lanes, registrar } = this.#options;
    return this.#running.size === 0 ? [] : [...lanes.map(({ backend }) => backend), registrar.backend];
  }

  push(item: Flush | QueuedInsertion): void {
    this.#waiting.push(item);
    this.#dispatch();
  }

  /** Rejects if a flush fails. */
  async drain(): Promise<void> {
    while (this.#active.size > 0) await Promise.all(this.#active);
  }

  /** What is not committed is rolled back, and an open lane ends. */
  async close(): Promise<void> {
    this.#failed = true;
    for (const flush of this.#running) flush.fail(new FlushAbandoned());
    for (const waiting of this.#waiting) {
      if (waiting instanceof Flush) waiting.discard();
      else waiting.settle.reject(new FlushAbandoned());
    }
    await Promise.allSettled(this.#options.lanes.map((lane) => lane.end()));
    await Promise.allSettled(this.#active);
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const explained = explainDatabaseError(error, 'the store', this.#options.url);
    const failure =
      explained.code === 'RT_INTERNAL'
        ? new RowtrailError('RT_STORE_WRITE', `the store refused a write: ${messageOf(error)}`, {
            hint: 'Nothing is lost: the source keeps what is not stored. Capture tries again.',
            cause: error,
          })
        : explained;
    for (const flush of this.#running) flush.fail(failure);
    this.#options.onFailure(failure);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#failed) {
      const next = this.#waiting[0]!;
      if (next instanceof Flush && this.#freeLanes.length === 0) return;
      this.#waiting.shift();
      if (next instanceof Flush) this.#send(next, this.#freeLanes.pop()!);
      else this.#runInsertion(next);
    }
  }

  #send(flush: Flush, lane: Lane): void {
    const written = this.#write(lane, flush, this.#lastWritten);
    this.#running.add(flush);
    this.#follow(written, () => {
      this.#running.delete(flush);
      this.#freeLanes.push(lane);
    });
  }

  /** What comes after it waits for it, and does not mind if it fails: it is no part of the stream. */
  #runInsertion({ insertion, firstId, settle }: QueuedInsertion): void {
    const predecessor = this.#lastWritten;
    const written = (async (): Promise<void> => {
      const id = await firstId;
      await predecessor;
      await insertion.run(id).then(settle.resolve, async (error: unknown) => {
        // Whoever closes ends all blocks.
        if (!this.#failed) await this.#options.registrar.endBlock(id);
        settle.reject(error);
      });
    })();
    written.catch((error: unknown) => settle.reject(error));
    this.#follow(written, () => {});
  }

  #follow(written: Promise<void>, release: () => void): void {
    this.#lastWritten = written;
    this.#active.add(written);
    const ended = (): void => {
      this.#active.delete(written);
      release();
      if (this.#failed) return;
      if (this.#active.size === 0) this.#options.onIdle();
      this.#dispatch();
    };
    written.then(ended, ended);
  }

  async #write(lane: Lane, flush: Flush, predecessor: Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await lane.write(flush, predecessor);
    } catch (error) {
      if (error instanceof FlushAbandoned) return;
      // What comes before it is good, as far as is known: once that is stored, this is where capture stands.
      await predecessor.catch(() => {});
      this.fail(isRefusal(error) ? new RefusedFlush(this.#options.onlyTransactionOf(flush), error) : error);
      throw error;
    }
    this.counters.flushes += 1;
    this.counters.entries += flush.rowCount;
    this.counters.flushMs += performance.now() - began;
    this.counters.committedAtMs = Number(flush.last!.committedAtMicros / 1000n) + POSTGRES_EPOCH_MS;
    this.#options.onDurable(flush.last!.endLsn);
  }
}
