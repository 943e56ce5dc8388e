import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CACHE_MS, type Principal } from '../access/principal.ts';
import { mayAct, type Role } from '../access/role.ts';
import type { Authentication, Authenticator } from './authentication.ts';
import { HttpProblem } from './problem.ts';
import { RequestLimit } from './request-limit.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly authenticator: Authenticator;
  }
  interface FastifyRequest {
    /** Null: the route is open to anyone, or it is not known yet who asks. */
    authentication: Authentication | null;
  }
  interface FastifyContextConfig {
    /** Who may use the route; a route without one is refused at start. `anyone`: also without a token; `member`: with any. */
    readonly role?: Role | 'member' | 'anyone';
    /** Not for tokens that are limited to tables: what it tells is not by table. */
    readonly unlimited?: boolean;
    /** It shows nothing of the history, or tells the journal itself: that it was answered is no read. */
    readonly isNoRead?: boolean;
    /** A question by POST: its body is a filter. */
    readonly isSearch?: boolean;
  }
}

/** A read of the history, a change or a refusal, once it has been answered. */
export interface AccessEvent {
  /** Null: nobody that is known. */
  readonly principal: Principal | null;
  /** The operation's id in the OpenAPI document. */
  readonly operation: string;
  readonly method: string;
  /** Path and query string, as they came. */
  readonly target: string;
  readonly status: number;
  readonly address: string;
  readonly userAgent: string | null;
  /** Of a search: the body, as JSON. */
  readonly filter: string | null;
}

export interface AuthorizationOptions {
  readonly authenticator: Authenticator;
  readonly requestsPerMinute: number;
  /** Whom to ask for access. */
  readonly contact: string | null;
  readonly onAccess: (event: AccessEvent) => void;
}

/** Who sent a request to a route that is not open to anyone. */
export function principalOf(request: FastifyRequest): Principal {
  const { authentication } = request;
  if (authentication === null) throw new Error(`${routeOf(request)} is open to anyone, and knows nobody`);
  return authentication.principal;
}

/**
 * The one place that decides who may do what, before a body is read: each route says in its config which role it
 * takes. To be called before the routes are made.
 */
export function registerAuthorization(app: FastifyInstance, options: AuthorizationOptions): void {
  const { authenticator, requestsPerMinute, contact, onAccess } = options;
  const requests = new RequestLimit(requestsPerMinute);
  app.decorateRequest('authentication', null);
  app.addHook('onRoute', (route) => {
    // The pages of the documentation come from a plugin.
    if (route.url === '/docs' || route.url.startsWith('/docs/')) route.config = { ...route.config, role: 'anyone' };
    if (route.config?.role === undefined) {
      throw new Error(`the route ${String(route.method)} ${route.url} does not say in its config which role it takes`);
    }
  });
  app.addHook('onRequest', async (request) => {
    const { role, unlimited } = request.routeOptions.config;
    if (request.is404 || role === undefined || role === 'anyone') return;
    const authentication = await authenticator.authenticate(request);
    const { principal, by } = authentication;
    request.authentication = authentication;
    if (principal.tokenId !== null) assertNotTooMany(requests.take(principal.tokenId));
    assertRole(principal, role, unlimited === true, contact);
    if (by === 'cookie') assertSentByOurPage(request);
  });
  app.decorate('authenticator', authenticator);
  app.addHook('onResponse', async (request, reply) => {
    const { role, isNoRead, isSearch } = request.routeOptions.config;
    // A wrong token at the sign-in is a denial, too.
    if (request.is404 || role === undefined || (role === 'anyone' && reply.statusCode !== 401)) return;
    if (isNoRead === true && reply.statusCode < 400) return;
    onAccess({
      principal: request.authentication?.principal ?? null,
      operation: operationOf(request),
      method: request.method,
      target: request.url,
      status: reply.statusCode,
      address: request.ip,
      userAgent: request.headers['user-agent'] ?? null,
      filter: request.method === 'POST' && isSearch === true ? (JSON.stringify(request.body) ?? null) : null,
    });
  });
}

/**
 * For an answer that goes on for long: calls `end` once its token is good no more, which is seen within twice
 * `CACHE_MS`. A store that can't be asked ends nothing.
 */
export function endWhenRefused(request: FastifyRequest, reply: FastifyReply, end: () => void): void {
  const { authenticator } = request.server;
  // Its client may have gone while the answer was begun: there is no other `close`.
  if (principalOf(request).tokenId === null || reply.raw.destroyed) return;
  const timer = setInterval(() => {
    authenticator.authenticate(request).catch((error: unknown) => {
      if (!(error instanceof HttpProblem)) return;
      clearInterval(timer);
      end();
    });
  }, CACHE_MS);
  timer.unref();
  reply.raw.once('close', () => clearInterval(timer));
}

function assertNotTooMany(seconds: number): void {
  if (seconds === 0) return;
  throw new HttpProblem(
    'too_many_requests',
    `This token has made too many requests; it may go on in ${seconds} s.`,
    { hint: 'http.requestsPerMinute says how many it may make.' },
    { 'retry-after': String(seconds) },
  );
}

function assertRole(principal: Principal, needed: Role | 'member', unlimited: boolean, contact: string | null): void {
  const ask = contact === null ? {} : { contact };
  if (needed !== 'member' && !mayAct(principal.role, needed)) {
    throw new HttpProblem('role_missing', `This takes the role ${needed}; this token's is ${principal.role}.`, {
      role: needed,
      ...ask,
    });
  }
  if (unlimited && principal.tables !== null) {
    throw new HttpProblem('role_missing', 'This takes a token that is not limited to tables.', {
      ...(needed === 'member' ? {} : { role: needed }),
      ...ask,
    });
  }
}

/** SameSite keeps the cookie from other sites, but not from other ports of this host: a browser names where a write comes from. */
function assertSentByOurPage(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.headers.origin !== undefined) return;
  throw new HttpProblem('origin_not_allowed', 'A change by a signed-in browser takes the Origin header.');
}

function operationOf(request: FastifyRequest): string {
  return request.routeOptions.schema?.operationId ?? routeOf(request);
}

function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? ''}`;
}
