import { RowtrailError } from '../lib/errors.ts';
import { HttpProblem } from './problem.ts';

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];
const DEFAULT_PORT = 80;

/** Whether a configured host is this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Throws RT_LISTEN for anything but loopback: there are no tokens yet that could keep strangers out. */
export function assertLoopback(host: string): void {
  if (isLoopback(host)) return;
  throw new RowtrailError(
    'RT_LISTEN',
    `refused to listen on ${host}: without authentication, that would show the history to the network`,
    {
      hint: 'Set http.host to 127.0.0.1, and reach it from elsewhere through an SSH tunnel to the same port.',
    },
  );
}

export interface AddressedRequest {
  /** The Host header. */
  readonly host: string | undefined;
  /** The Origin header. */
  readonly origin: string | undefined;
}

/**
 * Throws an HttpProblem unless the request is meant for this server and comes from its own pages. A page
 * of another site can make a browser send requests here under a name that resolves to loopback (DNS
 * rebinding), or across origins: both show in these two headers.
 */
export function assertAddressed(request: AddressedRequest, server: { host: string; port: number }): void {
  const allowed = allowedHosts(server.host, server.port);
  const host = request.host?.toLowerCase();
  if (host === undefined || !allowed.has(host)) {
    throw new HttpProblem('host_not_allowed', `This server answers to ${[...allowed].join(', ')} only.`);
  }
  if (request.origin !== undefined && request.origin.toLowerCase() !== `http://${host}`) {
    throw new HttpProblem('origin_not_allowed', 'A browser may use this interface from its own pages only.');
  }
}

/** How a host is written in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function allowedHosts(configured: string, port: number): Set<string> {
  const names = new Set([...LOOPBACK_HOSTS, urlHost(configured.toLowerCase())]);
  const withPort = [...names].map((name) => `${name}:${port}`);
  // A browser leaves the default port out.
  return new Set(port === DEFAULT_PORT ? [...withPort, ...names] : withPort);
}
