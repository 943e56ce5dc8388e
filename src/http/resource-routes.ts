import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { MAX_WINDOW_DAYS } from '../query/busiest.ts';
import { withoutId } from '../query/resource-reader.ts';
import { listResources } from '../query/resources.ts';
import { TIME_FORMS } from '../query/time.ts';
import { sendJson } from './answer.ts';
import { oneText, repeated } from './parameters.ts';
import { readerOf } from './reader.ts';
import { entryMark, pageMeta, pageParameters } from './record-schemas.ts';
import { jsonAnswer, problemAnswer, time } from './schemas.ts';

const parameters = z.strictObject({
  sort: z
    .enum(['recent', 'oldest', 'busiest'], { error: 'is recent, oldest or busiest' })
    .default('recent')
    .describe(
      `recent: by the last change, the latest first. oldest: by the first change, the earliest first. busiest: by the number of changes in a window of at most ${MAX_WINDOW_DAYS} days (the last day, unless from and to say otherwise), under one key.`,
    ),
  table: repeated(oneText, 'A table: `orders`, or `public.orders`.'),
  source: repeated(oneText, 'A source, by its configured name.'),
  user: repeated(oneText, "Who changed it: a user's id or name."),
  from: oneText.optional().describe(`Changed not before this time: ${TIME_FORMS}.`),
  to: oneText.optional().describe('Changed before this time, exclusive; the same forms.'),
  ...pageParameters,
});

const answer = z
  .object({
    data: z.array(
      z.object({
        source: z.string(),
        schema: z.string(),
        table: z.string(),
        record: z.string(),
        change: entryMark.describe('The last change that matches the filters; with `oldest` the first one.'),
        count: z.int().optional().describe('With `busiest`: changes in the window.'),
      }),
    ),
    meta: pageMeta.extend({
      searched: z
        .object({ entries: z.int(), until: time })
        .optional()
        .describe(
          'The search ended there, after so many entries: `next` goes on from it. With `busiest`, only those entries, the latest of the window, were counted.',
        ),
      window: z.object({ from: time, to: time }).optional().describe('With `busiest`.'),
    }),
  })
  .meta({ id: 'ResourcePage' });

/** `GET /resources`: the records that were changed. */
export function registerResourceRoutes(server: FastifyInstance): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/resources',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listResources',
        summary: 'The records that were changed',
        description: 'A record is listed once, under the key that it has now (with `oldest`, had first).',
        tags: ['resources'],
        querystring: parameters,
        response: {
          200: jsonAnswer('A page of records.', answer),
          400: problemAnswer('A parameter is wrong, unknown, or a cursor of another list.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const { from = null, to = null, after = null, before = null, ...rest } = request.query;
      const { resources, meta } = await listResources(readerOf(request), { from, to, after, before, ...rest });
      const data = resources.map(withoutId);
      return sendJson(reply, 200, JSON.stringify({ data, meta }));
    },
  );
}
