import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { sendJson } from './answer.ts';

/** Swagger UI's pages set style attributes; scripts come from here alone. */
const DOCS_CSP =
  "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** `/openapi.json`, and pages to read it and try it at `/docs`. To be called before the routes are made. */
export async function registerApiDocument(server: FastifyInstance, version: string): Promise<void> {
  await server.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Rowtrail',
        version,
        description:
          'The activity log of your PostgreSQL databases. 64-bit ids are strings; numbers inside images carry every digit. Errors are RFC 9457 problems with a stable `code`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'activity', description: 'What happened' },
        { name: 'status', description: 'Whether everything is captured' },
      ],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await server.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    theme: { title: 'Rowtrail API' },
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
  });
  server.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    sendJson(reply, 200, JSON.stringify(server.swagger())),
  );
}
