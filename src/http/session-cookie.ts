import { SIGN_IN_HOURS } from '../access/sign-in.ts';

/**
 * The cookie of a console's sign-in. With https its name promises that it came from this host alone, and that way.
 * https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie
 */
export function sessionCookie(secret: string, secure: boolean): string {
  return `${sessionCookieName(secure)}=${secret}; Max-Age=${SIGN_IN_HOURS * 3600}; ${attributes(secure)}`;
}

/** Makes the browser forget it. */
export function endedCookie(secure: boolean): string {
  return `${sessionCookieName(secure)}=; Max-Age=0; ${attributes(secure)}`;
}

/** What the request's cookie header has of it. */
export function sessionOf(header: string | undefined, secure: boolean): string | undefined {
  const start = `${sessionCookieName(secure)}=`;
  for (const pair of header?.split(';') ?? []) {
    const text = pair.trim();
    if (text.startsWith(start)) return text.slice(start.length);
  }
  return undefined;
}

export function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-rowtrail_session' : 'rowtrail_session';
}

function attributes(secure: boolean): string {
  return `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
