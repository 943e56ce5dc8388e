import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { asIs } from './answer.ts';
import { endWhenRefused } from './authorization.ts';
import type { HttpProblem } from './problem.ts';

/** What an answer is made of, a piece at a time. */
export interface LongAnswer {
  readonly chunks: AsyncIterable<Buffer | string>;
  /** Gives up what it holds. Safe to call twice. */
  close?(): Promise<void>;
}

/** What is made ready while the connection takes what was made before: neither waits for the other one. */
const MAX_AHEAD_BYTES = 512 * 1024;

export interface LongAnswersOptions {
  /** So many at a time; one more is refused. */
  readonly max: number;
  readonly refusal: () => HttpProblem;
  /** For the log: `an export`. */
  readonly what: string;
  readonly log: Log;
}

/** Answers of one kind that go on for long: they end with the server, and once their token is good no more. */
export class LongAnswers {
  readonly #options: LongAnswersOptions;
  readonly #running = new Map<Readable, LongAnswer>();
  #begun = 0;

  constructor(app: FastifyInstance, options: LongAnswersOptions) {
    this.#options = options;
    // A reader that does not read would hold the server's end up.
    app.addHook('preClose', async () => {
      for (const body of this.#running.keys()) body.destroy();
      await Promise.all(Array.from(this.#running.values(), async (answer) => answer.close?.()));
    });
  }

  /** The body of the answer that `begin` gives. Throws the refusal, and what `begin` throws. */
  async open(request: FastifyRequest, reply: FastifyReply, begin: () => Promise<LongAnswer>): Promise<Readable> {
    const { max, refusal, what, log } = this.#options;
    if (this.#begun >= max) throw refusal();
    this.#begun += 1;
    let answer: LongAnswer;
    try {
      answer = await begin();
    } catch (error) {
      this.#begun -= 1;
      throw error;
    }
    const body = Readable.from(answer.chunks, { objectMode: false, highWaterMark: MAX_AHEAD_BYTES });
    this.#running.set(body, answer);
    body.once('close', () => {
      this.#running.delete(body);
      this.#begun -= 1;
      void answer.close?.();
    });
    endWhenRefused(request, reply, () => body.destroy());
    body.on('error', (error) => {
      if (!reply.raw.destroyed) log.warn({ code: codeOf(error) }, `${what} ended early: ${messageOf(error)}`);
    });
    return body;
  }
}

/** A file to be kept, or with `inline` to be shown. */
export function sendFile(
  reply: FastifyReply,
  body: Readable | Buffer | string,
  {
    contentType,
    name,
    inline = false,
  }: { readonly contentType: string; readonly name: string; readonly inline?: boolean },
): FastifyReply {
  return reply
    .header('content-type', contentType)
    .header('cache-control', 'no-store')
    .header('content-disposition', `${inline ? 'inline' : 'attachment'}; filename="${name}"`)
    .serializer(asIs)
    .send(body);
}

/** For names of files. */
export function fileTime(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}
