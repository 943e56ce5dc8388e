import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { listActivity, type ActivityPage } from '../query/activity.ts';
import { getEntry, type EntryDetail } from '../query/entry.ts';
import type { EntryText } from '../query/entry-reader.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { sendJson } from './answer.ts';
import { activityParameters, entryParameters, noParameters, type ActivityParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { activityAnswer, entryAnswer, jsonAnswer, problemAnswer } from './schemas.ts';

/** `GET /activity` and `GET /activity/{id}`. */
export function registerActivityRoutes(server: FastifyInstance, store: StoreReader): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/activity',
    {
      schema: {
        operationId: 'listActivity',
        summary: 'The timeline',
        description: 'Different filters must all hold; of a repeated one, any value.',
        tags: ['activity'],
        querystring: activityParameters,
        response: {
          200: jsonAnswer('A page of entries.', activityAnswer),
          400: problemAnswer('A parameter is wrong, unknown, or a cursor of another filter.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => sendJson(reply, 200, pageText(await listActivity(store, queryOf(request.query)))),
  );
  app.get(
    '/api/v1/activity/:id',
    {
      schema: {
        operationId: 'getEntry',
        summary: 'One entry, and the other entries of its transaction',
        tags: ['activity'],
        params: entryParameters,
        querystring: noParameters,
        response: {
          200: jsonAnswer('The entry.', entryAnswer),
          400: problemAnswer('The id is not one.'),
          404: problemAnswer('There is no such entry.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const detail = await getEntry(store, BigInt(request.params.id));
      if (detail === undefined) {
        throw new HttpProblem(
          'entry_not_found',
          `There is no entry ${request.params.id}: it never was, or retention has removed it.`,
        );
      }
      return sendJson(reply, 200, detailText(detail));
    },
  );
}

function queryOf(parameters: ActivityParameters): Parameters<typeof listActivity>[1] {
  const { sort, limit, after, before, from, to, ...filter } = parameters;
  return {
    filter: { ...filter, from: from ?? null, to: to ?? null },
    sort,
    limit,
    after: after ?? null,
    before: before ?? null,
  };
}

function pageText(page: ActivityPage): string {
  return `{"data":${arrayText(page.entries)},"meta":${JSON.stringify(page.meta)}}`;
}

function detailText({ entry, siblings }: EntryDetail): string {
  const open = entry.json.slice(0, -1);
  return `{"data":${open},"siblings":{"data":${arrayText(siblings.entries)},"total":${siblings.total}}}}`;
}

function arrayText(entries: readonly EntryText[]): string {
  return `[${entries.map((entry) => entry.json).join(',')}]`;
}
