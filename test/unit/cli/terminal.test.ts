import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createTerminal, type Streams } from '../../../src/cli/terminal.ts';

function streams(tty: boolean): Streams & { stdout: PassThrough; stderr: PassThrough } {
  const stream = (): PassThrough => Object.assign(new PassThrough(), { isTTY: tty });
  return { stdin: stream(), stdout: stream(), stderr: stream() };
}

test.each([
  [true, {}, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, {}, false],
])('colours: terminal %s, environment %o → %s', (tty, environment, coloured) => {
  const { paint, notePaint } = createTerminal(streams(tty), environment);
  expect(paint.red('x') !== 'x').toBe(coloured);
  expect(notePaint.red('x') !== 'x').toBe(coloured);
});

test('a reader that goes away ends the output, not the program', async () => {
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  });
  const terminal = createTerminal({ ...streams(false), stdout }, {});
  const closed = new Promise((resolve) => {
    terminal.closed.addEventListener('abort', resolve, { once: true });
  });
  terminal.print('one');
  await closed;
  terminal.print('two');
  await terminal.flush();
});

test('data and notes go apart, and a question is no data', async () => {
  const io = streams(true);
  const terminal = createTerminal(io, {});
  expect(terminal.interactive).toBe(true);
  terminal.print('data');
  terminal.note('note');
  const answer = terminal.ask('Go on? ');
  (io.stdin as PassThrough).write('yes\n');
  await expect(answer).resolves.toBe('yes');
  await terminal.flush();
  expect(String(io.stdout.read())).toBe('data\n');
  expect(String(io.stderr.read())).toContain('note\nGo on? '.split('\n')[0]);
});

test('a question that is broken off has an empty answer', async () => {
  const io = streams(true);
  const answer = createTerminal(io, {}).ask('Go on? ');
  (io.stdin as PassThrough).end();
  await expect(answer).resolves.toBe('');
});
