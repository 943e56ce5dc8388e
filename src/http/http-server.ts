import type { KeyObject } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import helmet from 'helmet';
import type { HttpConfig } from '../config/config.ts';
import { codeOf, messageOf, RowtrailError, tellable } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { LiveSource } from '../query/status.ts';
import type { StoreConnection } from '../query/store-reader.ts';
import type { RevertSource } from '../revert/plan.ts';
import { Journal } from '../store/journal.ts';
import { PrincipalDirectory } from '../access/principal.ts';
import { assertAddressed, assertLoopback, assertReadable, urlHost } from './access.ts';
import { asIs } from './answer.ts';
import { registerActivityRoutes } from './activity-routes.ts';
import { AccessJournal } from './access-journal.ts';
import { registerApiDocument } from './api-document.ts';
import { registerCommentRoutes } from './comment-routes.ts';
import { registerConsoleRoutes } from './console-routes.ts';
import { createAuthenticator } from './authentication.ts';
import { registerAuthorization } from './authorization.ts';
import { connectionProblem, problemOf } from './error-mapping.ts';
import { registerEventRoutes } from './event-routes.ts';
import { registerExportRoutes } from './export-routes.ts';
import { registerIntegrityRoutes } from './integrity-routes.ts';
import { registerInsightRoutes } from './insight-routes.ts';
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
import { registerHistory } from './reader.ts';
import type { RecordLinks } from './record-link.ts';
import { registerRecordRoutes } from './record-routes.ts';
import { registerReportRoutes } from './report-routes.ts';
import { measureRequests } from './request-times.ts';
import { registerResourceRoutes } from './resource-routes.ts';
import { registerRevertRoutes } from './revert-routes.ts';
import { registerSessionRoutes } from './session-routes.ts';
import { registerStatusRoutes } from './status-routes.ts';
import { registerStreamRoutes } from './stream-routes.ts';
import { registerSuggestRoutes } from './suggest-routes.ts';
import { registerTableRoutes } from './table-routes.ts';
import { registerTokenRoutes } from './token-routes.ts';
import { registerTransactionRoutes } from './transaction-routes.ts';
import { registerUserRoutes } from './user-routes.ts';

