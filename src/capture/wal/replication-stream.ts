import pg from 'pg';
import type { StoredBytes } from '../../change/bytes.ts';
import { messageOf, RowtrailError } from '../../lib/errors.ts';
import { Ending } from '../../lib/ending.ts';
import { within } from '../../lib/within.ts';
import { quoteIdentifier, quoteLiteral } from '../../pg/identifier.ts';
import { formatLsn } from '../../pg/lsn.ts';
import { connectionOptions, PINNED_SETTINGS } from '../../pg/pool.ts';
import { CopyBothQuery, type ReplicationConnection } from './copy-both.ts';
import { LendingSocket } from './lending-socket.ts';
import { SpillFile } from './spill-file.ts';
import { identifySystem, type SystemIdentity } from './system-identity.ts';
import { explainRefusal, explainReplicationError, publicationMissing, skipsPublication } from './stream-error.ts';

/** Microseconds from 1970 to 2000, PostgreSQL's epoch: the clock of status updates. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;
const XLOG_DATA_HEADER_BYTES = 25;
/** From a position being durable to the server being told, at most. */
const ACKNOWLEDGE_DELAY_MS = 50;
/** The answer to a command before streaming: over a connection that is half open, it would never come. */
const COMMAND_LIMIT_MS = 60_000;

export interface StreamHandler {
  /** One pgoutput message. A returned promise holds the next one back. */
  data(buffer: Buffer, start: number, end: number): void | Promise<void>;
  /** The same for one too large for memory; `message` is only lent, as the buffer is. */
  largeData(message: StoredBytes, start: number): void | Promise<void>;
  /** The server has sent everything up to `walEnd`, and all messages before it have been handled. */
  keepalive(walEnd: bigint, replyRequested: boolean): void;
}

export interface StreamOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  readonly handler: StreamHandler;
}

/**
 * One replication connection. `pg` does the connecting, TLS and authentication; START_REPLICATION and the
 * streaming protocol are ours (https://www.postgresql.org/docs/current/protocol-replication.html), because
 * what is acknowledged, when and with which clock is what completeness hangs on (ANCHORS §2.1).
 */
export class ReplicationStream {
  readonly #options: StreamOptions;
  readonly #client: pg.Client;
  readonly #lending = new LendingSocket();
  readonly #ending = new Ending();
  #connection: ReplicationConnection | null = null;
  #flushedLsn = 0n;
  #receivedHigh = 0;
  #receivedLow = 0;
  #serverWalEnd = 0n;
  #held: (Buffer | SpillFile)[] = [];
  #holding = false;
  #statusTimer: NodeJS.Timeout | undefined;
  #pressed = false;
  #stopping = false;
  #aborted = false;
  #abortCause: Error | null = null;
  #heardAtMs = 0;
  #serverPid = 0;
  #ended: Promise<void> | null = null;
  #rejectEnded: ((error: unknown) => void) | null = null;
  /** What is to happen once everything that came before it has been handled. */
  #afterHeld: (() => void) | null = null;

