import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { isWithin } from '../access/grant.ts';
import type { Principal, PrincipalDirectory } from '../access/principal.ts';
import type { TokenStore } from '../access/store-access.ts';
import { createToken, findToken, listTokens, revokeToken, type Token, type TokenRequest } from '../access/token.ts';
import { sendJson } from './answer.ts';
import { principalOf } from './authorization.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';
import { newTokenAnswer, newTokenBody, tokenAnswer, tokenParameters, tokensAnswer } from './token-schemas.ts';

export interface TokenRoutesOptions {
  readonly store: TokenStore;
  readonly directory: PrincipalDirectory;
  readonly contact: string | null;
}

/** `GET` and `POST /tokens`, `DELETE /tokens/{id}`: an admin's, and of one limited to tables, those within its own. */
export function registerTokenRoutes(server: FastifyInstance, options: TokenRoutesOptions): void {
  const { store, directory, contact } = options;
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/tokens',
    {
      config: { role: 'admin', isNoRead: true },
      schema: {
        operationId: 'listTokens',
        summary: 'Every token, the newest first',
        tags: ['access'],
        querystring: noParameters,
        response: { 200: jsonAnswer('Without their secrets.', tokensAnswer) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const tokens = (await listTokens(store)).filter((token) => isWithin(token.tables, principal.tables));
      return sendJson(reply, 200, JSON.stringify({ data: tokens }));
    },
  );
  app.post(
    '/api/v1/tokens',
    {
      config: { role: 'admin' },
      schema: {
        operationId: 'createToken',
        summary: 'A new token',
        description: 'Its secret is in this answer and nowhere else. It can do no more, and for no longer, than yours.',
        tags: ['access'],
        querystring: noParameters,
        body: newTokenBody,
        response: {
          201: jsonAnswer('The token, with its secret.', newTokenAnswer),
          400: problemAnswer('The body is not as described.'),
        },
      },
    },
    async (request, reply) => {
      const { token, secret } = await createToken(store, grantOf(request.body, principalOf(request), contact));
      return sendJson(reply, 201, JSON.stringify({ data: { ...token, secret } }));
    },
  );
  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { role: 'admin' },
      schema: {
        operationId: 'revokeToken',
        summary: 'End a token for good',
        description: 'It, and what was signed in with it, stops working at once here, and within 5 seconds everywhere.',
        tags: ['access'],
        params: tokenParameters,
        querystring: noParameters,
        response: {
          200: jsonAnswer('The token, revoked.', tokenAnswer),
          400: problemAnswer('The id is not one.'),
          404: problemAnswer('There is no such token.'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const found = await findToken(store, id);
      const mine = found !== undefined && isWithin(found.tables, principalOf(request).tables);
      const revoked: Token | undefined = mine ? await revokeToken(store, id) : undefined;
      if (revoked === undefined) throw new HttpProblem('token_not_found', `There is no token ${id}.`);
      directory.forget(id);
      return sendJson(reply, 200, JSON.stringify({ data: revoked }));
    },
  );
}

/** Throws a problem for a token that would be worth more than the one it is made with. */
function grantOf(body: z.output<typeof newTokenBody>, own: Principal, contact: string | null): TokenRequest {
  const ask = contact === null ? {} : { contact };
  if (!isWithin(body.tables, own.tables)) {
    throw new HttpProblem('grant_too_wide', `A token made with this one may see ${own.tables?.join(', ')} at most.`, {
      hint: 'Give `tables` that are all among these.',
      ...ask,
    });
  }
  const end = own.expiresAt === null ? null : new Date(own.expiresAt);
  const wanted = body.expires_at === null ? null : new Date(body.expires_at);
  if (end !== null && wanted !== null && wanted > end) {
    throw new HttpProblem('grant_too_wide', `A token made with this one ends at ${own.expiresAt} at the latest.`, ask);
  }
  return { name: body.name, role: body.role, tables: body.tables, expiresAt: wanted ?? end, createdBy: own.name };
}
