import type pg from 'pg';
import type { PartFile, PartState } from '../capture/baseline/baseline-catalog.ts';
import type { FilePosition, PartRow } from '../capture/baseline/part-reader.ts';
import { confirmRows } from '../capture/baseline/row-confirmation.ts';
import { writeRowEntry } from '../entry/entry-row.ts';
import { withMasks } from '../entry/mask.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { pause } from '../lib/backoff.ts';
import { parseLsn } from '../pg/lsn.ts';
import { StalePiece, type BaselineWriter } from '../store/baseline-piece.ts';
import type { ChunkPool } from '../store/chunk-pool.ts';
import { Segment } from '../store/segment.ts';
import type { Insertion } from '../store/flush-queue.ts';

/** Rows and encoded bytes that are written in one store transaction, at most (a last row may go beyond the bytes). */
const MAX_PIECE_ROWS = 5_000;
export const MAX_PIECE_BYTES = 4 * 1024 * 1024;
/** How long a transaction that has come in may take to be seen: nothing of the stream is written meanwhile. */
const CONFIRM_LIMIT_MS = 2_000;
const CONFIRM_POLL_MS = 5;

export interface StretchSubject {
  readonly sourcePool: pg.Pool;
  /** Resolves when everything that was committed before this position has come in. */
  readonly passed: (lsn: bigint, signal: AbortSignal) => Promise<void>;
  /** Whether such a transaction has come in lately. */
  readonly hasReceived: (isIt: (xid: number) => boolean) => boolean;
  readonly insert: (insertion: Insertion) => Promise<void>;
}

export interface StretchRows {
  readonly wanted: { readonly oid: number };
  readonly part: number;
  readonly startedId: bigint;
  readonly state: PartState & { readonly part: PartFile };
  readonly plan: RelationPlan;
  /** A position before the snapshot. */
  readonly lsn: bigint;
}

/** Rows of one snapshot, on their way into the store: a piece of them at a time. */
export class BaselineStretch {
  /** Columns to be read, by position in the relation. */
  readonly wantedColumns: ReadonlySet<number>;
  /** Encoded so far. */
  bytes = 0;
  readonly #subject: StretchSubject;
  readonly #writer: BaselineWriter;
  readonly #pool: ChunkPool;
  readonly #signal: AbortSignal;
  readonly #from: StretchRows;
  #segment: Segment;
  #rows: { readonly position: FilePosition; readonly xmin: number }[] = [];

  constructor(
    subject: StretchSubject,
    writer: BaselineWriter,
    pool: ChunkPool,
    signal: AbortSignal,
    from: StretchRows,
  ) {
    this.#subject = subject;
    this.#writer = writer;
    this.#pool = pool;
    this.#signal = signal;
    this.#from = from;
    this.#segment = new Segment(0, pool);
    const { columns, hidden, key } = from.plan;
    this.wantedColumns = new Set(
      [...columns, ...hidden.filter(({ inKey }) => inKey), ...(key ?? [])].map(({ index }) => index),
    );
  }

  get isFull(): boolean {
    return this.#rows.length >= MAX_PIECE_ROWS || this.#segment.byteLength >= MAX_PIECE_BYTES;
  }

  add({ position, xmin, tuple }: PartRow): void {
    const { plan, state } = this.#from;
    const change = withMasks({
      action: 'baseline',
      relation: plan,
      old: null,
      oldHasKeyOnly: false,
      new: tuple,
      large: null,
    });
    const head = { occurredAtMicros: BigInt(state.readAtMicros), ordinal: this.#rows.length };
    writeRowEntry(this.#segment, plan, change, head);
    this.#segment.endRow(0, 0);
    this.#rows.push({ position, xmin });
  }

  /**
   * Writes the rows added since the last call, and that everything up to `end` has been read. Throws StalePiece where the
   * snapshot was behind the stream.
   */
  async write(end: FilePosition, done: boolean): Promise<void> {
    const { wanted, part, startedId, state, plan, lsn } = this.#from;
    const segment = this.#segment;
    const rows = this.#rows;
    this.bytes += segment.byteLength;
    await this.#subject.passed(parseLsn(state.lsn), this.#signal);
    this.#signal.throwIfAborted();
    await this.#subject.insert({
      count: Math.max(1, rows.length),
      run: async (firstId) => {
        const alive = plan.key === null ? await this.#alive() : null;
        const { filenode, blocks } = state.part;
        await this.#writer.write(
          {
            relationId: plan.relationId,
            isKeyed: plan.key !== null,
            segment,
            xmins: rows.map(({ xmin }) => xmin),
            snapshot: state.snapshot,
            lsn,
            readAtMicros: BigInt(state.readAtMicros),
            startedId,
            end: { oid: wanted.oid, part, filenode, ...end, blocks, done },
          },
          firstId,
          (n) => alive === null || alive.has(n),
        );
      },
    });
    segment.release();
    this.#segment = new Segment(0, this.#pool);
    this.#rows = [];
  }

  release(): void {
    this.#segment.release();
  }

  /**
   * Rows without a key are known by where they lie: one that is there still, as it was, was there all along. One that is
   * gone has an entry of its own, or will have.
   */
  async #alive(): Promise<ReadonlySet<number>> {
    const { part, state } = this.#from;
    const deadline = performance.now() + CONFIRM_LIMIT_MS;
    for (;;) {
      const { alive, isRunning } = await confirmRows(
        this.#subject.sourcePool,
        { ...state.part, oid: part },
        this.#rows,
      );
      if (!this.#subject.hasReceived(isRunning)) return alive;
      if (performance.now() > deadline) throw new StalePiece();
      await pause(CONFIRM_POLL_MS, this.#signal);
      this.#signal.throwIfAborted();
    }
  }
}
