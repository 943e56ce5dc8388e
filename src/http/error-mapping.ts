import type { FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { FilterError } from '../query/filter-error.ts';
import { QueryError } from '../query/grammar/query-error.ts';
import { HANDLER_TIMEOUT_MS, MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_PATH_PARAMETER_LENGTH } from './limits.ts';
import { ONCE } from './parameters.ts';
import { HttpProblem, type ParameterError, type ProblemCode } from './problem.ts';

const RETRY_LATER = { 'retry-after': '5' };

/** What anything thrown while answering becomes. Nothing of an unexpected error reaches the client. */
export function problemOf(error: unknown, request: FastifyRequest): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationProblem(error, request);
  if (error instanceof FilterError) return filterProblem(error);
  if (error instanceof RowtrailError) return storeProblem(error);
  return (
    frameworkProblem(error, request) ??
    new HttpProblem('internal', 'The request could not be answered; the log says why.')
  );
}

/** A connection whose request could not be parsed. https://nodejs.org/api/http.html#event-clienterror */
export function connectionProblem(error: unknown): HttpProblem {
  switch (codeOf(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpProblem('headers_too_large', `Headers and URL may have ${MAX_HEADER_BYTES} bytes together.`);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpProblem('request_timeout', 'The request did not arrive in time.');
    default:
      return new HttpProblem('invalid_request', 'This is not a valid HTTP/1.1 request.');
  }
}

interface ValidationIssue {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params: Record<string, unknown>;
}

function validationProblem(
  {
    validation,
    validationContext,
  }: { readonly validation: readonly ValidationIssue[]; readonly validationContext?: string | undefined },
  request: FastifyRequest,
): HttpProblem {
  const isBody = validationContext === 'body';
  const known = shapeOf(isBody ? request.routeOptions.schema?.body : request.routeOptions.schema?.querystring);
  const unknown = validation.flatMap((issue) =>
    issue.keyword === 'unrecognized_keys' ? (issue.params['keys'] as string[]) : [],
  );
  if (unknown.length > 0) {
    const errors = unknown.map((parameter) => unknownParameter(parameter, known));
    return new HttpProblem('unknown_parameter', errors.map((error) => error.detail).join(' '), { errors });
  }
  const { body, query: querystring, params, headers } = request;
  const given = { body, querystring, params, headers }[validationContext as 'body'];
  const errors = validation.map((issue): ParameterError => {
    const path = issue.instancePath.split('/').filter((name) => name !== '');
    // One event by itself is read as a list of one: its sender wrote no list.
    if (isBody && path[0] === '0' && !Array.isArray(given)) path.shift();
    const parameter = isBody ? path.join('.') : (path[0] ?? '');
    const complaint = complaintOf(issue.message ?? 'is wrong', wasGiven(given, path));
    return { parameter, detail: `${parameter === '' ? 'The body' : parameter} ${complaint}.` };
  });
  return new HttpProblem('invalid_parameter', errors.map((error) => error.detail).join(' '), { errors });
}

function wasGiven(given: unknown, path: readonly string[]): boolean {
  let value = given;
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return value !== undefined && !(value === null && path.length === 0);
}

/** A schema's complaint, a predicate, as people read it: zod's own words are for programmers. */
function complaintOf(message: string, isThere: boolean): string {
  const type = /^Invalid input: expected (\w+), received (\w+)$/.exec(message);
  const option = /^Invalid option: expected one of (.+)$/.exec(message);
  const said =
    type !== null
      ? `must be ${nounOf(type[1])}${isThere ? `, not ${nounOf(type[2])}` : ''}`
      : option !== null
        ? `must be one of ${option[1]?.replaceAll('"', '').replaceAll('|', ', ')}`
        : message;
  if (isThere) return said;
  return said === ONCE ? 'is missing' : `is missing: it ${said}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

function nounOf(type: string | undefined): string {
  return NOUNS[type ?? ''] ?? String(type);
}

function unknownParameter(parameter: string, known: readonly string[]): ParameterError {
  const meant = nearest(parameter, known);
  const shown = parameter.slice(0, 64);
  if (meant !== undefined) {
    return { parameter: shown, detail: `${shown} is not a parameter here: did you mean ${meant}?`, nearest: meant };
  }
  const choice = known.length === 0 ? 'This path takes none.' : `Known: ${known.join(', ')}.`;
  return { parameter: shown, detail: `${shown} is not a parameter here. ${choice}` };
}

interface Shaped {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly out?: Shaped;
  readonly element?: Shaped;
}

/** The names that a route's schema takes; of a list, those of what is in it. */
function shapeOf(schema: unknown): string[] {
  const { shape, out, element } = (schema ?? {}) as Shaped;
  return shape === undefined && (out ?? element) !== undefined ? shapeOf(out ?? element) : Object.keys(shape ?? {});
}

/** `q`: how the request calls its search text. */
export function filterProblem(error: FilterError, q = 'q'): HttpProblem {
  const isQuery = error instanceof QueryError;
  const parameter = isQuery ? q : error.parameter;
  const code: ProblemCode = parameter === 'after' || parameter === 'before' ? 'invalid_cursor' : 'invalid_parameter';
  const detail = sentence(isQuery ? error.message.replace(/^q(?=,)/, q) : error.message);
  return new HttpProblem(code, detail, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    errors: [{ parameter, detail, ...placeOf(error) }],
  });
}

/** A message as an answer's `detail` has it: with a full stop, if it ends in nothing. */
export function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function placeOf(error: FilterError): Pick<ParameterError, 'column' | 'nearest'> {
  if (!(error instanceof QueryError)) return {};
  return { column: error.column, ...(error.nearest === undefined ? {} : { nearest: error.nearest }) };
}

/** The messages of these errors name hosts and roles: they go to the log, not to the client. */
function storeProblem(error: RowtrailError): HttpProblem {
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  switch (error.code) {
    case 'RT_QUERY_TIMEOUT':
      return new HttpProblem('query_timeout', `The ${error.message.replace(/^the /, '')}.`, hint);
    case 'RT_STORE_MISSING':
    case 'RT_STORE_VERSION':
      return new HttpProblem('store_not_set_up', 'The store has no schema that this version can read.', hint);
    case 'RT_JOURNAL_FULL':
      return new HttpProblem('journal_full', 'Too many entries wait to be written.', hint, RETRY_LATER);
    case 'RT_CONNECT':
    case 'RT_AUTH':
    case 'RT_DATABASE_MISSING':
    case 'RT_PRIVILEGE':
    case 'RT_READ_ONLY':
    case 'RT_RESOURCES':
    case 'RT_LOCK_TIMEOUT':
      return new HttpProblem('store_unavailable', 'The store cannot be reached; the log says why.', {}, RETRY_LATER);
    default:
      return new HttpProblem('internal', 'The request could not be answered; the log says why.');
  }
}

/** https://fastify.dev/docs/latest/Reference/Errors/ */
function frameworkProblem(error: unknown, request: FastifyRequest): HttpProblem | undefined {
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpProblem(
        'body_too_large',
        `A body may have ${request.routeOptions.bodyLimit ?? MAX_BODY_BYTES} bytes here.`,
      );
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new HttpProblem('invalid_request', 'The body is empty: it must be JSON.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HttpProblem('invalid_request', 'The body is not valid JSON.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpProblem('unsupported_media_type', 'A body must be application/json.');
    case 'FST_ERR_BAD_URL':
      return new HttpProblem('invalid_url', 'The path holds a % that does not begin an escape, or is not UTF-8.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HttpProblem('url_too_long', `A part of a path may have ${MAX_PATH_PARAMETER_LENGTH} characters.`);
    case 'FST_ERR_HANDLER_TIMEOUT':
      return new HttpProblem('query_timeout', `The answer took longer than ${HANDLER_TIMEOUT_MS / 1000} s.`, {
        hint: 'Narrow the query: name a table, a record or a user, or give `from` and `to`.',
      });
    default:
      return isClientError(error) ? new HttpProblem('invalid_request', 'The request cannot be read.') : undefined;
  }
}

function isClientError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}
