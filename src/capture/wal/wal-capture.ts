import type { StoredBytes } from '../../change/bytes.ts';
import type { ChangeHandler } from '../../change/change.ts';
import { RowtrailError } from '../../lib/errors.ts';
import { PgoutputDecoder } from '../pgoutput/decoder.ts';
import { ReplicationStream, type StreamHandler } from './replication-stream.ts';
import { explainStreamError } from './stream-error.ts';
import type { SystemIdentity } from './system-identity.ts';
import { inspectWalsender } from './walsender.ts';

export interface CaptureIntervals {
  /** How often the server is told that this end lives, and how far the store is. */
  readonly statusMs: number;
  /** How often an idle source's position is moved on, and the least WAL that makes it worth a write to the store. */
  readonly idleMs: number;
  readonly idleMinBytes: bigint;
  /** After this silence the server is asked for a sign of life, again and again. */
  readonly pingMs: number;
  /** After this one its catalog is asked, over another connection, whether the walsender is at work. */
  readonly silenceMs: number;
}

export const CAPTURE_INTERVALS: CaptureIntervals = {
  statusMs: 1_000,
  idleMs: 10_000,
  idleMinBytes: 1024n * 1024n,
  pingMs: 10_000,
  silenceMs: 30_000,
};
const STOP_LIMIT_MS = 5_000;

/** Where a capture's changes go. Supplied by the daemon. */
export interface CaptureConsumer<R> {
  readonly handler: ChangeHandler<R>;
  /** Nothing received is waiting to be stored, no transaction is half received. */
  idle(): boolean;
  /** Makes it durable that `lsn` is about to be acknowledged. */
  recordPosition(lsn: bigint): Promise<void>;
}

export interface WalCaptureOptions<R> {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  /**
   * Called once connected: throws if this server or slot must not be streamed from. Returns where to start.
   * `identify` asks the server who it is and how far its WAL reaches at that moment.
   */
  readonly verify: (identify: () => Promise<SystemIdentity>) => Promise<bigint>;
  /** Called once the slot is held. */
  readonly open: (startLsn: bigint) => Promise<CaptureConsumer<R>>;
  /** Called once, when everything that was in the WAL at the start has been received or passed over. */
  readonly onCaughtUp?: () => void;
  readonly intervals?: CaptureIntervals;
}

/**
 * One attempt at capturing by logical replication: one connection, from START_REPLICATION to its end. A new
 * attempt is a new object; nothing is carried over but what the store holds.
 */
export class WalCapture<R> implements StreamHandler {
  readonly #options: WalCaptureOptions<R>;
  #stream: ReplicationStream | null = null;
  #decoder: PgoutputDecoder<R> | null = null;
  #consumer: CaptureConsumer<R> | null = null;
  #opened: Promise<void> = Promise.resolve();
  #passedLsn = 0n;
  #idleLsn = 0n;
  #idleRecordedLsn = 0n;
  #walEndAtStart = 0n;
  #hasCaughtUp = false;
  #asking = false;
  #recording = false;
  #fail: ((error: unknown) => void) | null = null;
  #halted = false;
  #stopping = false;

  constructor(options: WalCaptureOptions<R>) {
    this.#options = options;
  }

  get receivedLsn(): bigint | null {
    return this.#stream?.receivedLsn ?? null;
  }

  /** All that was committed before this position has been handed over, as far as the server has told. */
  get passedLsn(): bigint {
    return this.#passedLsn;
  }

  /** Asks the server how far it is: `passedLsn` moves when it answers. */
  ask(): void {
    this.#stream?.sendStatus(true);
  }

  get serverWalEnd(): bigint | null {
    return this.#stream?.serverWalEnd ?? null;
  }

