import type { FastifyInstance } from 'fastify';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rowtrail</title>
<link rel="stylesheet" href="/style.css">
<main>
  <h1>Rowtrail</h1>
  <p>The activity log of your PostgreSQL databases: every committed row change, with who made it, from where and why.</p>
  <ul>
    <li><a href="/api/v1/activity">Activity</a>: the newest changes, as JSON</li>
    <li><a href="/api/v1/status">Status</a>: what is captured, how far, and what is missing</li>
    <li><a href="/docs">Documentation</a> of the HTTP interface, to try it out (<a href="/openapi.json">OpenAPI</a>)</li>
  </ul>
</main>
</html>
`;

const STYLE = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 40rem; margin: 15vh auto; padding: 0 1.5rem; }
`;

/** `GET /`: says what this is and where to go. It loads nothing from elsewhere and runs no script. */
export function registerFrontPage(server: FastifyInstance): void {
  server.get('/', { schema: { hide: true } }, (_request, reply) =>
    reply.header('content-type', 'text/html; charset=utf-8').send(PAGE),
  );
  server.get('/style.css', { schema: { hide: true } }, (_request, reply) =>
    reply.header('content-type', 'text/css; charset=utf-8').send(STYLE),
  );
}
