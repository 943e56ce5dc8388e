import type { Socket } from 'node:net';
import pg from 'pg';
import type { StoredBytes } from '../../change/bytes.ts';
import { messageOf, RowtrailError } from '../../lib/errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../pg/identifier.ts';
import { formatLsn } from '../../pg/lsn.ts';
import { connectionOptions, PINNED_SETTINGS } from '../../pg/pool.ts';
import { FrameReader } from './frame-reader.ts';
import { SpillFile } from './spill-file.ts';

/** Microseconds from 1970 to 2000, PostgreSQL's epoch: the clock of status updates. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;
const XLOG_DATA_HEADER_BYTES = 25;
/** From a position being durable to the server being told, at most. */
const ACKNOWLEDGE_DELAY_MS = 50;

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

export interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly walEnd: string;
}

/**
 * One replication connection. `pg` does the connecting, TLS and authentication; START_REPLICATION and the
 * streaming protocol are ours (https://www.postgresql.org/docs/current/protocol-replication.html), because
 * what is acknowledged, when and with which clock is what completeness hangs on (ANCHORS §2.1).
 */
export class ReplicationStream {
  readonly #options: StreamOptions;
  readonly #client: pg.Client;
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
  #ended: Promise<void> | null = null;

  constructor(options: StreamOptions) {
    this.#options = options;
    const config = {
      ...connectionOptions(options.url, 'capture'),
      replication: 'database',
      // Values must have one text, whatever the database, role or server sets. DESIGN §2.4.
      options: Object.entries(PINNED_SETTINGS)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(' '),
    };
    this.#client = new pg.Client(config);
    // Before streaming, errors arrive at the query; while streaming, at `ended`.
    this.#client.on('error', () => {});
  }

