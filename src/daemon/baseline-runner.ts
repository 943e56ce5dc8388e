import type pg from 'pg';
import type { BaselineCatalog } from '../capture/baseline/baseline-catalog.ts';
import { PartReader } from '../capture/baseline/part-reader.ts';
import { readPublishedTables } from '../capture/published-columns.ts';
import type { StreamPosition } from '../change/change.ts';
import type { Relation } from '../change/relation.ts';
import type { SourceConfig } from '../config/config.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { pause } from '../lib/backoff.ts';
import { messageOf, tellable } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { parseLsn } from '../pg/lsn.ts';
import { BaselineWriter, StalePiece, type BaselineStore } from '../store/baseline-piece.ts';
import { BaselineRecord, type WantedBaseline } from '../store/baseline-record.ts';
import { ChunkPool } from '../store/chunk-pool.ts';
import { BaselineStretch, MAX_PIECE_BYTES, type StretchSubject } from './baseline-stretch.ts';

/** Blocks of a table's file that are read under one snapshot. */
const MIN_WINDOW_BLOCKS = 8;
const MAX_WINDOW_BLOCKS = 2_048;
/** How often to see whether a baseline is asked for. */
const POLL_MS = 1_000;
/** How often to look for tables that have come to be tracked. */
const REQUEST_MS = 15_000;
/** After something went wrong with one. */
const RETRY_MS = 5_000;
/** Before a table is looked at again that has told of a change meanwhile. */
const STALE_PAUSE_MS = 5;

/** What a baseline needs of the attempt that captures the source: its rows are written between the stream's. */
export interface BaselineSubject extends StretchSubject {
  readonly source: Pick<SourceConfig, 'name' | 'url' | 'publication' | 'baseline'>;
  readonly catalog: BaselineCatalog;
  readonly storePool: pg.Pool;
  readonly store: BaselineStore;
  readonly log: Log;
  readonly describe: (
    relation: Relation,
    at: StreamPosition & { readonly xid: number },
  ) => Promise<RelationPlan> | RelationPlan;
}

/** A part of a table as it is being read. */
interface Reading {
  readonly wanted: WantedBaseline;
  readonly part: number;
  readonly startedId: bigint;
}

/**
 * Makes the baselines that are asked for while the stream goes on.
 *
 * A stretch of the table is read in a snapshot of its own. Then the stream is let come past everything that the snapshot
 * shows. From there on, a row whose record has no entry was not changed between the beginning of its history and this
 * place in the stream: here its baseline entry is true, and here it is written. All others have entries of their own.
 * DESIGN §3.
 */
export class BaselineRunner {
  readonly #subject: BaselineSubject;
  readonly #record: BaselineRecord;
  readonly #pool = new ChunkPool(MAX_PIECE_BYTES);
  readonly #abort = new AbortController();
  #plan: { readonly text: string; readonly plan: RelationPlan } | null = null;
  #running: Promise<void> | null = null;
  #reader: PartReader | null = null;
  #writer: BaselineWriter | null = null;
  #window = MIN_WINDOW_BLOCKS;
  #requestAtMs = 0;
  /** By oid: why it waits. */
  readonly #told = new Map<number, string>();

