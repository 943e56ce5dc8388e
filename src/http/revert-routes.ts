import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { membersOf } from '../entry/image.ts';
import { codeOf, messageOf, RowtrailError, tellable } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { QueryError } from '../query/grammar/query-error.ts';
import { previewJson, resultJson } from '../revert/revert-json.ts';
import {
  REVERT_LIMITS,
  RevertMoved,
  type PreviewOptions,
  type RevertRequest,
  type RevertSource,
} from '../revert/plan.ts';
import { applyRevert, previewRevert } from '../revert/revert.ts';
import { eventTexts } from '../store/event-text.ts';
import type { AccessJournal } from './access-journal.ts';
import { sendJson } from './answer.ts';
import { principalOf } from './authorization.ts';
import { keepBodies } from './event-routes.ts';
import { HANDLER_TIMEOUT_MS } from './limits.ts';
import { noParameters } from './parameters.ts';
import { filterProblem, sentence } from './error-mapping.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { applyAnswer, applyBody, applyHeaders, movedAnswer, previewAnswer, previewBody } from './revert-schemas.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

export interface RevertSubject {
  readonly sources: readonly RevertSource[];
  readonly journal: AccessJournal;
  readonly log: Log;
}

/** Longer than a revert may take, so that it is the revert that says so. */
const REVERT_HANDLER_TIMEOUT_MS = REVERT_LIMITS.queueMs + REVERT_LIMITS.timeoutMs + HANDLER_TIMEOUT_MS;

/** `POST /reverts/preview` and `POST /reverts`. */
export async function registerRevertRoutes(server: FastifyInstance, subject: RevertSubject): Promise<void> {
  const running = new Runs(server);
  // A scope of its own, for the body's text: an operator's numbers keep their digits.
  await server.register(async (scope) => {
    const bodies = keepBodies(scope);
    const app = scope.withTypeProvider<ZodTypeProvider>();
    app.post(
      '/api/v1/reverts/preview',
      {
        config: { role: 'operator', isNoRead: true },
        handlerTimeout: REVERT_HANDLER_TIMEOUT_MS,
        schema: {
          operationId: 'previewRevert',
          summary: 'What a revert would do',
          description:
            'Runs the statements on the source and rolls them back: it takes row locks for a moment, makes dead tuples, uses up sequence values, and what triggers do outside the database happens. `plan` is for `POST /reverts`.',
          tags: ['reverts'],
          querystring: noParameters,
          body: previewBody,
          response: {
            200: jsonAnswer('The plan, a step a record.', previewAnswer),
            400: problemAnswer('The request is wrong.'),
            404: problemAnswer('There is nothing that could be taken back, or not all of it is yours to see.'),
            422: problemAnswer('Reverts are off for the source, or this is too much for one.'),
            503: problemAnswer('A database cannot be reached, or something holds the rows.'),
          },
        },
      },
      async (request, reply) => {
        const options = optionsOf(request, request.body, bodies.get(request) as string, subject);
        const signal = running.watch(reply, true);
        const preview = await previewRevert({ ...options, signal }).catch((error: unknown) => {
          throw problemOfRevert(error, request, subject.log);
        });
        const { target, onConflict } = request.body;
        subject.journal.noteRevert('read', request, { operation: 'previewRevert', target, onConflict });
        return sendJson(reply, 200, `{"data":${previewJson(preview)}}`);
      },
    );
    app.post(
      '/api/v1/reverts',
      {
        config: { role: 'operator', isNoRead: true },
        handlerTimeout: REVERT_HANDLER_TIMEOUT_MS,
        schema: {
          operationId: 'applyRevert',
          summary: 'Carry a revert out',
          description:
            'The same body as the preview, with its `plan`. All of it is done, in one transaction on the source, or nothing. With an `Idempotency-Key`, a request whose answer was lost can be sent again.',
          tags: ['reverts'],
          querystring: noParameters,
          headers: applyHeaders,
          body: applyBody,
          response: {
            200: jsonAnswer('It is done.', applyAnswer),
            400: problemAnswer('The request is wrong.'),
            404: problemAnswer('There is nothing that could be taken back, or not all of it is yours to see.'),
            409: movedAnswer('Nothing was done: a row has moved since the preview, or a step cannot be carried out.'),
            422: problemAnswer(
              'Reverts are off for the source, the database refused it, or the key is another request’s.',
            ),
            503: problemAnswer('A database cannot be reached, or something holds the rows.'),
          },
        },
      },
      async (request, reply) => {
        const { plan, ...body } = request.body;
        const options = optionsOf(request, body, bodies.get(request) as string, subject);
        const idempotencyKey = request.headers['idempotency-key'] ?? null;
        const signal = running.watch(reply, false);
        const result = await applyRevert({ ...options, plan, idempotencyKey, signal }).catch((error: unknown) => {
          throw problemOfRevert(error, request, subject.log);
        });
        const { transaction, summary } = result;
        const { target, onConflict, fields, comment } = body;
        subject.journal.noteRevert('revert', request, { target, onConflict, fields, comment, transaction, summary });
        return sendJson(reply, 200, `{"data":${resultJson(result)}}`);
      },
    );
  });
}

