import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { createMetrics, type MetricsSubject } from './metrics.ts';
import { noParameters } from './parameters.ts';
import { textAnswer } from './schemas.ts';

/** `GET /metrics`, for Prometheus. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function registerMetricsRoute(server: FastifyInstance, subject: MetricsSubject): void {
  const metrics = createMetrics(subject);
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.addHook('onClose', async () => metrics.close());
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Counts, lag and gaps of every source, for Prometheus',
        tags: ['status'],
        querystring: noParameters,
        response: { 200: textAnswer('The text exposition format.') },
      },
    },
    async (_request, reply) =>
      reply
        .header('content-type', metrics.contentType)
        .header('cache-control', 'no-store')
        .serializer((payload: unknown) => payload as string)
        .send(await metrics.text()),
  );
}
