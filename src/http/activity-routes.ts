import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { listActivity, type ActivityQuery } from '../query/activity.ts';
import { withFields } from '../query/entry-fields.ts';
import { detailJson, getEntry } from '../query/entry.ts';
import { filterOf } from '../query/filter-input.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { sendJson, sendPage } from './answer.ts';
import { activityParameters, entryParameters, noParameters, type ActivityParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { activityAnswer, entryAnswer, jsonAnswer, problemAnswer } from './schemas.ts';

/** `GET /activity`, `POST /activity/search` and `GET /activity/{id}`. */
export function registerActivityRoutes(server: FastifyInstance): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/activity',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listActivity',
        summary: 'The timeline',
        description:
          'Different filters must all hold; of a repeated one, any value. Where a filter asks for what no index tells (`field`, `old:`, `new:`, `value:`, a wide network, a frequent word), a page ends after some looking: it may be empty and still have `meta.next`, and `meta.searched.until` says how far it came.',
        tags: ['activity'],
        querystring: activityParameters,
        response: {
          200: jsonAnswer('A page of entries.', activityAnswer),
          400: problemAnswer('A parameter is wrong, unknown, or a cursor of another filter.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => answerPage(reply, readerOf(request), request.query),
  );
  app.post(
    '/api/v1/activity/search',
    {
      config: { role: 'viewer', isSearch: true },
      schema: {
        operationId: 'searchActivity',
        summary: 'The timeline, by a filter in the body',
        description:
          'The parameters of `GET /activity` as members of a JSON object, for filters that are too long for a URL; several values of one are an array.',
        tags: ['activity'],
        querystring: noParameters,
        body: activityParameters,
        response: {
          200: jsonAnswer('A page of entries.', activityAnswer),
          400: problemAnswer('A member is wrong, unknown, or a cursor of another filter.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => answerPage(reply, readerOf(request), request.body),
  );
  app.get(
    '/api/v1/activity/:id',
    {
      config: { role: 'viewer' },
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
      const detail = await getEntry(readerOf(request), BigInt(request.params.id));
      if (detail === undefined) {
        throw new HttpProblem(
          'entry_not_found',
          `There is no entry ${request.params.id}: it never was, or retention has removed it.`,
        );
      }
      return sendJson(reply, 200, `{"data":${detailJson(detail)}}`);
    },
  );
}

async function answerPage(
  reply: FastifyReply,
  store: StoreReader,
  parameters: ActivityParameters,
): Promise<FastifyReply> {
  const { fields } = parameters;
  const { entries, meta } = await listActivity(store, queryOf(parameters));
  const shown = fields === undefined ? null : new Set(fields);
  const data = entries.map(({ json }) => (shown === null ? json : withFields(json, shown)));
  return sendPage(reply, data, meta);
}

function queryOf(parameters: ActivityParameters): ActivityQuery {
  const { sort, limit, after, before, count, fields: _, ...filter } = parameters;
  return {
    filter: filterOf(filter),
    sort,
    limit,
    after: after ?? null,
    before: before ?? null,
    count: count ?? null,
  };
}
