import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS, suggest, SUGGESTED_KEYS } from '../query/suggest.ts';
import { sendJson } from './answer.ts';
import { MAX_VALUE_LENGTH } from './limits.ts';
import { readerOf } from './reader.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

const LIMIT = `is a whole number from 1 to ${MAX_SUGGESTIONS}`;

const suggestParameters = z.strictObject({
  key: z
    .enum(SUGGESTED_KEYS, { error: `is one of ${SUGGESTED_KEYS.join(', ')}` })
    .describe('The filter to suggest values for.'),
  prefix: z
    .string({ error: 'may be given once only' })
    .max(MAX_VALUE_LENGTH, `may have ${MAX_VALUE_LENGTH} characters`)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')
    .default('')
    .describe('What the value, or the name that goes with it, begins with; in either case.'),
  limit: z
    .preprocess(
      (given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given),
      z.int({ error: LIMIT }).min(1, LIMIT).max(MAX_SUGGESTIONS, LIMIT).default(DEFAULT_SUGGESTIONS),
    )
    .describe(`How many, 1 to ${MAX_SUGGESTIONS}.`),
});

const suggestAnswer = z
  .object({
    data: z.array(
      z.object({
        value: z.string().describe('To be put behind the key.'),
        label: z.string().nullable().describe('How people know it, where that is something else.'),
      }),
    ),
  })
  .meta({ id: 'SuggestAnswer' });

/** `GET /suggest`. */
export function registerSuggestRoutes(server: FastifyInstance): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    '/api/v1/suggest',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'suggestValues',
        summary: 'Values for the query bar',
        description: 'Values that a filter may have, those used of late first. Only of what the caller may see.',
        tags: ['activity'],
        querystring: suggestParameters,
        response: {
          200: jsonAnswer('The values.', suggestAnswer),
          400: problemAnswer('A parameter is wrong or unknown.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) =>
      sendJson(reply, 200, JSON.stringify({ data: await suggest(readerOf(request), request.query) })),
  );
}
