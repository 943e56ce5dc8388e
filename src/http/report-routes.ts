import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Log } from '../lib/log.ts';
import { MAX_TRAIL_ENTRIES } from '../query/record-trail.ts';
import { TIME_FORMS } from '../query/time.ts';
import { HTML_REPORT_CSP } from '../report/html-report.ts';
import { beginReport, REPORT_FORMATS, REPORT_TYPES } from '../report/report.ts';
import type { AccessJournal } from './access-journal.ts';
import { principalOf } from './authorization.ts';
import { fileTime, LongAnswers, sendFile } from './long-answer.ts';
import { MAX_REPORTS, STREAM_TIMEOUT_MS } from './limits.ts';
import { oneText } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { readerOf } from './reader.ts';
import { recordParameters } from './record-schemas.ts';
import { problemAnswer, textAnswer } from './schemas.ts';

const reportParameters = z.strictObject({
  format: z
    .enum(REPORT_FORMATS, { error: `is ${REPORT_FORMATS.join(', ')}` })
    .default('pdf')
    .describe(
      '`pdf` and `html` are to be read and printed, and shorten long values, with their length and digest. `csv` and `json` have every value whole.',
    ),
  from: oneText.optional().describe(`Not before this time: ${TIME_FORMS}.`),
  to: oneText.optional().describe('Before this time, exclusive; the same forms.'),
  tz: oneText.default('UTC').describe('The time zone that times are written in, by its IANA name: `Europe/Berlin`.'),
});

export interface ReportRouteOptions {
  readonly journal: AccessJournal;
  readonly log: Log;
  /** Rowtrail's own. */
  readonly version: string;
}

/** `GET /resources/{source}/{schema}.{table}/{key}/report`. */
export function registerReportRoutes(server: FastifyInstance, { journal, log, version }: ReportRouteOptions): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const reports = new LongAnswers(server, { max: MAX_REPORTS, refusal: tooMany, what: 'a report', log });
  app.get(
    '/api/v1/resources/:source/:table/:key/report',
    {
      config: { role: 'viewer', isNoRead: true },
      handlerTimeout: STREAM_TIMEOUT_MS,
      // It would run to its end for nobody.
      exposeHeadRoute: false,
      schema: {
        operationId: 'reportRecord',
        summary: 'The audit-trail report of a record',
        description: `Scope, criteria, who made it, actors, gaps in the coverage, every entry of the record under all its keys, oldest first, and a digest of them. At most ${MAX_TRAIL_ENTRIES} entries. A transfer that ends early is cut off. It is an entry of its own before its first byte.`,
        tags: ['resources'],
        params: recordParameters,
        querystring: reportParameters,
        response: {
          200: textAnswer('The report.'),
          400: problemAnswer('A parameter is wrong or unknown, or the period has more entries than a report may have.'),
          404: problemAnswer('There is no such record, or it may not be seen.'),
          503: problemAnswer(
            'The store cannot be reached, the query took too long, or too many reports are being made.',
          ),
        },
      },
    },
    async (request, reply) => {
      const { format, from = null, to = null, tz } = request.query;
      const body = await reports.open(request, reply, async () => {
        const madeBy = makerOf(request);
        const asked = { address: request.params, from, to, tz, format, madeBy, version };
        const report = await beginReport(readerOf(request), asked);
        if (report === undefined) throw notFound();
        const { source, schema, table, key: record } = report.trail.scope;
        const entries = report.trail.ids.length;
        await journal.record('report', request, { format, source, schema, table, record, entries });
        return report;
      });
      if (format === 'html') reply.header('content-security-policy', HTML_REPORT_CSP);
      return sendFile(reply, body, {
        contentType: REPORT_TYPES[format],
        name: `rowtrail-report-${fileTime()}.${format}`,
        inline: format === 'html' || format === 'pdf',
      });
    },
  );
}

function makerOf(request: FastifyRequest): string {
  return `${principalOf(request).name}, over HTTP from ${request.ip}`;
}

function notFound(): HttpProblem {
  return new HttpProblem('record_not_found', 'The history has no such record.', {
    hint: 'The path is /resources/{source}/{schema}.{table}/{key}/report, each part percent-encoded; the key is what entries give as `record`.',
  });
}

function tooMany(): HttpProblem {
  return new HttpProblem(
    'too_many_reports',
    `${MAX_REPORTS} reports are being made, which is as many as there may be.`,
    { hint: 'Try again when one is finished.' },
    { 'retry-after': '10' },
  );
}
