import type pg from 'pg';
import type { CaptureIntervals } from '../capture/wal/wal-capture.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Checkpoint } from '../store/checkpoint.ts';

/** One attempt at capturing a source, by whatever way: what the runner needs of it. */
export interface CaptureAttempt {
  readonly checkpoint: Checkpoint | null;
  /** WAL positions; null where capture knows of none. */
  readonly receivedLsn: bigint | null;
  readonly serverWalEnd: bigint | null;
  /** Received and not yet copied to the store. */
  readonly queuedBytes: number;
  readonly caughtUp: boolean;
  /** The store's backends that are writing now. */
  readonly storeBackends: readonly number[];
  readonly counters: {
    readonly changes: number;
    readonly transactions: number;
    readonly unverifiedMessages: number;
    readonly entries: number;
    readonly flushes: number;
    readonly flushMs: number;
  };
  /** When the last stored transaction was committed, by the source's clock, since 1970; null: none was stored yet. */
  readonly committedAtMs: number | null;
  /** Everything that the source committed before `lsn` is stored. */
  hasStored(lsn: bigint): boolean;
  /** A partition has come or gone without capture telling it. */
  partitionsMoved(): void;
  /** Runs until `stop`; rejects with an error that says what it means. */
  run(): Promise<void>;
  stop(limitMs: number): Promise<void>;
}

export interface AttemptOptions {
  readonly source: SourceConfig;
  readonly store: StoreConfig;
  readonly sourcePool: pg.Pool;
  readonly storePool: pg.Pool;
  readonly log: Log;
  readonly onStreaming: () => void;
  /** Called once, when capture has got past everything that was in the WAL at its start, or has stored something. */
  readonly onProgress?: () => void;
  readonly intervals?: CaptureIntervals | undefined;
  /** Transactions up to this commit LSN are stored one by one, as one of them stops capture. */
  readonly aloneUpTo?: bigint;
}

/** A transaction up to here stops capture; which one it is shows when they are stored one by one. */
export class BlockedSomewhere extends RowtrailError {
  readonly upTo: bigint;

  constructor(cause: RowtrailError, upTo: bigint) {
    super(cause.code, cause.message.replace('{transaction}', 'a transaction'), { cause });
    this.upTo = upTo;
  }
}
