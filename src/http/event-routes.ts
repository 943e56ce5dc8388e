import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { resolveTargets, type EventTarget } from '../query/event-target.ts';
import { eventTexts } from '../store/event-text.ts';
import type { AppendedEntry, Journal } from '../store/journal.ts';
import type { NewEntry } from '../store/journal-entry.ts';
import { sendJson } from './answer.ts';
import { principalOf } from './authorization.ts';
import { eventsAnswer, eventsBody, type EventBody } from './event-schemas.ts';
import { MAX_EVENTS_BYTES, MAX_JSON_DEPTH } from './limits.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

/** `POST /activity`. */
export async function registerEventRoutes(server: FastifyInstance, journal: Pick<Journal, 'append'>): Promise<void> {
  // A scope of its own, for the body's text.
  await server.register(async (scope) => {
    const bodies = keepBodies(scope);
    scope.withTypeProvider<ZodTypeProvider>().post(
      '/api/v1/activity',
      {
        config: { role: 'writer' },
        bodyLimit: MAX_EVENTS_BYTES,
        schema: {
          operationId: 'postEvents',
          summary: 'Record what happened outside of the databases',
          description:
            'One event, or an array of them, written as one transaction. Changes of rows are not taken: those Rowtrail sees itself.',
          tags: ['activity'],
          querystring: noParameters,
          body: eventsBody,
          response: {
            200: jsonAnswer('All of them had been written before.', eventsAnswer),
            201: jsonAnswer('They are written.', eventsAnswer),
            400: problemAnswer('An event is wrong, or about a table that is not known.'),
            409: problemAnswer('An id is that of another event; nothing is written.'),
            413: problemAnswer('The body is too large.'),
            503: problemAnswer('The store cannot be reached, or takes no more for the moment.'),
          },
        },
      },
      async (request, reply) => {
        const events = request.body;
        const targets = await resolveTargets(
          readerOf(request),
          events.map(({ source, table }) => ({ source: source ?? null, table: table ?? null })),
        );
        const body = bodies.get(request) as string;
        const texts = eventTexts(body, ['data', 'context']);
        const entries = events.map((event, n) =>
          entryOf(event, targets[n] as EventTarget, texts[n], principalOf(request).name),
        );
        const appended = await journal.append(entries);
        const data = entries.map(({ eventId }, n) => answerOf(eventId, appended[n] as AppendedEntry));
        const status = data.some(({ created }) => created) ? 201 : 200;
        return sendJson(reply, status, JSON.stringify({ data: body.trimStart().startsWith('[') ? data : data[0] }));
      },
    );
  });
}

export interface PostedEntry {
  readonly id: string;
  readonly event: string;
  readonly created: boolean;
}

/** Throws a problem for an event whose id is another one's. */
export function answerOf(eventId: string, { id, state }: AppendedEntry): PostedEntry {
  if (id === null) {
    throw new HttpProblem('event_conflict', `Event ${eventId}, or one sent with it, has the id of another event.`, {
      hint: 'An id belongs to one event: give each a new UUID, and the same one only to send the same event again.',
    });
  }
  return { id: id.toString(), event: eventId, created: state === 'new' };
}

function entryOf(
  event: EventBody,
  { sourceId, relationId }: EventTarget,
  texts: { readonly data: string | undefined; readonly context: string | undefined } | undefined,
  token: string,
): NewEntry {
  return {
    eventId: event.id ?? randomUUID(),
    action: event.action,
    at: new Date(),
    sourceId,
    relationId,
    recordKey: event.record ?? null,
    ...claimsOf(event),
    token,
    comment: event.comment ?? null,
    context: texts?.context ?? null,
    data: texts?.data ?? null,
    commented: null,
  };
}

export function claimsOf(
  given: Pick<EventBody, 'user' | 'ip' | 'user_agent' | 'request_id'>,
): Pick<NewEntry, 'user' | 'ip' | 'userAgent' | 'requestId'> {
  return {
    user: given.user === undefined ? null : { id: given.user.id, name: given.user.name ?? null },
    ip: given.ip ?? null,
    userAgent: given.user_agent ?? null,
    requestId: given.request_id ?? null,
  };
}

/** The text of each body that is JSON, for as long as its request is. */
export function keepBodies(scope: FastifyInstance): WeakMap<FastifyRequest, string> {
  const bodies = new WeakMap<FastifyRequest, string>();
  // Members of any name are data here: no object's prototype is touched.
  const parse = scope.getDefaultJsonParser('ignore', 'ignore');
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (depthOf(body as string) > MAX_JSON_DEPTH) {
      done(new HttpProblem('invalid_request', `JSON may be nested ${MAX_JSON_DEPTH} levels deep.`), undefined);
      return;
    }
    bodies.set(request, body as string);
    void parse(request, body as string, done);
  });
  return bodies;
}

/** An upper bound: brackets inside strings count too. The server's JSON parser recurses. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '{' || character === '[') deepest = Math.max(deepest, (depth += 1));
    else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}
