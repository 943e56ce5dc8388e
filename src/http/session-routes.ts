import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Principal, PrincipalDirectory } from '../access/principal.ts';
import { signIn, signOut } from '../access/sign-in.ts';
import type { TokenStore } from '../access/store-access.ts';
import { sendJson } from './answer.ts';
import type { Authenticator } from './authentication.ts';
import { principalOf } from './authorization.ts';
import { noParameters } from './parameters.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';
import { endedCookie, sessionCookie, sessionOf } from './session-cookie.ts';
import { emptyAnswer, meAnswer, signInBody } from './token-schemas.ts';

export interface SessionRoutesOptions {
  readonly store: TokenStore;
  readonly directory: PrincipalDirectory;
  readonly authenticator: Authenticator;
  /** The cookie goes over https only. */
  readonly secure: boolean;
}

/** `GET /me`, and the console's sign-in: `POST /session` and `DELETE /session`. */
export function registerSessionRoutes(server: FastifyInstance, options: SessionRoutesOptions): void {
  const { store, directory, authenticator, secure } = options;
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/me',
    {
      config: { role: 'member', isNoRead: true },
      schema: {
        operationId: 'getMe',
        summary: 'Who you are, and what you may do',
        tags: ['access'],
        querystring: noParameters,
        response: { 200: jsonAnswer('You.', meAnswer) },
      },
    },
    async (request, reply) => sendJson(reply, 200, meText(principalOf(request))),
  );
  app.post(
    '/api/v1/session',
    {
      config: { role: 'anyone' },
      schema: {
        operationId: 'signIn',
        summary: 'Exchange a token for a cookie, as the console does',
        description: 'The cookie can be read by no script, ends with the token, and after 12 hours at most.',
        tags: ['access'],
        querystring: noParameters,
        body: signInBody,
        response: {
          200: jsonAnswer('You; the cookie is set.', meAnswer),
          400: problemAnswer('The body is not as described.'),
          401: problemAnswer('The token is wrong, expired or revoked.'),
          429: problemAnswer('Too many wrong tokens came from this address.'),
          503: problemAnswer('The store cannot be reached.'),
        },
      },
    },
    async (request, reply) => {
      // Where nobody is asked, there is nothing to sign in to.
      if (authenticator.mode === 'none') {
        return sendJson(reply, 200, meText((await authenticator.authenticate(request)).principal));
      }
      const principal = await authenticator.identify(request.body.token, request.ip);
      const secret = await signIn(store, principal.tokenId as string);
      reply.header('set-cookie', sessionCookie(secret, secure));
      return sendJson(reply, 200, meText(principal));
    },
  );
  app.delete(
    '/api/v1/session',
    {
      config: { role: 'anyone' },
      schema: {
        operationId: 'signOut',
        summary: 'End the sign-in of the cookie; nothing if there is none',
        tags: ['access'],
        querystring: noParameters,
        response: { 204: emptyAnswer('There is none any more.'), 503: problemAnswer('The store cannot be reached.') },
      },
    },
    async (request, reply) => {
      const secret = sessionOf(request.headers.cookie, secure);
      if (secret !== undefined && authenticator.mode === 'token') {
        await signOut(store, secret);
        directory.forgetSecret(secret);
      }
      return reply.code(204).header('set-cookie', endedCookie(secure)).header('cache-control', 'no-store').send(null);
    },
  );
}

function meText({ tokenId, name, role, tables, expiresAt }: Principal): string {
  return JSON.stringify({ data: { token_id: tokenId, name, role, tables, expires_at: expiresAt } });
}