/** Ends what nobody waits for any more. What is being carried out goes on when its client leaves, as long as the server does. */
class Runs {
  #closing = false;

  constructor(server: FastifyInstance) {
    server.addHook('preClose', async () => {
      this.#closing = true;
    });
  }

  watch(reply: FastifyReply, isPreview: boolean): AbortSignal {
    const controller = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished && (isPreview || this.#closing)) controller.abort();
    });
    return controller.signal;
  }
}

function optionsOf(
  request: FastifyRequest,
  { target, fields, set, onConflict, comment }: z.output<typeof previewBody>,
  body: string,
  { sources }: RevertSubject,
): Omit<PreviewOptions, 'signal'> {
  const { name } = principalOf(request);
  return {
    store: readerOf(request),
    sources,
    request: {
      target,
      fields: fields ?? null,
      set: set === undefined ? null : textsOf(eventTexts(body, ['set'])[0]?.set ?? '{}'),
      onConflict,
      comment: comment ?? null,
    },
    caller: {
      id: name,
      name,
      ip: request.ip,
      userAgent: request.headers['user-agent'] ?? null,
      requestId: headerOf(request, 'x-request-id'),
    },
  };
}

/** A string is the value's text, as an image has it; of anything else, its JSON is. */
function textsOf(object: string): NonNullable<RevertRequest['set']> {
  const values = membersOf(object).map(({ name, rawValue }): [string, string | null] => {
    if (rawValue === 'null') return [name, null];
    return [name, rawValue.startsWith('"') ? (JSON.parse(rawValue) as string) : rawValue];
  });
  return Object.fromEntries(values);
}

function headerOf(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

const SOON = { 'retry-after': '5' };

/** Messages of a database may name roles, hosts and values: those go to the log. What reverts say themselves is for the caller. */
function problemOfRevert(error: unknown, request: FastifyRequest, log: Log): unknown {
  if (error instanceof QueryError) return filterProblem(error, 'target.query');
  if (!(error instanceof RowtrailError)) return error;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  const detail = sentence(capitalized(error.message));
  if (error instanceof RevertMoved) {
    const code = error.code === 'RT_REVERT_MOVED' ? 'revert_moved' : 'revert_conflict';
    return new HttpProblem(code, detail, { ...hint, preview: previewJson(error.preview) });
  }
  switch (error.code) {
    case 'RT_REVERT_OFF':
      return new HttpProblem('reverts_off', detail, hint);
    case 'RT_REVERT_TARGET':
    case 'RT_ENTRY_MISSING':
      return new HttpProblem('revert_target_not_found', detail, hint);
    case 'RT_REVERT_TOO_LARGE':
      return new HttpProblem('revert_too_large', detail, hint);
    case 'RT_REVERT_FAILED':
      return new HttpProblem('revert_failed', detail, hint);
    case 'RT_REVERT_KEY_REUSED':
      return new HttpProblem('idempotency_key_reused', detail, hint);
    case 'RT_REVERT_BUSY':
    case 'RT_LOCK_TIMEOUT':
      return new HttpProblem('revert_busy', 'Another revert or transaction is in the way: nothing was done.', {}, SOON);
    case 'RT_PRIVILEGE':
      logRefusal(error, request, log);
      return new HttpProblem('revert_failed', 'The revert role lacks a right that this takes.', {
        hint: '`rowtrail check` says which, and the GRANT for it.',
      });
    case 'RT_CONNECT':
    case 'RT_AUTH':
    case 'RT_DATABASE_MISSING':
    case 'RT_READ_ONLY':
    case 'RT_RESOURCES':
      logRefusal(error, request, log);
      return new HttpProblem(
        'revert_unavailable',
        'The store or the source cannot be reached; the log says why.',
        {},
        SOON,
      );
    default:
      return error;
  }
}

function logRefusal(error: RowtrailError, request: FastifyRequest, log: Log): void {
  const route = `${request.method} ${request.routeOptions.url ?? ''}`;
  log.warn({ code: codeOf(error), route }, error.cause === undefined ? messageOf(error) : tellable(error));
}

function capitalized(message: string): string {
  return message.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}
