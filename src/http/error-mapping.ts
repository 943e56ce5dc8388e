import type { FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { FilterError } from '../query/filter-error.ts';
import { QueryError } from '../query/grammar/query-error.ts';
import { HANDLER_TIMEOUT_MS, MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_PATH_PARAMETER_LENGTH } from './limits.ts';
import { HttpProblem, type ParameterError, type ProblemCode } from './problem.ts';

const RETRY_LATER = { 'retry-after': '5' };

/** What anything thrown while answering becomes. Nothing of an unexpected error reaches the client. */
export function problemOf(error: unknown, request: FastifyRequest): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationProblem(error, request);
  if (error instanceof FilterError) return filterProblem(error);
  if (error instanceof RowtrailError) return storeProblem(error);
  return frameworkProblem(error) ?? new HttpProblem('internal', 'The request could not be answered; the log says why.');
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
  const errors = validation.map((issue): ParameterError => {
    const path = issue.instancePath.split('/').slice(1);
    const parameter = isBody ? path.join('.') : (path[0] ?? '');
    return { parameter, detail: `${parameter === '' ? 'The body' : parameter} ${issue.message ?? 'is wrong'}.` };
  });
  return new HttpProblem('invalid_parameter', errors.map((error) => error.detail).join(' '), { errors });
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

function filterProblem(error: FilterError): HttpProblem {
  const code: ProblemCode =
    error.parameter === 'after' || error.parameter === 'before' ? 'invalid_cursor' : 'invalid_parameter';
  const detail = `${error.message}.`;
  return new HttpProblem(code, detail, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    errors: [{ parameter: error.parameter, detail, ...placeOf(error) }],
  });
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
function frameworkProblem(error: unknown): HttpProblem | undefined {
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpProblem('body_too_large', `A body may have ${MAX_BODY_BYTES} bytes.`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpProblem('unsupported_media_type', 'A body must be application/json.');
    case 'FST_ERR_BAD_URL':
      return new HttpProblem('invalid_url', 'The path holds a % that does not begin an escape.');
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
