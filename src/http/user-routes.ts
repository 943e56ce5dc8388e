import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { listUsers } from '../query/user-list.ts';
import { getUser } from '../query/user.ts';
import { sendJson } from './answer.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';
import { userAnswer, userListParameters, userParameters, usersAnswer } from './user-schemas.ts';

/** `GET /users` and `GET /users/{id}`. */
export function registerUserRoutes(server: FastifyInstance): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/users',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listUsers',
        summary: 'Everybody who acted, and the people of the users tables who never did',
        description: 'Counts may be a second behind.',
        tags: ['users'],
        querystring: userListParameters,
        response: {
          200: jsonAnswer('A page of users.', usersAnswer),
          400: problemAnswer('A parameter is wrong, unknown, or a cursor of another list.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const { q = null, from = null, to = null, after = null, before = null, ...rest } = request.query;
      const { users, meta } = await listUsers(readerOf(request), { q, from, to, after, before, ...rest });
      return sendJson(reply, 200, JSON.stringify({ data: users, meta }));
    },
  );
  app.get(
    '/api/v1/users/:id',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'getUser',
        summary: 'A user: what they did, to what, when and from where',
        description: 'When in the week: /insights/heatmap with `user`.',
        tags: ['users'],
        params: userParameters,
        querystring: noParameters,
        response: {
          200: jsonAnswer('The user.', userAnswer),
          400: problemAnswer('A parameter is wrong or unknown.'),
          404: problemAnswer('There is no such user, or nothing of it may be seen.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const data = await getUser(readerOf(request), request.params.id);
      if (data === undefined) {
        throw new HttpProblem('user_not_found', 'The history has no such user.', {
          hint: 'An id is source:kind:claim, as /users gives it, percent-encoded.',
        });
      }
      return sendJson(reply, 200, JSON.stringify({ data }));
    },
  );
}
