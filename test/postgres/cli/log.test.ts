import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { createTerminal } from '../../../src/cli/terminal.ts';
import { filterOf } from '../../../src/query/filter-input.ts';
import { GeneratedHistory, matches, randomFrom } from '../query/generated-history.ts';
import { createHistory, type History } from '../query/history.ts';
import { until } from '../../harness/poll.ts';

let history: History;
let generated: GeneratedHistory;

beforeAll(async () => {
  history = await createHistory();
  generated = new GeneratedHistory(history, randomFrom(20260228));
  await generated.prepare();
  await generated.add(400);
});

afterAll(async () => {
  await history?.[Symbol.asyncDispose]();
});

interface Running {
  readonly out: () => string[];
  readonly err: () => string;
  /** As `rowtrail … | head` does when it has seen enough. */
  readonly hangUp: () => void;
  readonly ended: Promise<number>;
}

function start(...args: string[]): Running {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const environment = { ROWTRAIL_SOURCE_URL: history.database.url };
  const texts = { out: '', err: '' };
  streams.stdout.on('data', (data) => (texts.out += String(data)));
  streams.stderr.on('data', (data) => (texts.err += String(data)));
  const terminal = createTerminal(streams, environment);
  return {
    out: () => texts.out.split('\n').slice(0, -1),
    err: () => texts.err,
    hangUp: () => streams.stdout.emit('error', Object.assign(new Error('EPIPE'), { code: 'EPIPE' })),
    ended: runCli(args, terminal, environment).then(async (code) => {
      await terminal.flush();
      return code;
    }),
  };
}

async function rowtrail(...args: string[]): Promise<{ code: number; out: string[]; err: string }> {
  const running = start(...args);
  const code = await running.ended;
  return { code, out: running.out(), err: running.err() };
}

function idsFor(q: string): string[] {
  const found = generated.known.filter((entry) => matches(entry, filterOf({ q }))).map(({ id }) => id);
  return found.toSorted((a, b) => (a > b ? -1 : 1)).map(String);
}

function idsIn(lines: readonly string[]): string[] {
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

describe('rowtrail log', () => {
  it('prints what matches, newest first, page by page', async () => {
    const q = 'table:orders -user:8 field:status';
    const all = idsFor(q);
    const first = await rowtrail('log', 'table:orders', '-n', '5', '--json', '--', '-user:8', 'field:status');
    expect(first.code).toBe(0);
    expect(idsIn(first.out)).toEqual(all.slice(0, 5));
    const [, cursor] = /^more: --after (\S+)\n$/.exec(first.err) as unknown as [string, string];
    const rest = await rowtrail('log', q, '-n', '1000', '--json', '--after', cursor);
    expect(idsIn(rest.out)).toEqual(all.slice(5));
    expect(rest.err).toBe('');
  });

  it('prints lines for people', async () => {
    const { out } = await rowtrail('log', 'action:update', '-n', '2');
    expect(out).toHaveLength(2);
    expect(out[0]).toMatch(/^2026-\d\d-\d\d \d\d:\d\d:\d\d.* {2}update {4}\w+\.\w+ \d+ {2}status: /);
  });

  it('refuses a cursor of another search', async () => {
    const { err } = await rowtrail('log', '-n', '1');
    const refused = await rowtrail('log', 'user:7', '--after', /--after (\S+)/.exec(err)?.[1] as string);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('another filter')]);
  });
});

describe('rowtrail export', () => {
  it('takes the same searches', async () => {
    const q = 'field:status -user:8 table:orders';
    const { code, out } = await rowtrail('export', q);
    expect(code).toBe(0);
    expect(idsIn(out)).toEqual(idsFor(q).toReversed());
    expect((await rowtrail('export', 'usr:ana')).code).toBe(2);
  });
});

describe('rowtrail show', () => {
  it('prints one entry with the others of its transaction', async () => {
    const known = generated.known.find(({ action, transactionSize }) => action === 'update' && transactionSize > 20);
    const id = String(known?.id);
    const { code, out } = await rowtrail('show', id);
    expect(code).toBe(0);
    expect(out[0]).toBe(`entry        ${id}  update`);
    expect(out.join('\n')).toMatch(/\n- status +".*"\n\+ status +".*"/);
    expect(out).toContain(`${Number(known?.transactionSize) - 1} other entries of its transaction`);
    expect(out.at(-1)).toBe('  …');
    const json = JSON.parse((await rowtrail('show', id, '--json')).out[0] as string);
    expect(json).toMatchObject({ id, siblings: { total: Number(known?.transactionSize) - 1 } });
  });

  it('says that there is none', async () => {
    expect(await rowtrail('show', '1')).toMatchObject({
      code: 1,
      out: [],
      err: expect.stringContaining('RT_ENTRY_MISSING'),
    });
  });
});

describe('rowtrail tail', () => {
  it('begins with what matches the search, and goes on with it', async () => {
    const q = 'is:direct table:orders';
    const running = start('tail', '-n', '3', '--json', q);
    await until(() => running.out().length === Math.min(3, idsFor(q).length), { what: 'the latest entries' });
    expect(idsIn(running.out())).toEqual(idsFor(q).slice(0, 3).toReversed());
    const printed = running.out().length;
    const before = idsFor(q).length;
    // As many as it takes: what is generated is as good as random.
    while (idsFor(q).length === before) await generated.add(400);
    const fresh = idsFor(q).length - before;
    await until(() => running.out().length === printed + fresh, { what: 'the new entries' });
    expect(idsIn(running.out()).slice(printed).toReversed()).toEqual(idsFor(q).slice(0, fresh));
    running.hangUp();
    expect(await running.ended).toBe(0);
  });
});
