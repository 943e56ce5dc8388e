import { STATUS_CODES } from 'node:http';

/**
 * Every problem the HTTP interface answers with (RFC 9457). Codes are stable: clients branch on them.
 */
export const PROBLEMS = {
  invalid_parameter: { status: 400, title: 'A parameter is wrong' },
  unknown_parameter: { status: 400, title: 'A parameter is not known' },
  invalid_cursor: { status: 400, title: 'The cursor cannot be used here' },
  invalid_url: { status: 400, title: 'The URL cannot be read' },
  invalid_request: { status: 400, title: 'The request cannot be read' },
  authentication_required: { status: 401, title: 'A token is needed' },
  invalid_token: { status: 401, title: 'The token is not valid' },
  role_missing: { status: 403, title: 'The token may not do this' },
  grant_too_wide: { status: 403, title: 'A token cannot give more than it has' },
  origin_not_allowed: { status: 403, title: 'Requests from another origin are refused' },
  record_not_found: { status: 404, title: 'There is no such record' },
  transaction_not_found: { status: 404, title: 'There is no such transaction' },
  user_not_found: { status: 404, title: 'There is no such user' },
  entry_not_found: { status: 404, title: 'There is no such entry' },
  revert_target_not_found: { status: 404, title: 'There is nothing that could be taken back' },
  token_not_found: { status: 404, title: 'There is no such token' },
  route_not_found: { status: 404, title: 'There is nothing at this path' },
  method_not_allowed: { status: 405, title: 'The path does not take this method' },
  event_conflict: { status: 409, title: 'Another event has that id' },
  revert_moved: { status: 409, title: 'The plan would not do now what its preview showed' },
  revert_conflict: { status: 409, title: 'The plan has steps that cannot be carried out' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  body_too_large: { status: 413, title: 'The body is too large' },
  url_too_long: { status: 414, title: 'The URL is too long' },
  unsupported_media_type: { status: 415, title: 'The body is of a type that is not taken' },
  host_not_allowed: { status: 421, title: 'The Host header does not name this server' },
  reverts_off: { status: 422, title: 'Reverts are off' },
  revert_too_large: { status: 422, title: 'More is to be taken back than one revert may' },
  revert_failed: { status: 422, title: 'The database refused the revert' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'A defect in Rowtrail' },
  store_unavailable: { status: 503, title: 'The store cannot be reached' },
  store_not_set_up: { status: 503, title: 'The store has not been set up' },
  too_many_streams: { status: 503, title: 'As many streams are open as there may be' },
  too_many_exports: { status: 503, title: 'As many exports are running as there may be' },
  too_many_reports: { status: 503, title: 'As many reports are being made as there may be' },
  revert_busy: { status: 503, title: 'Another revert or transaction is in the way' },
  revert_unavailable: { status: 503, title: 'The store or the source cannot be reached' },
  journal_full: { status: 503, title: 'More entries wait to be written than are taken' },
  verification_busy: { status: 503, title: 'Another verification is running' },
  query_timeout: { status: 503, title: 'The query took too long' },
  not_ready: { status: 503, title: 'Rowtrail is not capturing everything' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ParameterError {
  readonly parameter: string;
  readonly detail: string;
  /** The known name nearest to an unknown one. */
  readonly nearest?: string;
  /** Where in a search text it is, from 1, in characters. */
  readonly column?: number;
}

/** Further members of a problem's body. */
export interface ProblemExtra {
  readonly hint?: string;
  /** The one that is needed. */
  readonly role?: string;
  /** Whom to ask for it. */
  readonly contact?: string;
  readonly errors?: readonly ParameterError[];
  readonly reasons?: readonly Readonly<Record<string, unknown>>[];
  /** Of a revert, as it would be now: JSON text, because of the digits in it. */
  readonly preview?: string;
}

/** An answer that is not the one asked for. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly extra: ProblemExtra;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, extra: ProblemExtra = {}, headers: Record<string, string> = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.code = code;
    this.extra = extra;
    this.headers = headers;
  }
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The body of a problem; `instance` is the path that was asked for, without its query. */
export function problemText(problem: HttpProblem, instance: string): string {
  const { status, title } = PROBLEMS[problem.code];
  const { preview, ...extra } = problem.extra;
  const text = JSON.stringify({
    type: `urn:rowtrail:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.message,
    instance,
    ...extra,
  });
  return preview === undefined ? text : `${text.slice(0, -1)},"preview":${preview}}`;
}

/** A whole HTTP/1.1 response, for a socket whose request could not even be parsed. */
export function problemResponse(problem: HttpProblem): string {
  const { status } = PROBLEMS[problem.code];
  const body = problemText(problem, '');
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
