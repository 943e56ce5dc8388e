import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import pg from 'pg';
import type { z } from 'zod';
import type { KeyObject } from 'node:crypto';
import { messageOf, codeOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { connectionOptions } from '../pg/pool.ts';
import { readIntegrity } from '../query/integrity.ts';
import { explainReadError, urlOf, type StoreConnection } from '../query/store-reader.ts';
import { idAt, nowMicros, parseTime } from '../query/time.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { verificationOf } from '../seal/verification-json.ts';
import { recordVerification } from '../seal/verification-record.ts';
import { verifyHistory, type Verification } from '../seal/verification.ts';
import { sendJson } from './answer.ts';
import { principalOf } from './authorization.ts';
import { HANDLER_TIMEOUT_MS, VERIFY_LIMIT_MS } from './limits.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { integrityAnswer, verifyAnswer, verifyBody } from './integrity-schemas.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

export interface IntegritySubject {
  readonly store: StoreConnection;
  /** Whose signatures are trusted. */
  readonly sealKeys: readonly KeyObject[];
  readonly log: Log;
}

/** `GET /integrity` and `POST /integrity/verify`. */
export function registerIntegrityRoutes(server: FastifyInstance, subject: IntegritySubject): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  let isRunning = false;
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.get(
    '/api/v1/integrity',
    {
      // It tells how much is written to all tables together.
      config: { role: 'viewer', unlimited: true, isNoRead: true },
      schema: {
        operationId: 'getIntegrity',
        summary: 'How far the history is sealed, and when it was last verified',
        tags: ['status'],
        querystring: noParameters,
        response: {
          200: jsonAnswer('The state of the chain of seals.', integrityAnswer),
          503: problemAnswer('The store cannot be reached.'),
        },
      },
    },
    async (request, reply) => sendJson(reply, 200, JSON.stringify({ data: await readIntegrity(readerOf(request)) })),
  );
  app.post(
    '/api/v1/integrity/verify',
    {
      config: { role: 'admin', unlimited: true, isNoRead: true },
      handlerTimeout: VERIFY_LIMIT_MS + HANDLER_TIMEOUT_MS,
      schema: {
        operationId: 'verifyIntegrity',
        summary: 'Compare the history with its seals',
        description: `Reads what was recorded from \`from\` until \`to\`, for at most ${VERIFY_LIMIT_MS / 1000} s; \`complete\` says whether that was enough, and \`checked.last\` how far it came. One at a time. \`rowtrail verify\` has no such limit, reads in parallel, and takes an exported head and public keys from where the store's owner cannot write.`,
        tags: ['status'],
        querystring: noParameters,
        body: verifyBody,
        response: {
          200: jsonAnswer('What was found; a mismatch is an answer, no error.', verifyAnswer),
          400: problemAnswer('A time is wrong.'),
          503: problemAnswer('The store cannot be reached, or another verification runs.'),
        },
      },
    },
    async (request, reply) => {
      const { from, to } = request.body;
      if (isRunning) {
        throw new HttpProblem('verification_busy', 'A verification is running already.', {}, { 'retry-after': '10' });
      }
      isRunning = true;
      try {
        const begunAt = new Date();
        const found = await verify(subject, { from, to }, closing.signal);
        await recordVerification(subject.store.pool, subject.store.schema, found, {
          begunAt,
          madeBy: principalOf(request).name,
        }).catch((error: unknown) =>
          subject.log.warn({ code: codeOf(error) }, `a verification could not be put on record: ${messageOf(error)}`),
        );
        return await sendJson(reply, 200, JSON.stringify({ data: verificationOf(found) }));
      } finally {
        isRunning = false;
      }
    },
  );
}

async function verify(
  { store, sealKeys }: IntegritySubject,
  { from, to }: z.infer<typeof verifyBody>,
  signal: AbortSignal,
): Promise<Verification> {
  const reader = { ...store, viewer: EVERYTHING };
  const now = nowMicros();
  try {
    return await verifyHistory({
      schema: store.schema,
      connect: async () => {
        const client = new pg.Client({
          ...connectionOptions(urlOf(reader), 'verify'),
          statement_timeout: VERIFY_LIMIT_MS,
        });
        client.on('error', () => {});
        await client.connect();
        return client;
      },
      workers: 1,
      fromId: from === undefined ? null : idAt(parseTime(from, now)),
      toId: to === undefined ? null : idAt(parseTime(to, now)) - 1n,
      head: null,
      publicKeys: sealKeys,
      signal,
      limitMs: VERIFY_LIMIT_MS,
    });
  } catch (error) {
    throw explainReadError(error, reader, VERIFY_LIMIT_MS);
  }
}
