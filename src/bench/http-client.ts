import type { Socket } from 'node:net';
import { LendingSocket } from '../capture/wal/lending-socket.ts';
import { RowtrailError } from '../lib/errors.ts';

export interface Answer {
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
  /** From sending the question to the end of the answer. */
  readonly ms: number;
}

const TIMEOUT_MS = 60_000;
/** Node's own limit; what follows in the same piece is no text. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * One connection that asks one question after the other: the plainest client there is, as what it takes itself is in every
 * figure. It reads into one buffer, over and over, and makes nothing of an answer but its length: of what Node's own client makes
 * of one, some was collected in the middle of later answers, for up to 20 ms. It takes answers with a length only.
 */
export class HttpClient {
  readonly #host: string;
  readonly #socket: Socket;
  #reading: Reading | null = null;

  /** `base`: as `http://127.0.0.1:8080`. */
  constructor(base: string) {
    const { host, hostname, port } = new URL(base);
    this.#host = host;
    const lending = new LendingSocket();
    lending.lendTo((chunk) => this.#read(chunk));
    this.#socket = lending.socket.setNoDelay(true).connect(Number(port), hostname);
    const failed = (why: string) => (cause?: unknown) => this.#fail(new RowtrailError('RT_INTERNAL', why, { cause }));
    this.#socket.setTimeout(TIMEOUT_MS, () => this.#socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    this.#socket.on('error', failed('the connection to the server failed'));
    this.#socket.on('close', failed('the server closed the connection'));
  }

  /** `body`: is posted as JSON. `onChunk` is given the answer's body, in buffers that are good until it returns. */
  ask(path: string, body?: object, onChunk?: (chunk: Buffer) => void): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const head = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`;
    const about =
      body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new RowtrailError('RT_INTERNAL', 'the connection is closed'));
      this.#reading = { began: performance.now(), head: '', status: 0, length: -1, bytes: 0, onChunk, resolve, reject };
      this.#socket.write(`${head}${about}\r\n${text}`);
    });
  }

  close(): void {
    this.#reading = null;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const reading = this.#reading;
    if (reading === null) return;
    const body = reading.length === -1 ? readHead(reading, chunk) : chunk;
    if (body === null) return;
    if (Number.isNaN(reading.length)) {
      return void this.#socket.destroy(new Error(`an answer without a length: ${reading.head}`));
    }
    reading.bytes += body.length;
    reading.onChunk?.(body);
    if (reading.bytes < reading.length) return;
    this.#reading = null;
    reading.resolve({ status: reading.status, bytes: reading.bytes, ms: performance.now() - reading.began });
  }

  #fail(error: Error): void {
    this.#reading?.reject(error);
    this.#reading = null;
  }
}

interface Reading {
  readonly began: number;
  head: string;
  status: number;
  /** -1: the head has not been read. */
  length: number;
  bytes: number;
  readonly onChunk: ((chunk: Buffer) => void) | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** What follows the head, once that is whole. */
function readHead(reading: Reading, chunk: Buffer): Buffer | null {
  const before = reading.head.length;
  reading.head += chunk.toString('latin1', 0, MAX_HEAD_BYTES);
  const end = reading.head.indexOf('\r\n\r\n');
  if (end === -1) return null;
  reading.head = reading.head.slice(0, end);
  reading.status = Number(reading.head.slice(9, 12));
  reading.length = Number(/\r\ncontent-length: *(\d+)/i.exec(reading.head)?.[1] ?? Number.NaN);
  return chunk.subarray(end + 4 - before);
}
