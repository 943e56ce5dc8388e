import fastifyHelmet from '@fastify/helmet';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { HttpConfig } from '../config/config.ts';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { LiveSource } from '../query/status.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { assertAddressed, assertLoopback, urlHost } from './access.ts';
import { registerActivityRoutes } from './activity-routes.ts';
import { registerApiDocument } from './api-document.ts';
import { connectionProblem, problemOf } from './error-mapping.ts';
import { registerFrontPage } from './front-page.ts';
import {
  DRAIN_TIMEOUT_MS,
  HANDLER_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  MAX_PATH_PARAMETER_LENGTH,
  MAX_URL_LENGTH,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import { registerMetricsRoute } from './metrics-routes.ts';
import { HttpProblem, PROBLEM_TYPE, PROBLEMS, problemResponse, problemText } from './problem.ts';
import { registerStatusRoutes } from './status-routes.ts';

export interface HttpServerOptions {
  readonly store: StoreReader;
  readonly http: Pick<HttpConfig, 'host' | 'port'>;
  readonly live: () => readonly LiveSource[];
  readonly log: Log;
  /** Rowtrail's own, for the OpenAPI document. */
  readonly version: string;
}

export interface HttpServer {
  /** For tests: requests without a socket. */
  readonly app: FastifyInstance;
  /** Starts to listen and returns the URL. Throws RT_LISTEN. Port 0 takes a free one. */
  listen(): Promise<string>;
  /** Stops accepting, lets requests finish for at most `DRAIN_TIMEOUT_MS`, then cuts them. Safe to call twice. */
  close(): Promise<void>;
}

/** The HTTP interface of DESIGN §6 over a store. It reads; only `live` connects it to a running capture. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { http, log } = options;
  const app = createApp(log);
  let port = http.port;
  app.addHook('onRequest', async (request) => {
    if ((request.raw.url?.length ?? 0) > MAX_URL_LENGTH) {
      throw new HttpProblem('url_too_long', `A URL may have ${MAX_URL_LENGTH} characters.`);
    }
    assertAddressed({ host: request.headers.host, origin: request.headers.origin }, { host: http.host, port });
  });
  endConnectionsWhenClosing(app);
  await registerSecurityHeaders(app);
  answerErrors(app, log);
  const paths = collectPaths(app);
  await registerApiDocument(app, options.version);
  registerFrontPage(app);
  registerActivityRoutes(app, options.store);
  registerStatusRoutes(app, options);
  registerMetricsRoute(app, options);
  refuseOtherMethods(app, paths);
  await app.ready();

  let closing: Promise<void> | undefined;
  return {
    app,
    async listen() {
      assertLoopback(http.host);
      await app.listen({ host: http.host.replace(/^\[|\]$/g, ''), port: http.port }).catch((error: unknown) => {
        throw explainListenError(error, http);
      });
      const address = app.server.address();
      if (typeof address === 'object' && address !== null) port = address.port;
      return `http://${urlHost(http.host)}:${port}`;
    },
    close: () => (closing ??= closeWithin(app, DRAIN_TIMEOUT_MS)),
  };
}

function createApp(log: Log): FastifyInstance {
  const app = Fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    bodyLimit: MAX_BODY_BYTES,
    // The listening socket is closed by then; what still arrives on an open connection is answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_LENGTH },
    frameworkErrors(error, request, reply) {
      sendProblem(reply, problemOf(error, request), request);
    },
    clientErrorHandler(error, socket) {
      log.debug({ code: codeOf(error) }, 'a connection sent no valid request');
      if (socket.writable) socket.end(problemResponse(connectionProblem(error)));
      else socket.destroy();
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are text before they are sent (answer.ts), so no serializer may be made from their schemas.
  app.setSerializerCompiler(() => (payload) => JSON.stringify(payload));
  return app;
}

/** A connection that is kept alive after its last answer would hold `close` up until the limit. */
function endConnectionsWhenClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    if (closing) reply.header('connection', 'close');
    return payload;
  });
}

async function registerSecurityHeaders(app: FastifyInstance): Promise<void> {
  await app.register(fastifyHelmet, {
    // Plain HTTP on loopback: a promise of HTTPS would lock the browser out.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request);
    const route = `${request.method} ${request.routeOptions.url ?? ''}`;
    if (problem.code === 'internal') log.error({ err: error, route }, 'a request failed');
    else if (!(error instanceof HttpProblem) && PROBLEMS[problem.code].status >= 500) {
      log.warn({ code: codeOf(error), route }, messageOf(error));
    }
    return sendProblem(reply, problem, request);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new HttpProblem('route_not_found', 'There is nothing at this path.', { hint: 'See /docs.' }),
      request,
    ),
  );
}

function sendProblem(reply: FastifyReply, problem: HttpProblem, request: FastifyRequest): FastifyReply {
  const [instance = ''] = request.url.split('?', 1);
  return reply
    .code(PROBLEMS[problem.code].status)
    .headers({ ...problem.headers, 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' })
    .serializer((payload: unknown) => payload as string)
    .send(problemText(problem, instance));
}

/** The paths of the routes that are made after this call. */
function collectPaths(app: FastifyInstance): ReadonlySet<string> {
  const paths = new Set<string>();
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET') paths.add(route.url);
  });
  return paths;
}

const REFUSED_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Known paths answer 405 to other methods, so that a wrong method is not taken for a wrong path. */
function refuseOtherMethods(app: FastifyInstance, paths: ReadonlySet<string>): void {
  for (const url of paths) {
    if (url.endsWith('*')) continue;
    app.route({
      method: REFUSED_METHODS,
      url,
      schema: { hide: true },
      handler(request) {
        throw new HttpProblem(
          'method_not_allowed',
          `${request.method} is not taken here: use GET.`,
          {},
          { allow: 'GET, HEAD' },
        );
      },
    });
  }
}

async function closeWithin(app: FastifyInstance, limitMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), limitMs);
  await app.close().finally(() => clearTimeout(cut));
}

function explainListenError(error: unknown, { host, port }: { host: string; port: number }): RowtrailError {
  const where = `${urlHost(host)}:${port}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new RowtrailError('RT_LISTEN', `cannot listen on ${where}: port ${port} is in use`, {
        hint: 'Stop the other process, or set another port: http.port in the config, or ROWTRAIL_PORT. 0 takes a free one.',
        cause: error,
      });
    case 'EACCES':
      return new RowtrailError('RT_LISTEN', `cannot listen on ${where}: port ${port} takes more rights`, {
        hint: 'Set http.port (ROWTRAIL_PORT) to a port above 1023.',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new RowtrailError('RT_LISTEN', `cannot listen on ${where}: this machine does not have that address`, {
        hint: 'Set http.host to 127.0.0.1.',
        cause: error,
      });
    default:
      return new RowtrailError('RT_LISTEN', `cannot listen on ${where}: ${messageOf(error)}`, { cause: error });
  }
}
