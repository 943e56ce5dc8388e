/**
 * Whether `text` is a URL that PostgreSQL clients take. An unescaped `@`, `/`, `?` or `#` in a
 * password moves the rest of it into other parts of the URL: such a one is refused, for the
 * connection error it leads to would name the wrong host.
 */
export function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash } = new URL(text);
  return ['postgres:', 'postgresql:'].includes(protocol) && hash === '' && !`${pathname}${search}`.includes('@');
}

/** `host:port` of a PostgreSQL URL that has been checked: what replication slots belong to. */
export function serverOf(url: string): string {
  const { hostname, port, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? hostname}:${port === '' ? '5432' : port}`;
}

/** The database a URL names; the role where it names none, as libpq does; empty if neither is there. */
export function databaseOf(url: string): string {
  const { pathname, username } = new URL(url);
  return decodeURIComponent(pathname.replace(/^\//, '') || username);
}

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** `text` with whatever may be a password masked, also in what only resembles a URL. */
export function withoutPassword(text: string): string {
  const masked = text.replaceAll(/(password\s*=\s*)[^&\s]+/gi, '$1***');
  const greedy = masked.replace(/^(\s*(?:[a-z]+:\/\/)?[^:/?#@]*):[^]*@/i, '$1:***@');
  if (greedy !== masked || (URL.canParse(masked) && new URL(masked).hash === '')) return greedy;
  return masked.replace(/^(\s*[a-z]+:\/\/[^:/?#@]*):[^]*$/i, '$1:***');
}
