import { ApiError } from './api-error.ts';
import { parseExactJson } from './exact-json.ts';
import type { Operations, Problem, RevertPreview } from './schema.ts';

export const API_BASE = '/api/v1';

type Operation = keyof Operations;

/** What a parameter may be; undefined leaves it out. */
type Given = string | number | readonly string[] | undefined;

export interface CallOptions<Name extends Operation> {
  readonly path?: { readonly [Key in keyof Operations[Name]['path']]: string };
  readonly query?: { readonly [Key in keyof Operations[Name]['query']]?: Given };
  readonly body?: Operations[Name]['body'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Called when the server says that nobody is signed in. */
let onUnauthenticated: () => void = () => {};

export function whenUnauthenticated(handler: () => void): void {
  onUnauthenticated = handler;
}

/**
 * Asks the HTTP interface: `call('GET /activity/{id}', { path: { id } })`. Numbers of images keep their digits
 * (`exact-json.ts`). Throws an ApiError; one that was aborted throws an AbortError.
 */
export async function call<Name extends Operation>(
  operation: Name,
  options: CallOptions<Name> = {},
): Promise<Operations[Name]['answer']> {
  const { body, signal, headers } = options;
  const [method = 'GET', path = ''] = operation.split(' ');
  const response = await fetch(API_BASE + filled(path, options.path ?? {}) + queryText(options.query ?? {}), {
    method,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    throw isAbort(error) ? error : new ApiError('The server does not answer.', null);
  });
  const text = await response.text();
  const isSignIn = path === '/session';
  if (response.status === 401 && !isSignIn) onUnauthenticated();
  const answer = read(text);
  if (!response.ok) throw errorOf(response, answer);
  return answer as Operations[Name]['answer'];
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** `?table=orders&table=customers`; empty without parameters. */
export function queryText(query: { readonly [name: string]: Given }): string {
  const parameters = new URLSearchParams();
  for (const [name, given] of Object.entries(query)) {
    if (given === undefined) continue;
    for (const value of Array.isArray(given) ? given : [given]) parameters.append(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function filled(path: string, values: { readonly [name: string]: string }): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(values[name] ?? ''));
}

function read(text: string): unknown {
  if (text === '') return null;
  try {
    return parseExactJson(text);
  } catch {
    return null;
  }
}

function errorOf(response: Response, answer: unknown): ApiError {
  const problem = answer as (Problem & { preview?: RevertPreview }) | null;
  if (problem === null || typeof problem.code !== 'string') {
    return new ApiError(`The server answered with ${response.status} ${response.statusText}.`, null);
  }
  return new ApiError(problem.detail, problem, problem.preview ?? null);
}
