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
  readonly counters: {
    readonly changes: number;
    readonly transactions: number;
    readonly unverifiedMessages: number;
    readonly entries: number;
  };
  /** Everything that the source committed before `lsn` is stored. */
  hasStored(lsn: bigint): boolean;
  /** A partition has come or gone without capture telling it. */
  partitionsMoved(): void;
  /** Runs until `stop`; rejects with an error that says what it means. */
  run(): Promise<void>;
  stop(limitMs: number): Promise<void>;
}
