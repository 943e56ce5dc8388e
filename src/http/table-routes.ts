import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listTables } from '../query/tables.ts';
import { sendJson } from './answer.ts';
import { oneText, repeated } from './parameters.ts';
import { readerOf } from './reader.ts';
import { pageMeta, pageParameters } from './record-schemas.ts';
import { jsonAnswer, problemAnswer, time } from './schemas.ts';

const parameters = z.strictObject({
  source: repeated(oneText, 'A source, by its configured name.'),
  ...pageParameters,
});

const answer = z
  .object({
    data: z.array(
      z.object({
        source: z.string(),
        schema: z.string(),
        table: z.string(),
        key: z.array(z.string()).nullable().describe('Null: it has no key.'),
        columns: z.array(z.object({ name: z.string(), type: z.string() })).describe('As they are now.'),
        masked: z.array(z.string()).describe('Columns that a rule of `tableOptions` has masked.'),
        entries: z.int(),
        actions: z.record(z.string(), z.int()),
        last_activity: time.nullable(),
        coverage: z.object({
          state: z.enum(['covered', 'partial']).describe('partial: some or all of it is not captured now.'),
          gaps: z.int().describe('Of this table alone; those of the source: /status.'),
          open_gaps: z.int(),
        }),
      }),
    ),
    meta: pageMeta,
  })
  .meta({ id: 'TablePage' });

/** `GET /tables`. */
export function registerTableRoutes(server: FastifyInstance): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/tables',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listTables',
        summary: 'The tables that have a history, by source and name',
        tags: ['resources'],
        querystring: parameters,
        response: {
          200: jsonAnswer('A page of tables.', answer),
          400: problemAnswer('A parameter is wrong, unknown, or a cursor of another list.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const { after = null, before = null, ...rest } = request.query;
      const { tables, meta } = await listTables(readerOf(request), { after, before, ...rest });
      return sendJson(reply, 200, JSON.stringify({ data: tables, meta }));
    },
  );
}
