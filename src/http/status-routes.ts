import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { codeOf } from '../lib/errors.ts';
import { readGapSummary, readStatus, type LiveSource, type OpenGap } from '../query/status.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { sendJson } from './answer.ts';
import { READINESS_TIMEOUT_MS } from './limits.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { healthAnswer, jsonAnswer, problemAnswer, readinessAnswer, statusAnswer } from './schemas.ts';

export interface StatusSubject {
  readonly store: StoreReader;
  readonly live: () => readonly LiveSource[];
}

/** `GET /api/v1/status`, `/healthz` and `/readyz`. */
export function registerStatusRoutes(server: FastifyInstance, subject: StatusSubject): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/status',
    {
      schema: {
        operationId: 'getStatus',
        summary: 'What is captured, how far, and what is missing',
        tags: ['status'],
        querystring: noParameters,
        response: {
          200: jsonAnswer('Every source.', statusAnswer),
          503: problemAnswer('The store cannot be reached.'),
        },
      },
    },
    async (_request, reply) => {
      const data = await readStatus(subject.store, subject.live());
      return sendJson(reply, 200, JSON.stringify({ data }));
    },
  );
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the process is alive',
        tags: ['status'],
        querystring: noParameters,
        response: { 200: jsonAnswer('It is.', healthAnswer) },
      },
    },
    async (_request, reply) => sendJson(reply, 200, '{"status":"alive"}'),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Whether the store answers and every source is being captured',
        tags: ['status'],
        querystring: noParameters,
        response: {
          200: jsonAnswer('Both.', readinessAnswer),
          503: problemAnswer('Not so; `reasons` says why.'),
        },
      },
    },
    async (_request, reply) =>
      sendJson(reply, 200, JSON.stringify({ status: 'ready', gaps: await assertReady(subject) })),
  );
}

type Reason = Readonly<Record<'source' | 'code' | 'message' | 'hint', string | null>>;

/** Returns how many gaps the history has; throws a problem with every reason why Rowtrail is not ready. */
async function assertReady(subject: StatusSubject): Promise<number> {
  const reasons = sourceReasons(subject.live());
  let gaps = 0;
  try {
    const summary = await readGapSummary(subject.store, READINESS_TIMEOUT_MS);
    gaps = summary.count;
    reasons.push(...summary.open.map(openGapReason));
  } catch (error) {
    const code = codeOf(error) ?? 'RT_INTERNAL';
    reasons.unshift({ source: null, code, message: 'the store does not answer', hint: null });
  }
  if (reasons.length === 0) return gaps;
  const detail = `${reasons.map((reason) => (reason.source === null ? '' : `${reason.source}: `) + reason.message).join('; ')}.`;
  throw new HttpProblem('not_ready', detail, { reasons });
}

function openGapReason(gap: OpenGap): Reason {
  return {
    source: gap.source,
    code: 'open_gap',
    message: `nothing is captured from ${gap.from_lsn ?? 'the gap'} on (${gap.reason})`,
    hint: 'See `gaps` in /api/v1/status, and `rowtrail check`.',
  };
}

function sourceReasons(live: readonly LiveSource[]): Reason[] {
  if (live.length === 0) {
    return [{ source: null, code: 'no_source', message: 'no source is being captured', hint: null }];
  }
  return live
    .filter((source) => source.state !== 'streaming' || source.error !== null)
    .map((source) => ({
      source: source.name,
      code: source.error?.code ?? source.state,
      message: source.error?.message ?? `capture is ${source.state}`,
      hint: source.error?.hint ?? null,
    }));
}
