import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { coloursRefused } from '../config/environment.ts';
import type { Environment } from '../config/yaml-file.ts';
import { codeOf } from '../lib/errors.ts';
import { createPaint, type Paint } from './paint.ts';

/** Where a command writes and whom it can ask. Data goes to standard output, all else to standard error. */
export interface Terminal {
  readonly print: (line: string) => void;
  /** Bytes to standard output; resolves when it takes more. */
  readonly write: (chunk: Buffer) => Promise<void>;
  readonly note: (line: string) => void;
  /** A line that the next one replaces, and null removes. Only where there is a person to see it. */
  readonly progress: (line: string | null) => void;
  readonly paint: Paint;
  readonly notePaint: Paint;
  /** Whether there is a person to ask. */
  readonly interactive: boolean;
  /** Columns of standard output; undefined in a pipe, where nothing is to be cut. */
  readonly columns: number | undefined;
  /** The answer; empty if the user breaks it off. */
  ask(question: string): Promise<string>;
  /** Aborts when the reader of standard output is gone (`rowtrail tail | head`). */
  readonly closed: AbortSignal;
  /** Resolves when all that was printed has been handed to the system. */
  flush(): Promise<void>;
}

export interface Streams {
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>;
  readonly stdout: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;
  readonly stderr: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;
}

export function createTerminal({ stdin, stdout, stderr }: Streams, environment: Environment): Terminal {
  const colours = !coloursRefused(environment);
  const closed = new AbortController();
  stdout.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
    closed.abort();
  });
  // Nobody is left to be told.
  stderr.on('error', () => {});
  return {
    print: (line) => {
      if (!closed.signal.aborted) stdout.write(`${line}\n`);
    },
    write: async (chunk) => {
      if (closed.signal.aborted || stdout.write(chunk)) return;
      await once(stdout, 'drain', { signal: closed.signal }).catch(() => {});
    },
    note: (line) => {
      stderr.write(`${line}\n`);
    },
    progress: (line) => {
      if (stderr.isTTY === true) stderr.write(`\r\u001B[2K${line ?? ''}`);
    },
    paint: createPaint(colours && stdout.isTTY === true),
    notePaint: createPaint(colours && stderr.isTTY === true),
    interactive: stdin.isTTY === true && stderr.isTTY === true,
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    ask: async (question) => {
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        // Ctrl-C and Ctrl-D close it, and then the question is never answered.
        const closing = new Promise<string>((resolve) => {
          lines.once('close', () => resolve(''));
        });
        return await Promise.race([lines.question(question), closing]);
      } finally {
        lines.close();
      }
    },
    closed: closed.signal,
    flush: async () => {
      await Promise.all([flushed(stdout), flushed(stderr)]);
    },
  };
}

function flushed(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}