  constructor(subject: BaselineSubject) {
    this.#subject = subject;
    this.#record = new BaselineRecord(subject.storePool, subject.store.schema, subject.store.sourceId);
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Begins nothing more; what is being written may still be. */
  abort(): void {
    this.#abort.abort();
    this.#reader?.destroy();
  }

  /** Ends at once; what is not written is read again next time. */
  async stop(): Promise<void> {
    this.abort();
    this.#writer?.destroy();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let waitMs = POLL_MS;
      try {
        if (this.#subject.source.baseline && performance.now() >= this.#requestAtMs) await this.#request();
        for (const wanted of await this.#record.wanted()) {
          if (signal.aborted) break;
          if (!(await this.#attempt(wanted))) waitMs = RETRY_MS;
        }
      } catch (error) {
        // The store, or the source's catalog: capture itself says what is wrong with them.
        if (!signal.aborted) this.#subject.log.debug({ source: this.#name }, `no baseline now: ${messageOf(error)}`);
      }
      await this.#close();
      await pause(waitMs, signal);
    }
  }

  get #name(): string {
    return this.#subject.source.name;
  }

  /** Every tracked table has one baseline, also one that comes to be tracked later. */
  async #request(): Promise<void> {
    await this.#record.request(await readPublishedTables(this.#subject.sourcePool, this.#subject.source.publication));
    this.#requestAtMs = performance.now() + REQUEST_MS;
  }

  /** Returns whether it is done. Never throws for what is wrong with one table: others may do. */
  async #attempt(wanted: WantedBaseline): Promise<boolean> {
    const { log } = this.#subject;
    const fields = { source: this.#name, table: `${wanted.schema}.${wanted.table}` };
    try {
      await this.#make(wanted, fields);
      return true;
    } catch (error) {
      await this.#close();
      if (this.#abort.signal.aborted) return false;
      const why = tellable(error);
      // An outage says so once, not at every try.
      log[this.#told.get(wanted.oid) === why ? 'debug' : 'warn'](fields, `baseline waits: ${why}`);
      this.#told.set(wanted.oid, why);
      await this.#record.note(wanted.oid, why);
      return false;
    }
  }

  async #make(wanted: WantedBaseline, fields: object): Promise<void> {
    const reader = await this.#open();
    const parts = await reader.parts(wanted.oid);
    const startedId = await this.#record.start(wanted.oid, parts);
    this.#subject.log.info(fields, 'baseline begins');
    for (const part of parts) await this.#readPart({ wanted, part: part.oid, startedId });
    if (this.#abort.signal.aborted) return;
    await this.#record.finish(wanted.oid, parts.length > 0 ? null : 'it is not tracked any more');
    this.#subject.log.info(fields, 'baseline is complete');
  }

  async #readPart(reading: Reading): Promise<void> {
    const { signal } = this.#abort;
    this.#window = MIN_WINDOW_BLOCKS;
    while (!signal.aborted) {
      try {
        if (await this.#readWindow(reading)) return;
      } catch (error) {
        if (!(error instanceof StalePiece)) throw error;
        // What the snapshot did not show is shown by the next one, a moment later.
        await this.#close();
        await pause(STALE_PAUSE_MS, signal);
      }
    }
  }

  /** Reads and writes the next stretch of a part; returns whether it was the last. */
  async #readWindow(reading: Reading): Promise<boolean> {
    const { wanted, part } = reading;
    const progress = await this.#record.progress(wanted.oid, part);
    if (progress.done) return true;
    const reader = await this.#open();
    // Before the snapshot: DDL that it does not show commits behind this position.
    const lsn = parseLsn(await reader.walEnd());
    const table = { oid: wanted.oid, part };
    const done = await reader.inSnapshot(table, async (state) => {
      const isSameFile = progress.filenode === null || progress.filenode === state.part.filenode;
      const from = isSameFile ? progress : { block: 0, offset: 0 };
      const endBlock = Math.min(from.block + this.#window, state.part.blocks);
      const plan = await this.#planOf(state.relation, lsn);
      // Old values are taken from entries that are younger than what is known of their columns: a new snapshot.
      if (plan === null) return false;
      const stretch = new BaselineStretch(this.#subject, this.#writer!, this.#pool, this.#abort.signal, {
        ...reading,
        state,
        plan,
        lsn,
      });
      try {
        for await (const row of reader.rows(state, stretch.wantedColumns, from, endBlock)) {
          stretch.add(row);
          if (stretch.isFull) await stretch.write(row.position, false);
        }
        const isLast = endBlock >= state.part.blocks;
        await stretch.write({ block: endBlock, offset: 0 }, isLast);
        this.#adapt(stretch.bytes);
        return isLast;
      } finally {
        stretch.release();
      }
    });
    // Gone, or of another table: there is nothing left to be read.
    return done ?? true;
  }

  /** About one piece a window. */
  #adapt(bytes: number): void {
    const wanted =
      bytes > MAX_PIECE_BYTES ? this.#window / 2 : bytes < MAX_PIECE_BYTES / 2 ? this.#window * 2 : this.#window;
    this.#window = Math.min(MAX_WINDOW_BLOCKS, Math.max(MIN_WINDOW_BLOCKS, Math.floor(wanted)));
  }

  /** The plan of a table that was described before; null: it is from now on. */
  async #planOf(relation: Relation, lsn: bigint): Promise<RelationPlan | null> {
    const text = JSON.stringify(relation);
    if (this.#plan?.text === text) return this.#plan.plan;
    // Entries of this position and later ones tell the same of the same columns.
    const plan = await this.#subject.describe(relation, { commitLsn: lsn - 1n, ordinal: 0, xid: 0 });
    this.#plan = { text, plan };
    return null;
  }

  async #open(): Promise<PartReader> {
    if (this.#writer === null) {
      const writer = new BaselineWriter(this.#subject.store);
      await writer.connect();
      this.#writer = writer;
    }
    if (this.#reader === null) {
      const reader = new PartReader(this.#subject.source.url, this.#subject.catalog);
      await reader.connect();
      this.#reader = reader;
    }
    this.#abort.signal.throwIfAborted();
    return this.#reader;
  }

  async #close(): Promise<void> {
    this.#reader?.destroy();
    this.#reader = null;
    this.#plan = null;
    this.#writer?.destroy();
    this.#writer = null;
  }
}