  /** The last position received. */
  get receivedLsn(): bigint {
    return (BigInt(this.#receivedHigh) << 32n) | BigInt(this.#receivedLow);
  }

  /** The end of the server's WAL as it last told. */
  get serverWalEnd(): bigint {
    return this.#serverWalEnd > this.receivedLsn ? this.#serverWalEnd : this.receivedLsn;
  }

  async connect(): Promise<SystemIdentity> {
    await this.#client.connect();
    await this.#acceptAnyBytes();
    const result = await this.#client.query('IDENTIFY_SYSTEM');
    const row = result.rows[0];
    return { systemIdentifier: String(row.systemid), timeline: Number(row.timeline), walEnd: String(row.xlogpos) };
  }

  /**
   * A database in SQL_ASCII holds any bytes, and converts none. Asked for UTF-8, the server would refuse to send a
   * row that is not, and every attempt would end there.
   * https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-CHARSET-SUPPORTED
   */
  async #acceptAnyBytes(): Promise<void> {
    const result = await this.#client.query('SHOW server_encoding');
    if (result.rows[0].server_encoding === 'SQL_ASCII') await this.#client.query(`SET client_encoding = 'SQL_ASCII'`);
  }

  /**
   * Starts streaming; resolves when the server has accepted, which means that the slot is held. `ended`
   * then settles when streaming is over.
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
    await new Promise<void>((accepted, refused) => {
      ended = new Promise<void>((resolve, reject) => {
        const query = new CopyBothQuery(command, {
          started: (connection) => {
            this.#connection = connection;
            accepted();
          },
          data: (buffer, start, end) => this.#receive(buffer, start, end),
          spilled: (file) => this.#receiveSpilled(file),
          failed: (error) => {
            refused(error);
            reject(error);
          },
          ended: () => resolve(),
        });
        this.#client.on('end', () => {
          const error = new RowtrailError('RT_STREAM', 'the server closed the replication connection');
          refused(error);
          if (this.#stopping) resolve();
          else reject(error);
        });
        this.#client.on('error', (error) => {
          refused(error);
          reject(error);
        });
        this.#client.query(query as unknown as pg.Submittable);
      });
      ended.catch(() => {});
    });
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

  /** Sends a standby status update: written, flushed and applied are all the durable position. */
  sendStatus(): void {
    clearTimeout(this.#statusTimer);
    this.#statusTimer = undefined;
    if (this.#connection === null || this.#stopping) return;
    const message = Buffer.alloc(34);
    message[0] = 0x72;
    message.writeBigUInt64BE(this.#flushedLsn, 1);
    message.writeBigUInt64BE(this.#flushedLsn, 9);
    message.writeBigUInt64BE(this.#flushedLsn, 17);
    message.writeBigInt64BE(BigInt(Date.now()) * 1000n - POSTGRES_EPOCH_MICROS, 25);
    this.#connection.sendCopyFromChunk(message);
  }

  /** Tells the server the last position and that no more is wanted, and closes within `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    if (this.#connection !== null && !this.#stopping) {
      this.sendStatus();
      this.#connection.endCopyFrom();
    }
    this.#stopping = true;
    clearTimeout(this.#statusTimer);
    this.#dropHeld();
    this.#connection?.stream.resume();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#ended?.catch(() => {}) ?? Promise.resolve(), late]);
    clearTimeout(timer);
    this.#connection?.stream.destroy();
    await this.#client.end().catch(() => {});
  }

  #receive(buffer: Buffer, start: number, end: number): void {
    if (this.#stopping) return;
    if (this.#holding) {
      // The buffer is the socket's: what is kept must be copied.
      this.#held.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    this.#handle(buffer, start, end);
  }

  #receiveSpilled(file: SpillFile): void {
    if (this.#stopping) file.release();
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
      this.#abort(error);
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
      this.#abort(error);
    }
  }

  #hold(pending: Promise<void>): void {
    this.#holding = true;
    this.#regulate();
    pending.then(
      () => {
        this.#holding = false;
        this.#release();
        this.#regulate();
      },
      (error: unknown) => this.#abort(error),
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

  #regulate(): void {
    const stream = this.#connection?.stream;
    if (stream === undefined || this.#stopping) return;
    if (this.#holding || this.#pressed) stream.pause();
    else stream.resume();
  }

  #dropHeld(): void {
    for (const message of this.#held) if (message instanceof SpillFile) message.release();
    this.#held = [];
  }

  #abort(error: unknown): void {
    this.#dropHeld();
    this.#holding = true;
    const cause = error instanceof Error ? error : new Error(messageOf(error));
    this.#connection?.stream.destroy(cause);
  }
}

/** The parts of `pg`'s connection that a Submittable is given. */
interface ReplicationConnection {
  readonly stream: Socket;
  query(text: string): void;
  once(event: 'replicationStart', listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

interface CopyBothEvents {
  started(connection: ReplicationConnection): void;
  data(buffer: Buffer, start: number, end: number): void;
  spilled(file: SpillFile): void;
  failed(error: Error): void;
  ended(): void;
}

/** START_REPLICATION as a `pg` Submittable (the interface that pg-cursor and pg-copy-streams use). */
class CopyBothQuery {
  readonly #text: string;
  readonly #events: CopyBothEvents;

  constructor(text: string, events: CopyBothEvents) {
    this.#text = text;
    this.#events = events;
  }

  submit(connection: ReplicationConnection): void {
    connection.once('replicationStart', () => this.#events.started(connection));
    readPast(connection.stream, this.#events);
    connection.query(this.#text);
  }

  handleError(error: Error): void {
    this.#events.failed(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#events.ended();
  }
}

/**
 * Takes CopyData out of the socket's stream before `pg`'s parser, which goes on to get everything else. The
 * connection is idle when this is called: no message is half read.
 */
function readPast(socket: Socket, events: CopyBothEvents): void {
  const listeners = socket.listeners('data');
  const reader = new FrameReader({
    copyData: (buffer, start, end) => events.data(buffer, start, end),
    spilled: (file) => events.spilled(file),
    other: (message) => {
      for (const listener of listeners) listener.call(socket, message);
    },
  });
  socket.removeAllListeners('data');
  socket.once('close', () => reader.close());
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    }
  });
}
