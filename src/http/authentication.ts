import type { FastifyRequest } from 'fastify';
import { ANYONE, type Identification, type Principal, type PrincipalDirectory } from '../access/principal.ts';
import { isSecret } from '../access/secret.ts';
import { FAILURES_PER_MINUTE, MAX_FAILURES } from './limits.ts';
import { HttpProblem } from './problem.ts';
import { RequestLimit } from './request-limit.ts';
import { sessionOf } from './session-cookie.ts';

/** Who sent a request, and by what it is known. */
export interface Authentication {
  readonly principal: Principal;
  /** `cookie`: a browser sends it along, whoever made the browser send the request. */
  readonly by: 'token' | 'cookie' | 'nothing';
}

export interface Authenticator {
  readonly mode: 'token' | 'none';
  /** Throws an HttpProblem: 401 without a good token, 429 after too many bad ones. */
  authenticate(request: FastifyRequest): Promise<Authentication>;
  /** Who has this token, for a sign-in. Throws the same. */
  identify(token: string, address: string): Promise<Principal>;
}

/** Https, as browsers see it: cookies then go that way only. */
export interface AuthenticatorOptions {
  readonly mode: 'token' | 'none';
  readonly secure: boolean;
  readonly directory: PrincipalDirectory;
}

export function createAuthenticator({ mode, secure, directory }: AuthenticatorOptions): Authenticator {
  const failures = new RequestLimit(FAILURES_PER_MINUTE, MAX_FAILURES);

  async function identify(secret: string, kind: 'token' | 'sign-in', address: string): Promise<Principal> {
    // One that was good a moment ago is not held up by whoever tries from behind the same proxy.
    const wait = failures.wait(address);
    if (wait > 0 && !directory.isFamiliar(secret)) throw tooManyFailures(wait);
    const found: Identification = isSecret(secret, kind) ? await directory.identify(secret, kind) : { kind: 'unknown' };
    if (found.kind === 'known') return found.principal;
    failures.take(address);
    throw refused(found.kind, kind);
  }

  return {
    mode,
    identify: (token, address) => identify(token, 'token', address),
    async authenticate(request) {
      if (mode === 'none') return { principal: ANYONE, by: 'nothing' };
      const header = request.headers.authorization;
      if (header !== undefined) {
        const token = /^Bearer +(\S+) *$/i.exec(header)?.[1];
        return { principal: await identify(token ?? '', 'token', request.ip), by: 'token' };
      }
      const session = sessionOf(request.headers.cookie, secure);
      if (session !== undefined) return { principal: await identify(session, 'sign-in', request.ip), by: 'cookie' };
      throw new HttpProblem(
        'authentication_required',
        'This takes a token.',
        { hint: 'Send it as `Authorization: Bearer rt_…`. `rowtrail token create` makes one.' },
        CHALLENGE,
      );
    },
  };
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="rowtrail"' };
/** https://www.rfc-editor.org/rfc/rfc6750#section-3.1 */
const CHALLENGE_AFTER_ERROR = { 'www-authenticate': 'Bearer realm="rowtrail", error="invalid_token"' };

function refused(kind: 'unknown' | 'expired' | 'revoked', of: 'token' | 'sign-in'): HttpProblem {
  const what = of === 'token' ? 'The token' : 'The sign-in';
  const details = {
    unknown: `${what} is not known here.`,
    expired: `${what} has expired.`,
    revoked: 'The token has been revoked.',
  };
  const hint = of === 'token' ? 'Ask for a new one: `rowtrail token create` makes it.' : 'Sign in again.';
  return new HttpProblem('invalid_token', details[kind], { hint }, CHALLENGE_AFTER_ERROR);
}

function tooManyFailures(seconds: number): HttpProblem {
  return new HttpProblem(
    'too_many_requests',
    `Too many wrong tokens came from this address; it may try again in ${seconds} s.`,
    {},
    { 'retry-after': String(seconds) },
  );
}
