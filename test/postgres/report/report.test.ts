import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpConfig } from '../../harness/http-config.ts';
import { createHttpServer, type HttpServer } from '../../../src/http/http-server.ts';
import { createLog } from '../../../src/lib/log.ts';
import { beginExport } from '../../../src/query/export.ts';
import { EXPORT_WRITERS } from '../../../src/query/export-format.ts';
import { NO_FILTER } from '../../../src/query/filter.ts';
import { createHistory, SCHEMA, type History } from '../query/history.ts';

const PORT = 7400;
const CYRILLIC = 'Привет, Ждан';
const GREEK = 'Ελλάδα λόγος';
const CHINESE = '你好世界繁體字';
const KOREAN = '안녕하세요';
const BIG = 'x'.repeat(100_000);
const hasPoppler = ['pdftoppm', 'pdftotext'].every((tool) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, tool))),
);
if (!hasPoppler) console.log('no pdftoppm and pdftotext (poppler-utils): the tests that read PDFs are left out');

let history: History;
let server: HttpServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowtrail-report-'));
  history = await createHistory();
  const shop = await history.addSource('shop');
  const orders = await history.addRelation(shop, 'public', 'orders', ['id']);
  const ana = await history.addActor(shop, 'user', '7', 'Ana');
  const app = await history.addActor(shop, 'database', 'app');
  const first = await history.openBlock(shop, 6);
  const at = (hour: number) => `2026-01-02T0${hour}:04:05.000006Z`;
  const id = (n: number) => first + BigInt(n);
  await history.insert(
    'transactions',
    [0, 1, 2, 3, 4, 5].map((n) => ({
      id: id(n),
      source_id: shop,
      epoch: 1,
      xid: 700 + n,
      committed_at: at(n),
      size: 1,
    })),
  );
  const context = { source_id: shop, actor_id: ana, attribution: 'app', ip: '203.0.113.9', user_name: 'Ana' };
  await history.insert(
    'contexts',
    [0, 1, 2, 3, 4, 5].map((n) => ({
      ...context,
      ...(n === 2 ? { actor_id: app, attribution: 'database', ip: null, user_name: null } : {}),
      ...(n === 1 ? { comment: `=HYPERLINK("x") ${CHINESE}`, user_agent: '<script>alert(1)</script>' } : {}),
      id: id(n),
      last_id: id(n),
      transaction_id: id(n),
    })),
  );
  const row = (key: number, more: object) => ({ id: key, price: 0, name: 'Ж', ...more });
  const text = `${CYRILLIC} ${GREEK} ${CHINESE} ${KOREAN} 😀 ‮evil "quoted" <script>alert(1)</script>`;
  await history.insert(
    'entries',
    [
      { id: id(0), action: 'create', record_key: '1', row: row(1, { formula: '=1+1' }), ordinal: 0 },
      {
        id: id(1),
        action: 'update',
        record_key: '1',
        changed: ['name'],
        old: { name: 'Ж' },
        row: row(1, { name: text }),
        ordinal: 0,
      },
      {
        id: id(2),
        action: 'update',
        record_key: '1',
        changed: ['big'],
        unknown: ['toasted'],
        old: { big: null },
        row: row(1, { big: BIG }),
        ordinal: 0,
      },
      { id: id(3), action: 'update', record_key: '2', changed: ['id'], old: { id: 1 }, row: row(2, {}), ordinal: 0 },
      { id: id(4), action: 'delete', record_key: '2', row: row(2, {}), ordinal: 0 },
      { id: id(5), action: 'create', record_key: '9', row: row(9, {}), ordinal: 0 },
    ].map((entry, n) => ({
      ...entry,
      occurred_at: at(n),
      transaction_id: id(n),
      context_id: id(n),
      relation_id: orders,
    })),
  );
  await history.insert('entry_links', [
    { entry_id: id(3), kind: 'key', relation_id: orders, record_key: '1', entry_key: '2' },
  ]);
  await history.database.query(
    `insert into ${SCHEMA}.gaps (source_id, epoch, reason, from_time, to_time) values ($1, 1, 'slot_lost', $2, $3)`,
    [shop, at(1), at(2)],
  );
  await history.closeBlock(first);
  await history.count();
  server = await createHttpServer({
    store: history.store,
    http: httpConfig({ port: PORT, journal: { reads: false, exports: true, reverts: true, denials: false } }),
    live: () => [],
    log: createLog('silent'),
    version: '0.0.0-test',
  });
});

