import { QUERY_POOL } from '../query/store-reader.ts';
import { createHttpServer } from '../http/http-server.ts';
import { createLog } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import { createPool } from '../pg/pool.ts';
import type { QueryServerTask } from './query.ts';

// The HTTP server in a process of its own: takes its store as a message, answers with its URL, ends on SIGTERM.
process.once('message', (task) => {
  void serve(task as QueryServerTask);
});

async function serve({ url, schema }: QueryServerTask): Promise<void> {
  const pool = createPool(url, 'http', QUERY_POOL);
  const server = await createHttpServer({
    store: { pool, schema },
    http: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      hosts: [],
      auth: { mode: 'none', publicMetrics: false },
      requestsPerMinute: 1_000_000,
      contact: null,
      journal: { reads: false, exports: false, reverts: false, denials: false },
    },
    live: () => [],
    log: createLog('error'),
    version: VERSION,
  });
  process.once('SIGTERM', () => {
    void server
      .close()
      .then(() => pool.end())
      .then(() => process.disconnect());
  });
  process.send?.(await server.listen());
}
