import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Log } from '../lib/log.ts';
import { beginExport } from '../query/export.ts';
import { filterOf } from '../query/filter-input.ts';
import { CSV_COLUMNS, EXPORT_FORMATS, EXPORT_WRITERS } from '../query/export-format.ts';
import type { AccessJournal } from './access-journal.ts';
import { fileTime, LongAnswers, sendFile } from './long-answer.ts';
import { MAX_EXPORTS, STREAM_TIMEOUT_MS } from './limits.ts';
import { activityParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { problemAnswer, textAnswer } from './schemas.ts';

const exportParameters = activityParameters
  .omit({ sort: true, limit: true, after: true, before: true, count: true, fields: true })
  .extend({
    format: z
      .enum(EXPORT_FORMATS, { error: `is ${EXPORT_FORMATS.join(', ')}` })
      .default('ndjson')
      .describe(
        `\`ndjson\`: an entry a line. \`json\`: an object whose \`data\` is a list of them. \`csv\`: the columns ${CSV_COLUMNS.join(', ')}; images and lists as JSON; a cell that a spreadsheet would run has a ' before it.`,
      ),
  });

export interface ExportSubject {
  readonly journal: AccessJournal;
  readonly log: Log;
}

/** `GET /export`. */
export function registerExportRoutes(server: FastifyInstance, { journal, log }: ExportSubject): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const exports = new LongAnswers(server, { max: MAX_EXPORTS, refusal: tooMany, what: 'an export', log });
  app.get(
    '/api/v1/export',
    {
      config: { role: 'viewer', isNoRead: true },
      handlerTimeout: STREAM_TIMEOUT_MS,
      // It would run to its end for nobody.
      exposeHeadRoute: false,
      schema: {
        operationId: 'exportActivity',
        summary: 'Every entry that matches, as a file',
        description:
          'Streams all that is committed when it begins, oldest first. A transfer that ends early is cut off, so that it cannot be taken for a whole one. It is an entry of its own before its first byte.',
        tags: ['activity'],
        querystring: exportParameters,
        response: {
          200: textAnswer('The file.'),
          400: problemAnswer('A parameter is wrong or unknown.'),
          503: problemAnswer('The store cannot be reached, or too many exports are running.'),
        },
      },
    },
    async (request, reply) => {
      const { format, ...input } = request.query;
      const filter = filterOf(input);
      const writer = EXPORT_WRITERS[format];
      const body = await exports.open(request, reply, async () => {
        const each = await beginExport(readerOf(request), filter, writer);
        try {
          await journal.record('export', request, { format });
          return each;
        } catch (error) {
          await each.close();
          throw error;
        }
      });
      return sendFile(reply, body, {
        contentType: writer.contentType,
        name: `rowtrail-${fileTime()}.${format}`,
      });
    },
  );
}

function tooMany(): HttpProblem {
  return new HttpProblem(
    'too_many_exports',
    `${MAX_EXPORTS} exports are running, which is as many as there may be.`,
    { hint: 'Try again when one has ended.' },
    { 'retry-after': '30' },
  );
}
