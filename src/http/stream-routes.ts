import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { EntryText } from '../query/entry-reader.ts';
import { Feed, type Subscription } from '../query/feed.ts';
import type { ActivityFilter } from '../query/filter.ts';
import { filterOf } from '../query/filter-input.ts';
import { MAX_ID } from '../query/id-range.ts';
import type { StoreConnection, StoreReader } from '../query/store-reader.ts';
import { latestId } from '../query/tail.ts';
import { endWhenRefused } from './authorization.ts';
import { MAX_STREAMS, STREAM_BUFFER_BYTES, STREAM_HEARTBEAT_MS, STREAM_TIMEOUT_MS } from './limits.ts';
import { activityParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { asIs } from './answer.ts';
import { problemAnswer } from './schemas.ts';

const streamParameters = activityParameters.omit({
  sort: true,
  limit: true,
  after: true,
  before: true,
  count: true,
  fields: true,
});

export interface StreamSubject {
  readonly store: StoreConnection;
  readonly log: Log;
}

/** `GET /activity/stream`. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function registerStreamRoutes(server: FastifyInstance, { store, log }: StreamSubject): void {
  const feed = new Feed(store);
  const streams = new Set<EntryStream>();
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.finish();
    await feed.stop();
  });
  app.get(
    '/api/v1/activity/stream',
    {
      config: { role: 'viewer' },
      handlerTimeout: STREAM_TIMEOUT_MS,
      // It would run to its end for nobody.
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamActivity',
        summary: 'Entries as they come, as server-sent events',
        description:
          "Each entry is an event `entry` whose `id` is the entry's. With the header `Last-Event-ID` it goes on behind that entry, without loss; without it, it begins with what is new. A comment comes every 15 s.",
        tags: ['activity'],
        querystring: streamParameters,
        headers: z.object({
          'last-event-id': z
            .string()
            .refine((text) => /^\d{1,19}$/.test(text) && BigInt(text) <= MAX_ID, 'must be the id of an entry')
            .optional()
            .describe('The last event that was taken.'),
        }),
        response: {
          200: {
            description: 'The stream.',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          400: problemAnswer('A parameter is wrong or unknown.'),
          503: problemAnswer('The store cannot be reached, or there are as many streams as there may be.'),
        },
      },
    },
    async (request, reply) => {
      if (streams.size >= MAX_STREAMS) throw tooMany();
      const filter = filterOf(request.query);
      const stream = new EntryStream({ feed, store: readerOf(request), filter, log });
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
      try {
        const lastEventId = request.headers['last-event-id'];
        await stream.begin(lastEventId === undefined ? null : BigInt(lastEventId));
      } catch (error) {
        stream.destroy();
        throw error;
      }
      endWhenRefused(request, reply, () => stream.finish());
      return sendEvents(reply, stream);
    },
  );
}

function sendEvents(reply: FastifyReply, stream: Readable): FastifyReply {
  return (
    reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      // nginx would keep events back until a buffer is full.
      .header('x-accel-buffering', 'no')
      .serializer(asIs)
      .send(stream)
  );
}

interface EntryStreamOptions {
  readonly feed: Feed;
  readonly store: StoreReader;
  readonly filter: ActivityFilter;
  readonly log: Log;
}

/** One client's events. While it does not read, it is given no more. */
class EntryStream extends Readable {
  readonly #options: EntryStreamOptions;
  #subscription: Subscription | null = null;
  #heartbeat: NodeJS.Timeout | undefined;
  #isFull = false;

  constructor(options: EntryStreamOptions) {
    super({ highWaterMark: STREAM_BUFFER_BYTES });
    this.#options = options;
  }

  /** Throws what reading the store throws, before anything was sent. */
  async begin(lastEventId: bigint | null): Promise<void> {
    const { feed, store, filter, log } = this.#options;
    const from = lastEventId ?? (await latestId(store, filter));
    // The headers go out with it, and a client that is cut off before the first entry knows where to go on.
    this.push(`retry: 1000\nid: ${from}\n: from here\n\n`);
    this.#heartbeat = setInterval(() => {
      if (!this.#isFull) this.#isFull = !this.push(': still here\n\n');
    }, STREAM_HEARTBEAT_MS);
    if (this.destroyed) return;
    this.#subscription = feed.subscribe(
      {
        store,
        filter,
        take: (entries) => this.#take(entries),
        fail: (error) => {
          log.warn({ code: codeOf(error) }, `a stream of entries ended: ${messageOf(error)}`);
          this.destroy();
        },
      },
      from,
    );
  }

  /** The client sees the end, and comes again elsewhere. */
  finish(): void {
    this.#end();
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#subscription?.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#end();
    done(error);
  }

  #take(entries: readonly EntryText[]): boolean {
    for (const { id, json } of entries) {
      // Stored JSON may hold line breaks; each line of a value is a field of its own.
      const data = json.includes('\n') || json.includes('\r') ? json.replaceAll(/\r\n|\r|\n/g, '\ndata: ') : json;
      this.#isFull = !this.push(`id: ${id}\nevent: entry\ndata: ${data}\n\n`);
    }
    return !this.#isFull;
  }

  #end(): void {
    clearInterval(this.#heartbeat);
    this.#subscription?.end();
    this.#subscription = null;
  }
}

function tooMany(): HttpProblem {
  return new HttpProblem(
    'too_many_streams',
    `${MAX_STREAMS} streams are open, which is as many as there may be.`,
    { hint: 'Poll GET /api/v1/activity?sort=id instead: meta.resume says where to go on.' },
    { 'retry-after': '30' },
  );
}