export interface HttpServerOptions {
  readonly store: StoreConnection;
  readonly http: HttpConfig;
  readonly live: () => readonly LiveSource[];
  /** Every configured source, and where its reverts go. Without it, there is nothing to revert. */
  readonly reverts?: readonly RevertSource[];
  /** Whose signatures of seals are trusted. */
  readonly sealKeys?: readonly KeyObject[];
  /** Where applications show records. */
  readonly links?: RecordLinks;
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

/** The HTTP interface of DESIGN §6 over a store; only `live` connects it to a running capture. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { http, log, store } = options;
  const secure = http.publicUrl?.startsWith('https:') === true;
  const app = createApp(log);
  let port = http.port;
  app.addHook('onRequest', async (request) => {
    if ((request.raw.url?.length ?? 0) > MAX_URL_LENGTH) {
      throw new HttpProblem('url_too_long', `A URL may have ${MAX_URL_LENGTH} characters.`);
    }
    assertReadable(request.raw.url ?? '');
    assertAddressed({ host: request.headers.host, origin: request.headers.origin }, { ...http, port });
  });
  const directory = new PrincipalDirectory(store, (error) =>
    log.warn({ code: codeOf(error) }, `cannot note when a token was used: ${messageOf(error)}`),
  );
  app.addHook('onClose', () => directory.close());
  const journal = new Journal({ ...store, log });
  const accessJournal = new AccessJournal(journal, http.journal);
  const authenticator = createAuthenticator({ mode: http.auth.mode, secure, directory });
  registerAuthorization(app, {
    authenticator,
    ...http,
    onAccess(event) {
      accessJournal.noteAnswer({
        caller: event.principal === null || event.principal.tokenId === null ? null : event.principal.name,
        ...event,
      });
    },
  });
  registerHistory(app, store);
  endConnectionsWhenClosing(app);
  const requests = measureRequests(app);
  addSecurityHeaders(app);
  answerErrors(app, log);
  const paths = collectPaths(app);
  await registerApiDocument(app, { version: options.version, secure });
  if (!registerConsoleRoutes(app)) log.warn('the console is not there: `npm run build` makes it');
  registerActivityRoutes(app);
  registerSuggestRoutes(app);
  await registerEventRoutes(app, journal);
  registerCommentRoutes(app, journal);
  registerStreamRoutes(app, { store, log });
  registerExportRoutes(app, { journal: accessJournal, log });
  registerRecordRoutes(app, options.links ?? new Map());
  registerReportRoutes(app, { journal: accessJournal, log, version: options.version });
  registerResourceRoutes(app);
  registerTransactionRoutes(app);
  registerTableRoutes(app);
  registerUserRoutes(app);
  registerInsightRoutes(app);
  await registerRevertRoutes(app, { sources: options.reverts ?? [], journal: accessJournal, log });
  registerStatusRoutes(app, options, authenticator);
  registerIntegrityRoutes(app, { store, sealKeys: options.sealKeys ?? [], log });
  registerMetricsRoute(app, { ...options, journal, requests }, http.auth.publicMetrics);
  registerSessionRoutes(app, { store, directory, authenticator, secure });
  registerTokenRoutes(app, { store, directory, contact: http.contact });
  refuseOtherMethods(app, paths);
  await app.ready();

  let closing: Promise<void> | undefined;
  return {
    app,
    async listen() {
      if (http.auth.mode === 'none') assertLoopback(http.host);
      await app.listen({ host: http.host.replace(/^\[|\]$/g, ''), port: http.port }).catch((error: unknown) => {
        throw explainListenError(error, http);
      });
      const address = app.server.address();
      if (typeof address === 'object' && address !== null) port = address.port;
      return `http://${urlHost(http.host)}:${port}`;
    },
    close: () => (closing ??= closeAll(app, journal)),
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
  // A form or a plain text needs no leave to be sent from another site's page: bodies are JSON.
  app.removeContentTypeParser('text/plain');
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

/** Helmet itself, made ready once: Fastify's plugin for it works the headers out anew for each request. */
function addSecurityHeaders(app: FastifyInstance): void {
  const protect = helmet({
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
  app.addHook('onRequest', (request, reply, done) => {
    protect(request.raw, reply.raw, (error) => done(error instanceof Error ? error : undefined));
  });
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request);
    const route = `${request.method} ${request.routeOptions.url ?? ''}`;
    if (problem.code === 'internal') {
      // What a database says may quote values, and so may a stack's first line.
      log.error({ code: codeOf(error), route, frames: framesOf(error) }, `a request failed: ${tellable(error)}`);
    } else if (!(error instanceof HttpProblem) && PROBLEMS[problem.code].status >= 500) {
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

function framesOf(error: unknown): string[] {
  return (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter((line) => /^\s+at /.test(line));
}

function sendProblem(reply: FastifyReply, problem: HttpProblem, request: FastifyRequest): FastifyReply {
  const [instance = ''] = request.url.split('?', 1);
  return reply
    .code(PROBLEMS[problem.code].status)
    .headers({ ...problem.headers, 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' })
    .serializer(asIs)
    .send(problemText(problem, instance));
}

/** The paths of the routes that are made after this call, with the methods that they take. */
function collectPaths(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const paths = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // A GET brings it along, under a second name with a slash as well.
    if (method === 'HEAD' && !paths.has(url)) return;
    const methods = paths.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    paths.set(url, methods);
  });
  return paths;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Known paths answer 405 to other methods, so that a wrong method is not taken for a wrong path. */
function refuseOtherMethods(app: FastifyInstance, paths: ReadonlyMap<string, ReadonlySet<string>>): void {
  // Making a route adds to the paths.
  for (const [url, methods] of Array.from(paths)) {
    if (url.endsWith('*')) continue;
    const allowed = METHODS.filter((method) => methods.has(method));
    const use = allowed.filter((method) => method !== 'HEAD').join(' or ');
    app.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url,
      config: { role: 'anyone' },
      schema: { hide: true },
      handler(request) {
        throw new HttpProblem(
          'method_not_allowed',
          `${request.method} is not taken here: use ${use}.`,
          {},
          { allow: allowed.join(', ') },
        );
      },
    });
  }
}

async function closeAll(app: FastifyInstance, journal: Journal): Promise<void> {
  try {
    await closeWithin(app, DRAIN_TIMEOUT_MS);
  } finally {
    await journal.stop();
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
