import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { withFields } from '../query/entry-fields.ts';
import { compareRecord, getRecordAt, type RecordComparison } from '../query/record-compare.ts';
import { listRecordHistory } from '../query/record-history.ts';
import type { RecordScope } from '../query/record-scope.ts';
import type { RecordState } from '../query/record-state.ts';
import { getRecord, type RecordDetail } from '../query/record.ts';
import { formatTime } from '../query/time.ts';
import { sendJson, sendPage } from './answer.ts';
import { noParameters } from './parameters.ts';
import { HttpProblem } from './problem.ts';
import { recordLink, type RecordLinks } from './record-link.ts';
import { readerOf } from './reader.ts';
import {
  atAnswer,
  atParameters,
  compareAnswer,
  compareParameters,
  historyAnswer,
  historyParameters,
  recordAnswer,
  recordParameters,
} from './record-schemas.ts';
import { jsonAnswer, problemAnswer } from './schemas.ts';

const PATH = '/api/v1/resources/:source/:table/:key';

/** One record: its state, its history, its state at a time, and what differs between two states. */
export function registerRecordRoutes(server: FastifyInstance, links: RecordLinks): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const common = { tags: ['resources'], params: recordParameters };
  app.get(
    PATH,
    {
      config: { role: 'viewer' },
      schema: {
        ...common,
        operationId: 'getRecord',
        summary: 'A record: its state now, when it was created and last changed, and who touched it',
        querystring: noParameters,
        response: answers('The record.', recordAnswer),
      },
    },
    async (request, reply) =>
      sendJson(reply, 200, recordText(known(await getRecord(readerOf(request), request.params)), links)),
  );
  app.get(
    `${PATH}/history`,
    {
      config: { role: 'viewer' },
      schema: {
        ...common,
        operationId: 'listRecordHistory',
        summary: 'The entries of a record, under all keys that it has had',
        querystring: historyParameters,
        response: answers('A page of entries.', historyAnswer),
      },
    },
    async (request, reply) => {
      const { sort, limit, fields, after = null, before = null } = request.query;
      const shown = fields === undefined ? null : new Set<string>(fields);
      const query = { sort, limit, after, before };
      const page = known(await listRecordHistory(readerOf(request), request.params, query));
      const entries = page.items.map(({ json }) => (shown === null ? json : withFields(json, shown)));
      return sendPage(reply, entries, page.meta);
    },
  );
  app.get(
    `${PATH}/at`,
    {
      config: { role: 'viewer' },
      schema: {
        ...common,
        operationId: 'getRecordAt',
        summary: 'What a record was at a time',
        description:
          'As the last transaction that had committed by then left it. A moment within a transaction is named by an entry: see compare.',
        querystring: atParameters,
        response: answers('The state.', atAnswer),
      },
    },
    async (request, reply) => {
      const { scope, state, time } = known(await getRecordAt(readerOf(request), request.params, request.query.time));
      const at = formatTime(time);
      const inGap = state.gaps.some(({ from, to }) => (from === null || from <= at) && (to === null || at < to));
      const head = `{"data":{${placeText(scope)},"time":${JSON.stringify(at)},"in_gap":${inGap},`;
      return sendJson(reply, 200, `${head}${stateText(state)}}}`);
    },
  );
  app.get(
    `${PATH}/compare`,
    {
      config: { role: 'viewer' },
      schema: {
        ...common,
        operationId: 'compareRecord',
        summary: 'What differs between two states of a record',
        querystring: compareParameters,
        response: answers('The differences, column by column.', compareAnswer),
      },
    },
    async (request, reply) =>
      sendJson(
        reply,
        200,
        comparisonText(known(await compareRecord(readerOf(request), request.params, request.query))),
      ),
  );
}

function answers(description: string, schema: Parameters<typeof jsonAnswer>[1]) {
  return {
    200: jsonAnswer(description, schema),
    400: problemAnswer('A parameter is wrong, unknown, or a cursor of another list.'),
    404: problemAnswer('There is no such record, or it may not be seen.'),
    503: problemAnswer('The store cannot be reached, or the query took too long.'),
  };
}

/** A table that is not known, one that may not be seen, and a record that never was are answered alike. */
function known<Found>(found: Found | undefined): Found {
  if (found === undefined) {
    throw new HttpProblem('record_not_found', 'The history has no such record.', {
      hint: 'The path is /resources/{source}/{schema}.{table}/{key}, each part percent-encoded; the key is what entries give as `record`.',
    });
  }
  return found;
}

function recordText(detail: RecordDetail, links: RecordLinks): string {
  const { scope, state, created, first, last, revisions, actors } = detail;
  const rest = {
    deleted: state.exists === null ? null : !state.exists,
    created,
    first_change: first,
    last_change: last,
    revisions,
    actors,
    keys: scope.keys,
    link: recordLink(links, scope.source, `${scope.schema}.${scope.table}`, state.image),
  };
  return `{"data":{${placeText(scope)},${stateText(state)},${JSON.stringify(rest).slice(1)}}`;
}

function comparisonText({ scope, from, to, differences }: RecordComparison): string {
  const columns = differences.map((difference) => {
    const { column, status } = difference;
    const value = (name: 'from' | 'to'): string => (difference[name] === null ? '' : `,"${name}":${difference[name]}`);
    return `{"column":${JSON.stringify(column)},"status":"${status}"${value('from')}${value('to')}}`;
  });
  return `{"data":{${placeText(scope)},"from":{${stateText(from)}},"to":{${stateText(to)}},"differences":[${columns.join(',')}]}}`;
}

function placeText({ source, schema, table }: RecordScope): string {
  return JSON.stringify({ source, schema, table }).slice(1, -1);
}

/** Images are spliced in as they are stored. */
function stateText(state: RecordState): string {
  const { exists, record, reason, incomplete, entryId, since, gaps } = state;
  const image = `"state":${state.image ?? 'null'},"last_state":${state.lastImage ?? 'null'}`;
  const entry = entryId === null ? null : entryId.toString();
  return `${image},${JSON.stringify({ exists, record, reason, incomplete, entry, since, gaps }).slice(1, -1)}`;
}
