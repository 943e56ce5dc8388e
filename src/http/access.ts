import { isIP } from 'node:net';
import { isLoopbackHost } from '../config/url.ts';
import { RowtrailError } from '../lib/errors.ts';
import { HttpProblem } from './problem.ts';

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Throws RT_LISTEN for anything but loopback: without tokens, nothing keeps strangers out. */
export function assertLoopback(host: string): void {
  if (isLoopbackHost(host)) return;
  throw new RowtrailError(
    'RT_LISTEN',
    `refused to listen on ${host}: without authentication, that would show the history to the network`,
    { hint: 'Set http.auth.mode to token, or http.host to 127.0.0.1.' },
  );
}

export interface AddressedRequest {
  /** The Host header. */
  readonly host: string | undefined;
  /** The Origin header. */
  readonly origin: string | undefined;
}

/** What a server goes by. */
export interface ServerAddress {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  /** Where browsers find it, if that is elsewhere: behind a proxy. No path. */
  readonly publicUrl: string | null;
  /** Further host names, on any port. */
  readonly hosts: readonly string[];
}

/**
 * Throws an HttpProblem unless the request is meant for this server and comes from its own pages. A page
 * of another site can make a browser send requests here under a name that resolves to this address (DNS
 * rebinding), or across origins: both show in these two headers.
 */
export function assertAddressed(request: AddressedRequest, server: ServerAddress): void {
  const host = request.host?.toLowerCase();
  if (host === undefined || !answersTo(host, server)) {
    throw new HttpProblem('host_not_allowed', `This server answers to ${[...namesOf(server)].join(', ')} only.`, {
      hint: 'Names it is to answer to as well go into http.publicUrl or http.hosts.',
    });
  }
  const origin = request.origin?.toLowerCase();
  const isOwn = origin === undefined || origin === `http://${host}` || origin === publicOrigin(server);
  if (!isOwn) {
    throw new HttpProblem('origin_not_allowed', 'A browser may use this interface from its own pages only.');
  }
}

/** Throws an HttpProblem for a query string that does not decode: a value would be searched for as it is written. */
export function assertReadable(url: string): void {
  const start = url.indexOf('?');
  try {
    if (start !== -1) decodeURIComponent(url.slice(start + 1));
  } catch {
    throw new HttpProblem('invalid_url', 'The query string holds a % that does not begin an escape, or is not UTF-8.', {
      hint: 'A % itself is written %25.',
    });
  }
}

/** How a host is written in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function answersTo(host: string, server: ServerAddress): boolean {
  if (namesOf(server).has(host)) return true;
  const name = host.replace(/:\d{1,5}$/, '');
  if (server.hosts.some((allowed) => urlHost(allowed.toLowerCase()) === name)) return true;
  // No page has an address for its name that it could let resolve to another one.
  return !isLoopbackHost(server.host) && isIP(name.replace(/^\[|\]$/g, '')) > 0;
}

function namesOf({ host, port, publicUrl, hosts }: ServerAddress): Set<string> {
  const names = new Set([...LOOPBACK_HOSTS, urlHost(host.toLowerCase())]);
  const allowed = new Set([...names].map((name) => `${name}:${port}`));
  // A browser leaves the default port out.
  if (String(port) === DEFAULT_PORTS['http:']) for (const name of names) allowed.add(name);
  for (const name of hosts) allowed.add(urlHost(name.toLowerCase()));
  if (publicUrl !== null) {
    const url = new URL(publicUrl);
    allowed.add(url.host);
    if (url.port === '') allowed.add(`${url.host}:${DEFAULT_PORTS[url.protocol]}`);
  }
  return allowed;
}

function publicOrigin({ publicUrl }: ServerAddress): string | undefined {
  return publicUrl === null ? undefined : new URL(publicUrl).origin;
}
