import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { createMetrics, type MetricsSubject } from './metrics.ts';
import { noParameters } from './parameters.ts';
import { asIs } from './answer.ts';
import { textAnswer } from './schemas.ts';

/** `GET /metrics`, for Prometheus. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function registerMetricsRoute(server: FastifyInstance, subject: MetricsSubject, isPublic: boolean): void {
  const metrics = createMetrics(subject);
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.addHook('onClose', async () => metrics.close());
  app.get(
    '/metrics',
    {
      // Its counts are of all tables together.
      config: isPublic ? { role: 'anyone' } : { role: 'viewer', unlimited: true, isNoRead: true },
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
        .serializer(asIs)
        .send(await metrics.text()),
  );
}
