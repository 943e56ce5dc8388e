import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { getTransaction, type TransactionPage } from '../query/transaction.ts';
import { sendJsonOf, separated } from './answer.ts';
import { transactionParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { pageParameters } from './record-schemas.ts';
import { transactionAnswer } from './transaction-schemas.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

/** `GET /transactions/{id}`. */
export function registerTransactionRoutes(server: FastifyInstance): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/v1/transactions/:id',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'getTransaction',
        summary: 'A transaction, who did it, and its entries page by page, oldest first',
        tags: ['activity'],
        params: transactionParameters,
        querystring: z.strictObject(pageParameters),
        response: {
          200: jsonAnswer('The transaction with a page of its entries.', transactionAnswer),
          400: problemAnswer('A parameter is wrong, unknown, or a cursor of another transaction.'),
          404: problemAnswer('There is no such transaction, or nothing of it may be seen.'),
          503: problemAnswer('The store cannot be reached, or the query took too long.'),
        },
      },
    },
    async (request, reply) => {
      const { limit, after = null, before = null } = request.query;
      const page = await getTransaction(readerOf(request), BigInt(request.params.id), { limit, after, before });
      if (page === undefined) {
        throw new HttpProblem(
          'transaction_not_found',
          `There is no transaction ${request.params.id}: it never was, or retention has removed it.`,
          { hint: "An entry's `transaction.id` is one." },
        );
      }
      return sendJsonOf(reply, 200, pageTexts(page));
    },
  );
}

function pageTexts({ transaction, contexts, entries, meta }: TransactionPage): string[] {
  const facts = JSON.stringify(transaction).slice(0, -1);
  const list = (texts: readonly { readonly json: string }[]): string[] => separated(texts.map(({ json }) => json));
  return [
    `{"data":${facts},"contexts":[`,
    ...list(contexts),
    '],"entries":{"data":[',
    ...list(entries),
    `],"meta":${JSON.stringify(meta)}}}}`,
  ];
}
