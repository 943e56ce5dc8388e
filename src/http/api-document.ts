import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { sendJson } from './answer.ts';
import { problemAnswer } from './schemas.ts';
import { sessionCookieName } from './session-cookie.ts';

/** Swagger UI's pages set style attributes; scripts come from here alone. */
const DOCS_CSP =
  "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** `/openapi.json`, and pages to read it and try it at `/docs`. To be called before the routes are made. */
export async function registerApiDocument(
  server: FastifyInstance,
  { version, secure }: { readonly version: string; readonly secure: boolean },
): Promise<void> {
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
        { name: 'resources', description: 'What it happened to' },
        { name: 'users', description: 'Who did it' },
        { name: 'insights', description: 'How much of it' },
        { name: 'reverts', description: 'Taking it back' },
        { name: 'status', description: 'Whether everything is captured' },
        { name: 'access', description: 'Tokens, and who has them' },
      ],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: '`rowtrail token create` makes one.' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookieName(secure), description: 'The console’s.' },
        },
      },
    },
    transform: (input) => jsonSchemaTransform({ ...input, schema: withAccess(input.schema, input.route.config) }),
    transformObject: jsonSchemaTransformObject,
  });
  await server.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    theme: { title: 'Rowtrail API' },
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
  });
  server.get('/openapi.json', { config: { role: 'anyone' }, schema: { hide: true } }, (_request, reply) =>
    sendJson(reply, 200, JSON.stringify(server.swagger())),
  );
}

/** What the document says of an operation that is not open to anyone: the role it takes, and how it refuses. */
function withAccess(schema: FastifySchema, { role, unlimited }: FastifyContextConfig = {}): FastifySchema {
  if (role === undefined || role === 'anyone') return schema;
  const limit = unlimited === true ? ', not limited to tables' : '';
  const needs = role === 'member' ? 'Takes any token.' : `Takes the role \`${role}\`${limit}.`;
  return {
    ...schema,
    description: [schema.description, needs].filter((text) => text !== undefined).join('\n\n'),
    security: [{ token: [] }, { session: [] }],
    response: {
      ...(schema.response as object),
      401: problemAnswer('There is no token, or it is wrong, expired or revoked.'),
      403: problemAnswer('The token may not do this: `role` is the one needed, `contact` whom to ask.'),
      429: problemAnswer('Too many requests; Retry-After says when to go on.'),
    },
  };
}
