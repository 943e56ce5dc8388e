import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { mayAct } from '../access/role.ts';
import { codeOf } from '../lib/errors.ts';
import { readGapSummary, readStatus, type LiveSource, type OpenGap } from '../query/status.ts';
import type { StoreConnection } from '../query/store-reader.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { sendJson } from './answer.ts';
import type { Authenticator } from './authentication.ts';
import { READINESS_TIMEOUT_MS } from './limits.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { healthAnswer, jsonAnswer, problemAnswer, readinessAnswer, statusAnswer } from './schemas.ts';

export interface StatusSubject {
  readonly store: StoreConnection;
  readonly live: () => readonly LiveSource[];
}

/** `GET /api/v1/status`, `/healthz` and `/readyz`. */
export function registerStatusRoutes(
  server: FastifyInstance,
  subject: StatusSubject,
  authenticator: Authenticator,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/status',
    {
      config: { role: 'viewer', isNoRead: true },
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
    async (request, reply) => {
      const data = await readStatus(readerOf(request), subject.live());
      return sendJson(reply, 200, JSON.stringify({ data }));
    },
  );
  app.get(
    '/healthz',
    {
      config: { role: 'anyone' },
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
      config: { role: 'anyone' },
      schema: {
        operationId: 'getReadiness',
        summary:
          'Whether the store answers and every source is being captured, here or by another daemon that this one stands by for',
        tags: ['status'],
        querystring: noParameters,
        response: {
          200: jsonAnswer('Both.', readinessAnswer),
          503: problemAnswer('Not so; `reasons` says why.'),
        },
      },
    },
    async (request, reply) => {
      const [gaps, detailed] = await Promise.all([readiness(subject), mayReadStatus(request, authenticator)]);
      if (Array.isArray(gaps)) throw notReady(gaps, detailed);
      return sendJson(reply, 200, JSON.stringify({ status: 'ready', ...(detailed ? { gaps } : {}) }));
    },
  );
}

type Reason = Readonly<Record<'source' | 'code' | 'message' | 'hint', string | null>>;

/** Whoever watches whether it is ready has no token; reasons name databases, tables and roles. */
async function mayReadStatus(request: FastifyRequest, authenticator: Authenticator): Promise<boolean> {
  try {
    const { principal } = await authenticator.authenticate(request);
    return mayAct(principal.role, 'viewer') && principal.tables === null;
  } catch {
    return false;
  }
}

/** How many gaps the history has, or every reason why Rowtrail is not ready. */
async function readiness(subject: StatusSubject): Promise<number | Reason[]> {
  const reasons = sourceReasons(subject.live());
  let gaps = 0;
  try {
    const summary = await readGapSummary({ ...subject.store, viewer: EVERYTHING }, READINESS_TIMEOUT_MS);
    gaps = summary.count;
    reasons.push(...summary.open.map(openGapReason));
  } catch (error) {
    const code = codeOf(error) ?? 'RT_INTERNAL';
    reasons.unshift({ source: null, code, message: 'the store does not answer', hint: null });
  }
  return reasons.length === 0 ? gaps : reasons;
}

function notReady(reasons: readonly Reason[], detailed: boolean): HttpProblem {
  if (!detailed) return new HttpProblem('not_ready', 'Rowtrail is not capturing everything; a token is told why.');
  const detail = `${reasons.map((reason) => (reason.source === null ? '' : `${reason.source}: `) + reason.message).join('; ')}.`;
  return new HttpProblem('not_ready', detail, { reasons });
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
    .filter((source) => !source.standby && (source.state !== 'streaming' || source.error !== null))
    .map((source) => ({
      source: source.name,
      code: source.error?.code ?? source.state,
      message: source.error?.message ?? `capture is ${source.state}`,
      hint: source.error?.hint ?? null,
    }));
}
