import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Where the build puts it; the same from `src` and from `dist`. */
const FOLDER = new URL('../../dist/console/', import.meta.url);

/** The addresses of its pages (`console/page/route-table.ts`): each answers with the one document. */
const PAGES = ['/', '/timeline', '/entry/:id', '/resources', '/resources/*', '/users', '/users/*', '/insights'];

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing inline and nothing from elsewhere; and no text becomes markup. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

interface Asset {
  readonly contentType: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
}

/** The console: its document at each of its addresses, and its scripts and styles. False where it was not built. */
export function registerConsoleRoutes(server: FastifyInstance): boolean {
  const page = readAsset(new URL('index.html', FOLDER), 'text/html; charset=utf-8');
  if (page === null) return false;
  const assets = readAssets();
  const options = { config: { role: 'anyone' }, schema: { hide: true } } as const;
  for (const path of PAGES) {
    server.get(path, options, (request, reply) =>
      sendAsset(request, reply.header('content-security-policy', CSP).header('cache-control', 'no-cache'), page),
    );
  }
  server.get<{ Params: { name: string } }>('/assets/:name', options, (request, reply) => {
    const asset = assets.get(request.params.name);
    if (asset === undefined) return reply.callNotFound();
    // Its name has its hash.
    return sendAsset(request, reply.header('cache-control', 'public, max-age=31536000, immutable'), asset);
  });
  return true;
}

function sendAsset(request: FastifyRequest, reply: FastifyReply, { contentType, plain, gzipped }: Asset): FastifyReply {
  reply.header('content-type', contentType).header('vary', 'accept-encoding');
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(request.headers['accept-encoding'] ?? '');
  return takesGzip ? reply.header('content-encoding', 'gzip').send(gzipped) : reply.send(plain);
}

function readAssets(): ReadonlyMap<string, Asset> {
  const folder = new URL('assets/', FOLDER);
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(folder)) {
    const contentType = CONTENT_TYPES[extname(name)];
    const asset = contentType === undefined ? null : readAsset(new URL(name, folder), contentType);
    if (asset !== null) assets.set(name, asset);
  }
  return assets;
}

function readAsset(file: URL, contentType: string): Asset | null {
  try {
    const plain = readFileSync(file);
    return { contentType, plain, gzipped: gzipSync(plain) };
  } catch {
    return null;
  }
}