afterAll(async () => {
  await server?.close();
  await history?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function report(query: string, key = '1') {
  return server.app.inject({
    method: 'GET',
    url: `/api/v1/resources/shop/public.orders/${key}/report?${query}`,
    headers: { host: `localhost:${PORT}` },
  });
}

describe('the report', () => {
  it('has every entry under every key, with a digest that an export bears out', async () => {
    const answer = await report('format=json&tz=Europe/Berlin');
    expect(answer.statusCode).toBe(200);
    const { data } = answer.json();
    expect(data.scope).toMatchObject({ source: 'shop', table: 'orders', record: '1', keys: ['1', '2'] });
    expect(data.entries.map(({ action }: { action: string }) => action)).toEqual([
      'create',
      'update',
      'update',
      'update',
      'delete',
    ]);
    expect(data.actors).toMatchObject([
      { id: 'shop:user:7', name: 'Ana', count: 4, ips: ['203.0.113.9'] },
      { id: 'shop:database:app', count: 1, ips: [] },
    ]);
    expect(data.gaps).toMatchObject({ data: [{ reason: 'slot_lost' }], more: false });
    expect(data.state).toMatchObject({ exists: false, reason: 'deleted', record: '2' });
    expect(data.criteria.time_zone).toBe('Europe/Berlin');
    const filter = {
      ...NO_FILTER,
      source: ['shop'],
      table: ['public.orders'],
      record: ['1'],
      action: ['create', 'update', 'delete'],
    };
    const begun = await beginExport(history.store, filter, EXPORT_WRITERS.ndjson);
    const hash = createHash('sha256');
    for await (const chunk of begun.chunks) hash.update(chunk);
    await begun.close();
    expect(data.proof).toMatchObject({ entries: 5, sha256: hash.digest('hex'), sealed: false, seals: null });
    expect(data.proof.note).toMatch(/^The entries are not sealed yet/);
  });

  it('says which seals cover its entries', async () => {
    const { database } = history;
    const digests = ['entries', 'contexts', 'transactions', 'links', 'truncated_rows', 'facts'];
    const [{ id }] = (await database.query(`select max(id) as id from ${SCHEMA}.entries`)).rows;
    await database.query(
      `insert into ${SCHEMA}.seals (number, format, first_id, last_id, sealed_at, previous, hash, ${digests.map((name) => `${name}, ${name}_sha256`).join(', ')})
       values (1, 1, 1, ${id}, '2026-03-01T00:00:00Z', '', '\\xab', ${digests.map(() => `0, ''`).join(', ')})`,
    );
    try {
      const { data } = (await report('format=json')).json();
      expect(data.proof).toMatchObject({
        sealed: true,
        seals: { entries: 5, first: { number: 1 }, last: { hash: 'ab' } },
      });
      expect(data.proof.note).toMatch(
        /^All entries are sealed, by seal 1 \(the last one of 2026-03-01 .*, not signed, SHA-256 ab\)\./,
      );
      expect((await report('format=html')).body).toContain('All entries are sealed, by seal 1');
    } finally {
      await database.query(
        `begin; alter table ${SCHEMA}.seals disable trigger user; delete from ${SCHEMA}.seals;
         alter table ${SCHEMA}.seals enable always trigger refuse_change; commit`,
      );
    }
  });

  it('is limited to a period, and says so', async () => {
    const { data } = (await report('format=json&from=2026-01-02T01:00:00Z&to=2026-01-02T02:00:00Z')).json();
    expect(data.entries).toHaveLength(1);
    expect(data.criteria).toMatchObject({ from: '2026-01-02T01:00:00.000000Z', to: '2026-01-02T02:00:00.000000Z' });
    expect(data.state.exists).toBe(true);
  });

  it('is a page on which nothing runs', async () => {
    const answer = await report('format=html&tz=Europe/Berlin');
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'; style-src 'sha256-/);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).not.toMatch(/<script/i);
    expect(answer.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(answer.body).toContain(CHINESE);
    expect(answer.body).toContain('[U+202E]evil &quot;quoted&quot;');
    expect(answer.body).toContain('2026-01-02 01:04:05.000006 +01:00');
    expect(answer.body).toContain('the first 1,000 of 100,000 characters');
    expect(answer.body).toContain('toasted');
    expect(answer.body).not.toContain('x'.repeat(1_001));
  });

  it('is a table of cells that no spreadsheet runs, with every value whole', async () => {
    const { body } = await report('format=csv');
    expect(body).toContain(`"'=HYPERLINK(""x"") ${CHINESE}"`);
    expect(body).toContain(",'=1+1,");
    expect(body).toContain(BIG);
    for (const line of body.split('\r\n')) expect(line).not.toMatch(/(^|,)"?[=+@]/);
  });

  it('names what is wrong with a request', async () => {
    expect((await report('tz=Nowhere/Land')).json()).toMatchObject({
      code: 'invalid_parameter',
      errors: [{ parameter: 'tz' }],
    });
    expect((await report('format=doc')).statusCode).toBe(400);
    expect((await report('from=2027-01-01&to=2026-01-01')).statusCode).toBe(400);
    expect((await report('format=pdf', '77')).json()).toMatchObject({ code: 'record_not_found' });
  });

  it('is an entry of its own before its first byte', async () => {
    await report('format=csv', '9');
    const { rows } = await history.database.query(
      `select data::text as data from ${SCHEMA}.entries where action = 'report' order by id desc limit 1`,
    );
    expect(rows[0].data).toContain('"format":"csv"');
    expect(rows[0].data).toContain('"record":"9"');
  });
});

describe.skipIf(!hasPoppler)('the PDF', () => {
  it('says what was captured, and which page of how many', async () => {
    const file = await pdf('report');
    const text = execFileSync('pdftotext', ['-layout', file, '-']).toString();
    for (const part of [CYRILLIC, GREEK, CHINESE, KOREAN])
      expect(text.replaceAll(/\s/g, '')).toContain(part.replaceAll(/\s/g, ''));
    expect(text).toContain('[U+1F600]');
    expect(text).toContain('[U+202E]');
    const pages = Number(/Pages:\s+(\d+)/.exec(execFileSync('pdfinfo', [file]).toString())?.[1]);
    expect(pages).toBeGreaterThan(1);
    for (let page = 1; page <= pages; page += 1) expect(text).toMatch(new RegExp(`page ${page} of\\s+${pages}\\b`));
  });

  it('shows letters of every script, not boxes', async () => {
    const file = await pdf('letters');
    const fonts = execFileSync('pdffonts', [file]).toString();
    expect(fonts).toMatch(/NotoSansHans/);
    expect(fonts).toMatch(/NotoSansKR/);
    // Boxes are one like the other; letters differ, and leave ink.
    for (const word of [CYRILLIC.split(' ')[1] as string, GREEK.split(' ')[0] as string, CHINESE, KOREAN]) {
      const slices = slicesOf(file, word);
      for (const [i, slice] of slices.entries()) {
        expect(inkOf(slice), `${word}, ${i}`).toBeGreaterThan(0.03);
        for (const other of slices.slice(i + 1)) expect(differenceOf(slice, other), word).toBeGreaterThan(0.05);
      }
    }
  });
});

const DPI = 288;

/** The pixels of a word, cut into as many slices of one width as it has characters. */
function slicesOf(file: string, word: string): Uint8Array[] {
  const words = execFileSync('pdftotext', ['-bbox', file, '-']).toString();
  const before = words.slice(0, words.indexOf(`>${word}<`));
  const page = before.split('<page ').length - 1;
  const places = [...before.matchAll(/xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"/g)];
  const [left, top, right, bottom] = (places.at(-1) ?? []).slice(1).map((text) => (Number(text) * DPI) / 72) as [
    number,
    number,
    number,
    number,
  ];
  const count = Array.from(word).length;
  const width = Math.floor((right - left) / count);
  const height = Math.floor(bottom - top);
  return Array.from({ length: count }, (_value, i) => {
    const x = Math.round(left + (i * (right - left)) / count);
    const area = ['-x', x, '-y', Math.round(top), '-W', width, '-H', height].map(String);
    const image = execFileSync('pdftoppm', [
      '-gray',
      '-r',
      String(DPI),
      '-f',
      String(page),
      '-l',
      String(page),
      ...area,
      file,
    ]);
    return image.subarray(image.length - width * height);
  });
}

function inkOf(pixels: Uint8Array): number {
  return pixels.filter((grey) => grey < 128).length / pixels.length;
}

function differenceOf(one: Uint8Array, other: Uint8Array): number {
  return one.filter((grey, i) => grey < 128 !== (other[i] as number) < 128).length / one.length;
}

async function pdf(name: string): Promise<string> {
  const answer = await report('format=pdf&tz=Europe/Berlin');
  expect(answer.statusCode).toBe(200);
  const file = join(folder, `${name}.pdf`);
  await writeFile(file, answer.rawPayload);
  return file;
}
