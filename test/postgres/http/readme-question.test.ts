import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { httpConfig } from '../../harness/http-config.ts';
import { createHistory, type History } from '../query/history.ts';

const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
const [, section = ''] = /### What the activity logs of .*?```sh\n(.*?)```/s.exec(readme) ?? [];
const questions = [...section.matchAll(/^curl "\$api([^"]+)"/gm)].map(([, path]) => path as string);

let history: History;
let server: HttpServer;
let entry: bigint;

beforeAll(async () => {
  history = await createHistory();
  entry = await fill();
  server = await createHttpServer({
    store: history.store,
    http: httpConfig(),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
});
afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
});

it('has the questions', () => {
  expect(questions.length).toBeGreaterThan(20);
});

it.each(questions)('%s is answered with what is there', async (path) => {
  const url = `/api/v1${path.replace('$entry', String(entry))}`;
  const answer = await server.app.inject({ url, headers: { host: 'localhost:0' } });
  expect([answer.statusCode, answer.body]).toEqual([200, expect.stringMatching(/./)]);
  // What asks for something that this shop has must not come back empty.
  const hasNone = /comments$|action=comment|is:direct|ip=/.test(path);
  if (/^\/(activity|resources|users)\b/.test(path) && answer.headers['content-type']?.toString().includes('json')) {
    const { data } = answer.json() as { data: unknown };
    if (Array.isArray(data) && !hasNone) expect(data.length).toBeGreaterThan(0);
  }
});

/** Order 1, made, changed and deleted by user 7. Returns the id of the change. */
async function fill(): Promise<bigint> {
  const source = await history.addSource('shop');
  const relation = await history.addRelation(source, 'public', 'orders', ['id']);
  const actor = await history.addActor(source, 'user', '7', 'Ana');
  const other = await history.addActor(source, 'user', '8', 'Ben');
  const first = await history.openBlock(source, 20);
  const at = '2026-01-02T03:04:05Z';
  for (const [id, who] of [
    [first, actor],
    [first + 8n, other],
  ] as const) {
    await history.insert('transactions', [{ id, source_id: source, epoch: 1, xid: 7, committed_at: at, size: 3 }]);
    await history.insert('contexts', [
      { id, last_id: id + 7n, transaction_id: id, source_id: source, actor_id: who, attribution: 'app' },
    ]);
    const place = { occurred_at: at, transaction_id: id, context_id: id, relation_id: relation, record_key: '1' };
    await history.insert('entries', [
      { ...place, id: id + 1n, ordinal: 0, action: 'create', row: { id: 1, total: 1 } },
      {
        ...place,
        id: id + 2n,
        ordinal: 1,
        action: 'update',
        row: { id: 1, total: 2 },
        changed: ['total'],
        old: { total: 1 },
      },
      { ...place, id: id + 3n, ordinal: 2, action: 'delete', row: { id: 1, total: 2 } },
    ]);
  }
  await history.closeBlock(first);
  await history.count();
  return first + 2n;
}
