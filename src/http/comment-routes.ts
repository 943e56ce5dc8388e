import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { findCommentTarget, listComments } from '../query/comment.ts';
import { getEntry } from '../query/entry.ts';
import type { AppendedEntry, Journal } from '../store/journal.ts';
import { sendJson, sendPage } from './answer.ts';
import { principalOf } from './authorization.ts';
import { answerOf, claimsOf } from './event-routes.ts';
import {
  commentAfter,
  commentAnswer,
  commentBody,
  commentCursor,
  commentsAnswer,
  commentsParameters,
} from './event-schemas.ts';
import { entryParameters, noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

const PATH = '/api/v1/activity/:id/comments';

/** `GET` and `POST /activity/{id}/comments`: a comment is an entry of its own, seen by whoever sees the other. */
export function registerCommentRoutes(server: FastifyInstance, journal: Pick<Journal, 'append'>): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    PATH,
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listComments',
        summary: 'Comments on an entry, oldest first',
        tags: ['activity'],
        params: entryParameters,
        querystring: commentsParameters,
        response: {
          200: jsonAnswer('A page of entries of action `comment`.', commentsAnswer),
          400: problemAnswer('A parameter is wrong.'),
          404: problemAnswer('There is no such entry.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const { limit, after } = request.query;
      const from = after === undefined ? 0n : (commentAfter(after) as bigint);
      const page = await listComments(readerOf(request), BigInt(request.params.id), { after: from, limit });
      if (page === undefined) throw notFound(request.params.id);
      const last = page.entries.at(-1);
      const meta = { next: page.more && last !== undefined ? commentCursor(last.id) : null, prev: null };
      const data = page.entries.map(({ json }) => json);
      return sendPage(reply, data, meta);
    },
  );
  app.post(
    PATH,
    {
      // Who comments sees the entry, and may say for whom.
      config: { role: 'operator' },
      schema: {
        operationId: 'postComment',
        summary: 'Comment on an entry',
        tags: ['activity'],
        params: entryParameters,
        querystring: noParameters,
        body: commentBody,
        response: {
          200: jsonAnswer('It had been written before.', commentAnswer),
          201: jsonAnswer('The entry of the comment.', commentAnswer),
          400: problemAnswer('The comment is wrong.'),
          404: problemAnswer('There is no such entry.'),
          409: problemAnswer('The id is that of another event.'),
          503: problemAnswer('The store cannot be reached, or takes no more for the moment.'),
        },
      },
    },
    async (request, reply) => {
      const reader = readerOf(request);
      const commented = BigInt(request.params.id);
      const target = await findCommentTarget(reader, commented);
      if (target === undefined) throw notFound(request.params.id);
      const { comment, id } = request.body;
      const eventId = id ?? randomUUID();
      const [appended] = await journal.append([
        {
          eventId,
          action: 'comment',
          at: new Date(),
          ...target,
          ...claimsOf(request.body),
          token: principalOf(request).name,
          comment,
          context: null,
          data: null,
          commented,
        },
      ]);
      const posted = answerOf(eventId, appended as AppendedEntry);
      const detail = await getEntry(reader, BigInt(posted.id));
      if (detail === undefined) throw new Error('a comment that was written is not there');
      return sendJson(reply, posted.created ? 201 : 200, `{"data":${detail.entry.json}}`);
    },
  );
}

function notFound(id: string): HttpProblem {
  return new HttpProblem('entry_not_found', `There is no entry ${id}: it never was, or retention has removed it.`);
}
