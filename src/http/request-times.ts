import type { FastifyInstance } from 'fastify';
import { Histogram } from 'prom-client';

/** Seconds. From what an index answers at once to what the time limit of a question allows. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How long requests took, by route. To be called before the routes are made; streams are open as long as clients want. */
export function measureRequests(app: FastifyInstance): Histogram<'method' | 'route' | 'status'> {
  const histogram = new Histogram({
    name: 'rowtrail_http_request_seconds',
    help: 'How long requests took, from their arrival to the end of the answer; without streams.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: BUCKETS,
    registers: [],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url;
    // What is at no path could be anything: a label a path would grow without end.
    if (route === undefined || route.endsWith('/stream')) return;
    histogram.observe(
      { method: request.method, route, status: `${Math.floor(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1000,
    );
  });
  return histogram;
}
