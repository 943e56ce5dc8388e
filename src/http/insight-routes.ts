import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { getBreakdown } from '../query/insight/breakdown.ts';
import { getHeatmap } from '../query/insight/heatmap.ts';
import { getSummary } from '../query/insight/summary.ts';
import { getTimeseries } from '../query/insight/timeseries.ts';
import type { InsightQuery } from '../query/insight/window.ts';
import { sendJson } from './answer.ts';
import {
  breakdownAnswer,
  breakdownParameters,
  heatmapAnswer,
  heatmapParameters,
  insightParameters,
  summaryAnswer,
  timeseriesAnswer,
  timeseriesParameters,
} from './insight-schemas.ts';
import { readerOf } from './reader.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

/** `GET /insights/summary`, `/timeseries`, `/breakdown` and `/heatmap`. */
export function registerInsightRoutes(server: FastifyInstance): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const tags = ['insights'];
  app.get(
    '/api/v1/insights/summary',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'getSummary',
        summary: 'What happened in a time, and in the one before it',
        tags,
        querystring: insightParameters,
        response: answers(summaryAnswer),
      },
    },
    async (request, reply) => {
      const data = await getSummary(readerOf(request), queryOf(request.query));
      return sendJson(reply, 200, JSON.stringify({ data }));
    },
  );
  app.get(
    '/api/v1/insights/timeseries',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'getTimeseries',
        summary: 'Entries over time',
        tags,
        querystring: timeseriesParameters,
        response: answers(timeseriesAnswer),
      },
    },
    async (request, reply) => {
      const { bucket, by = null } = request.query;
      const { points, meta } = await getTimeseries(readerOf(request), { bucket, by, ...queryOf(request.query) });
      return sendJson(reply, 200, JSON.stringify({ data: points, meta }));
    },
  );
  app.get(
    '/api/v1/insights/breakdown',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'getBreakdown',
        summary: 'What the entries of a time are of, the most frequent first',
        tags,
        querystring: breakdownParameters,
        response: answers(breakdownAnswer),
      },
    },
    async (request, reply) => {
      const { by, limit } = request.query;
      const { items, meta } = await getBreakdown(readerOf(request), { by, limit, ...queryOf(request.query) });
      return sendJson(reply, 200, JSON.stringify({ data: items, meta }));
    },
  );
  app.get(
    '/api/v1/insights/heatmap',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'getHeatmap',
        summary: 'Entries by weekday and hour',
        tags,
        querystring: heatmapParameters,
        response: answers(heatmapAnswer),
      },
    },
    async (request, reply) => {
      const { tz } = request.query;
      const { cells, meta } = await getHeatmap(readerOf(request), { tz, ...queryOf(request.query) });
      return sendJson(reply, 200, JSON.stringify({ data: cells, meta }));
    },
  );
}

type Given = Omit<InsightQuery, 'from' | 'to'> & {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

function queryOf({ from = null, to = null, source, table, user, action }: Given | InsightQuery): InsightQuery {
  return { from, to, source, table, user, action };
}

function answers(schema: Parameters<typeof jsonAnswer>[1]) {
  return {
    200: jsonAnswer('The counts.', schema),
    400: problemAnswer('A parameter is wrong or unknown.'),
    503: problemAnswer('The store cannot be reached, or the query took too long.'),
  };
}