  constructor(options: StreamOptions) {
    this.#options = options;
    const config = {
      ...connectionOptions(options.url, 'capture'),
      replication: 'database',
      stream: () => this.#lending.socket,
      // Values must have one text, whatever the database, role or server sets. DESIGN §2.4.
      // And a warning must come through: it can be all that is said of a publication that is gone.
      options: Object.entries({ ...PINNED_SETTINGS, client_min_messages: 'warning' })
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    };
    this.#client = new pg.Client(config);
    // Before streaming, errors arrive at the query; while streaming, at `ended`.
    this.#client.on('error', () => {});
    this.#client.on('notice', (notice) => {
      const { publication } = options;
      if (!skipsPublication(notice, publication)) return;
      // Nothing behind it is handled: what was skipped must never be acknowledged.
      this.#settle(() => this.abort(publicationMissing(publication, notice.message ?? '')));
    });
  }

  /** The last position received. */
  get receivedLsn(): bigint {
    return (BigInt(this.#receivedHigh) << 32n) | BigInt(this.#receivedLow);
  }

  /** The end of the server's WAL as it last told. */
  get serverWalEnd(): bigint {
    return this.#serverWalEnd > this.receivedLsn ? this.#serverWalEnd : this.receivedLsn;
  }

  /** The server's process at the other end. */
  get serverPid(): number {
    return this.#serverPid;
  }

  /** How long nothing has come in, while something could: not while reading is paused. */
  get silentMs(): number {
    return this.#connection === null || this.#holding || this.#pressed ? 0 : performance.now() - this.#heardAtMs;
  }

  /** Rejects with an error that says what stands in the way. */
  async connect(): Promise<void> {
    try {
      await this.#ending.or(this.#client.connect());
      // Asked for, not taken from the handshake: what stands in between may have put in its own.
      const result = await this.#answer(this.#client.query<{ pid: number }>('select pg_backend_pid() as pid'));
      this.#serverPid = result.rows[0]!.pid;
      await this.#acceptAnyBytes();
    } catch (error) {
      throw explainReplicationError(error, this.#options.url);
    }
  }

  /** Who the server is and how far its WAL reaches. Before `start` only. */
  async identify(): Promise<SystemIdentity> {
    try {
      return await this.#answer(identifySystem(this.#client));
    } catch (error) {
      throw explainReplicationError(error, this.#options.url);
    }
  }

  /**
   * A database in SQL_ASCII holds any bytes, and converts none. Asked for UTF-8, the server would refuse to send a
   * row that is not, and every attempt would end there.
   * https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-CHARSET-SUPPORTED
   */
  async #acceptAnyBytes(): Promise<void> {
    const result = await this.#answer(this.#client.query('SHOW server_encoding'));
    if (result.rows[0].server_encoding !== 'SQL_ASCII') return;
    await this.#answer(this.#client.query(`SET client_encoding = 'SQL_ASCII'`));
  }

  /**
   * Starts streaming; resolves when the server has accepted, which means that the slot is held. `ended`
   * then settles when streaming is over. Rejects with what the refusal means; `ended` with what the server said.
   */
  async start(startLsn: bigint): Promise<{ readonly ended: Promise<void> }> {
    const { slot, publication } = this.#options;
    const command =
      `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(startLsn)} ` +
      `(proto_version '1', publication_names ${quoteLiteral(quoteIdentifier(publication))}, messages 'true')`;
    this.#flushedLsn = startLsn;
    this.#receivedHigh = Number(startLsn >> 32n);
    this.#receivedLow = Number(startLsn & 0xffff_ffffn);
    let ended!: Promise<void>;
    const started = new Promise<void>((accepted, refused) => {
      ended = new Promise<void>((resolve, reject) => {
        const fail = (error: unknown): void => {
          refused(error);
          reject(error);
        };
        this.#rejectEnded = fail;
        const query = new CopyBothQuery(command, this.#lending, {
          started: (connection) => {
            this.#connection = connection;
            this.#heardAtMs = performance.now();
            accepted();
          },
          heard: () => {
            this.#heardAtMs = performance.now();
          },
          data: (buffer, start, end) => this.#receive(buffer, start, end),
          spilled: (file) => this.#receiveSpilled(file),
          failed: (error) => this.#settle(() => fail(error)),
          ended: () => resolve(),
        });
        this.#client.on('end', () => {
          this.#settle(() => {
            if (this.#stopping) resolve();
            fail(new RowtrailError('RT_STREAM', 'the server closed the replication connection'));
          });
        });
        this.#client.on('error', (error) => this.#settle(() => fail(error)));
        this.#client.query(query as unknown as pg.Submittable);
      });
      ended.catch(() => {});
    });
    try {
      await this.#answer(started);
    } catch (error) {
      throw explainRefusal(error, this.#options);
    }
    this.#ended = ended;
    return { ended };
  }

  /** Stops reading the socket while the store cannot keep up; the server waits. Status updates go on. */
  press(paused: boolean): void {
    this.#pressed = paused;
    this.#regulate();
  }

  /** Everything before `lsn` is durable: the server is told within `ACKNOWLEDGE_DELAY_MS`. Never goes back. */
  acknowledge(lsn: bigint): void {
    if (lsn <= this.#flushedLsn) return;
    this.#flushedLsn = lsn;
    // Soon, so that a restart has little to decode again; not at once, or every flush would cost a message.
    this.#statusTimer ??= setTimeout(() => this.sendStatus(), ACKNOWLEDGE_DELAY_MS);
  }

  /** Ends the stream with this error, and drops whatever has been received and not been handled. */
  abort(error: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#dropHeld();
    this.#holding = true;
    clearTimeout(this.#statusTimer);
    this.#abortCause = error instanceof Error ? error : new Error(messageOf(error));
    this.#connection?.stream.destroy(this.#abortCause);
    this.#rejectEnded?.(this.#abortCause);
  }

  /** Whether `ended` was rejected by `abort` or by the handler, and not by the server. */
  isOwnFailure(error: unknown): boolean {
    return error === this.#abortCause;
  }

  /**
   * Sends a standby status update: written, flushed and applied are all the durable position. With
   * `wantsReply`, the server answers as soon as it can.
   */
  sendStatus(wantsReply = false): void {
    clearTimeout(this.#statusTimer);
    this.#statusTimer = undefined;
    if (this.#connection === null || this.#stopping || this.#aborted) return;
    const message = Buffer.alloc(34);
    message[0] = 0x72;
    message.writeBigUInt64BE(this.#flushedLsn, 1);
    message.writeBigUInt64BE(this.#flushedLsn, 9);
    message.writeBigUInt64BE(this.#flushedLsn, 17);
    message.writeBigInt64BE(BigInt(Date.now()) * 1000n - POSTGRES_EPOCH_MICROS, 25);
    message[33] = wantsReply ? 1 : 0;
    this.#connection.sendCopyFromChunk(message);
  }

  /** Tells the server the last position and that no more is wanted, and closes within `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    if (this.#connection !== null && !this.#stopping) {
      this.sendStatus();
      this.#connection.endCopyFrom();
    }
    this.#stopping = true;
    this.#ending.end(new RowtrailError('RT_STREAM', 'the connection was stopped before it was open'));
    this.#afterHeld?.();
    clearTimeout(this.#statusTimer);
    this.#dropHeld();
    this.#connection?.stream.resume();
    await within(limitMs, this.#ended?.catch(() => {}) ?? Promise.resolve(), () => {});
    this.#connection?.stream.destroy();
    await this.#client.end().catch(() => {});
  }

  #receive(buffer: Buffer, start: number, end: number): void {
    if (this.#stopping || this.#aborted || this.#afterHeld !== null) return;
    if (this.#holding) {
      // The buffer is the socket's: what is kept must be copied.
      this.#held.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    this.#handle(buffer, start, end);
  }

  #receiveSpilled(file: SpillFile): void {
    if (this.#stopping || this.#aborted) file.release();
    else if (this.#holding) this.#held.push(file);
    else this.#handleSpilled(file);
  }

  #handle(buffer: Buffer, start: number, end: number): void {
    try {
      if (buffer[start] === 0x77) {
        // Two numbers, not a BigInt for each message; the server's own end comes with its keepalives.
        this.#receivedHigh = buffer.readUInt32BE(start + 1);
        this.#receivedLow = buffer.readUInt32BE(start + 5);
        const pending = this.#options.handler.data(buffer, start + XLOG_DATA_HEADER_BYTES, end);
        if (pending !== undefined) this.#hold(pending);
      } else if (buffer[start] === 0x6b) {
        const walEnd = buffer.readBigUInt64BE(start + 1);
        if (walEnd > this.#serverWalEnd) this.#serverWalEnd = walEnd;
        const replyRequested = buffer[start + 17] === 1;
        this.#options.handler.keepalive(walEnd, replyRequested);
        if (replyRequested) this.sendStatus();
      } else {
        throw new RowtrailError('RT_DECODE', `unknown replication message 0x${buffer[start]?.toString(16) ?? ''}`);
      }
    } catch (error) {
      this.abort(error);
    }
  }

  /** Rows alone are that large: keepalives and status requests have no room for it. */
  #handleSpilled(file: SpillFile): void {
    try {
      const header = Buffer.alloc(XLOG_DATA_HEADER_BYTES);
      file.read(0, header);
      if (header[0] !== 0x77) throw new RowtrailError('RT_DECODE', `unknown replication message 0x${header[0]}`);
      this.#receivedHigh = header.readUInt32BE(1);
      this.#receivedLow = header.readUInt32BE(5);
      const pending = this.#options.handler.largeData(file, XLOG_DATA_HEADER_BYTES);
      if (pending === undefined) file.release();
      else this.#hold(pending.finally(() => file.release()));
    } catch (error) {
      file.release();
      this.abort(error);
    }
  }

  #hold(pending: Promise<void>): void {
    this.#holding = true;
    this.#regulate();
    pending.then(
      () => {
        if (this.#aborted) return;
        this.#holding = false;
        this.#release();
        this.#regulate();
        if (!this.#holding) this.#afterHeld?.();
      },
      (error: unknown) => this.abort(error),
    );
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (let i = 0; i < held.length; i += 1) {
      const message = held[i]!;
      if (message instanceof SpillFile) this.#handleSpilled(message);
      else this.#handle(message, 0, message.length);
      if (this.#holding) {
        this.#held = held.slice(i + 1);
        return;
      }
    }
  }

  /**
   * The stream is over, by what has just come in. What came in before it is handled first: which transaction an
   * error is about shows only then, and what is whole can still be stored. Nothing after it is.
   */
  #settle(end: () => void): void {
    this.#afterHeld ??= end;
    if (!this.#holding || this.#aborted || this.#stopping) this.#afterHeld();
  }

  #regulate(): void {
    const stream = this.#connection?.stream;
    if (stream === undefined || this.#stopping || this.#aborted) return;
    if (this.#holding || this.#pressed) {
      stream.pause();
    } else {
      if (stream.isPaused()) this.#heardAtMs = performance.now();
      stream.resume();
    }
  }

  #dropHeld(): void {
    for (const message of this.#held) if (message instanceof SpillFile) message.release();
    this.#held = [];
  }

  /** The answer to a command, or an error when none comes. */
  #answer<T>(answer: Promise<T>): Promise<T> {
    return within(COMMAND_LIMIT_MS, answer, () => {
      throw new RowtrailError('RT_CONNECT', `the source did not answer within ${COMMAND_LIMIT_MS / 1000} s`);
    });
  }
}
