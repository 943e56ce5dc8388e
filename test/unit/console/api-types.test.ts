import type pg from 'pg';
import { expect, test } from 'vitest';
import { createHttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { apiTypes, type OpenApiDocument } from './api-types.ts';

test('the console has the types of the present interface (`npm run console:types` writes them)', async () => {
  // No question is asked of the store.
  const pool = {} as pg.Pool;
  const server = await createHttpServer({
    store: { pool, schema: 'audit' },
    http: httpConfig(),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0',
  });
  try {
    const answer = await server.app.inject({ url: '/openapi.json', headers: { host: 'localhost:0' } });
    await expect(apiTypes(answer.json<OpenApiDocument>())).toMatchFileSnapshot('../../../src/console/api/schema.ts');
  } finally {
    await server.close();
  }
});