  /**
   * Runs until `stop`, or rejects with what went wrong. `onStreaming` is called when the slot is held and
   * changes flow.
   */
  async run(onStreaming: () => void): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    const { statusMs, idleMs, idleMinBytes, pingMs } = this.#options.intervals ?? CAPTURE_INTERVALS;
    // From the first moment: a store that is slow to open must not cost the connection.
    const timers = [setInterval(() => this.#stream?.sendStatus(), statusMs)];
    try {
      const { ended } = await this.#connect();
      if (this.#stopping) return;
      onStreaming();
      timers.push(setInterval(() => this.#moveIdle(idleMinBytes), idleMs));
      timers.push(setInterval(() => void this.#watch(), pingMs));
      const streamed = ended.catch((error: unknown) => {
        throw this.#stream?.isOwnFailure(error) === true ? error : explainStreamError(error, this.#options);
      });
      await Promise.race([streamed, failed]);
      if (!this.#stopping) throw new RowtrailError('RT_STREAM', 'the server ended the replication stream');
    } finally {
      for (const timer of timers) clearInterval(timer);
      if (!this.#stopping) await this.#stream?.stop(STOP_LIMIT_MS);
    }
  }

  /** Ends the attempt with an error from elsewhere (the store). */
  fail(error: unknown): void {
    this.#fail?.(error);
  }

  press(paused: boolean): void {
    if (!this.#halted) this.#stream?.press(paused);
  }

  /** Everything before `lsn` is durable in the store. */
  acknowledge(lsn: bigint): void {
    this.#stream?.acknowledge(lsn);
  }

  /** As `acknowledge`, and tells the server at once. */
  acknowledgeNow(lsn: bigint): void {
    this.#stream?.acknowledge(lsn);
    this.#stream?.sendStatus();
  }

  /** No more changes are wanted: reading stops, the connection stays for a last acknowledgement. */
  halt(): void {
    this.#halted = true;
    this.#stream?.press(true);
  }

  /** Sends the last acknowledgement and closes. `run` then resolves. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#stream?.stop(STOP_LIMIT_MS);
  }

  async #connect(): Promise<{ readonly ended: Promise<void> }> {
    const { url, slot, publication, verify, open } = this.#options;
    const stream = new ReplicationStream({ url, slot, publication, handler: this });
    this.#stream = stream;
    await stream.connect();
    const startLsn = await verify(async () => {
      const system = await stream.identify();
      this.#walEndAtStart = system.walEnd;
      return system;
    });
    // Changes may arrive before the consumer is there: the first of them holds the stream back.
    let opened!: () => void;
    this.#opened = new Promise((resolve) => {
      opened = resolve;
    });
    const streaming = await stream.start(startLsn);
    this.#consumer = await open(startLsn);
    this.#decoder = new PgoutputDecoder(this.#consumer.handler);
    this.#idleRecordedLsn = startLsn;
    opened();
    return streaming;
  }

  data(buffer: Buffer, start: number, end: number): void | Promise<void> {
    // What was read before the halt and is handled after it: the consumer has closed its books.
    if (this.#halted) return;
    if (this.#decoder !== null) return this.#decoder.decode(buffer, start, end);
    const kept = Buffer.from(buffer.subarray(start, end));
    return this.#opened.then(() => (this.#halted ? undefined : this.#decoder!.decode(kept, 0, kept.length)));
  }

  largeData(message: StoredBytes, start: number): void | Promise<void> {
    if (this.#halted) return;
    if (this.#decoder !== null) {
      this.#decoder.decodeLarge(message, start);
      return;
    }
    return this.#opened.then(() => {
      if (!this.#halted) this.#decoder!.decodeLarge(message, start);
    });
  }

  keepalive(walEnd: bigint, replyRequested: boolean): void {
    if (!this.#halted) this.#passedLsn = walEnd;
    // With nothing in flight, whatever commits later has its commit record after this position.
    if (this.#halted || this.#consumer?.idle() !== true) return;
    this.#idleLsn = walEnd;
    if (!this.#hasCaughtUp && walEnd >= this.#walEndAtStart) {
      this.#hasCaughtUp = true;
      this.#options.onCaughtUp?.();
    }
    // A server that shuts down waits until it hears that all it sent is safe, and asks.
    if (replyRequested) this.#moveIdle(1n);
  }

  /**
   * Moves the acknowledged position of a source whose tracked tables rest while others write, so that it
   * pins no WAL. What is acknowledged is written to the store first: a slot beyond it means lost changes.
   */
  #moveIdle(minBytes: bigint): void {
    const lsn = this.#idleLsn;
    if (this.#stopping || this.#recording || this.#consumer === null || lsn < this.#idleRecordedLsn + minBytes) return;
    this.#recording = true;
    this.#consumer
      .recordPosition(lsn)
      .then(
        () => {
          this.#idleRecordedLsn = lsn;
          this.#stream?.acknowledge(lsn);
          this.#stream?.sendStatus();
        },
        (error: unknown) => {
          // A store that is slow to answer costs nothing but the acknowledgement: the next interval tries again.
          if (error instanceof RowtrailError) this.#fail?.(error);
        },
      )
      .finally(() => {
        this.#recording = false;
      });
  }

  /** Asks a silent server for a sign of life, and its catalog when none comes. */
  async #watch(): Promise<void> {
    const stream = this.#stream;
    const { url, slot, intervals } = this.#options;
    const { pingMs, silenceMs } = intervals ?? CAPTURE_INTERVALS;
    if (stream === null || this.#stopping || this.#asking || stream.silentMs < pingMs) return;
    stream.sendStatus(true);
    const isSilent = (): boolean => stream.silentMs >= silenceMs;
    if (!isSilent()) return;
    this.#asking = true;
    try {
      const verdict = await inspectWalsender(url, { slot, pid: stream.serverPid, isSilent });
      if (verdict === 'dead') stream.abort(silence(stream.silentMs));
    } catch (error) {
      // Neither answers: whatever it is, a new attempt will see it.
      if (isSilent()) stream.abort(silence(stream.silentMs, error));
    } finally {
      this.#asking = false;
    }
  }
}

function silence(silentMs: number, cause?: unknown): RowtrailError {
  return new RowtrailError(
    'RT_STREAM',
    `the replication connection has been silent for ${Math.round(silentMs / 1000)} s, and its server is not at work on it`,
    { hint: 'Something between here and the source dropped it. Capture connects again.', cause },
  );
}
