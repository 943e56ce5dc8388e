import { PassThrough } from 'node:stream';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { createTerminal } from '../../../src/cli/terminal.ts';

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in a pipe, with this environment alone. */
async function rowtrail(args: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const terminal = createTerminal(streams, environment);
  const code = await runCli(args, terminal, environment);
  await terminal.flush();
  return { code, out: String(streams.stdout.read() ?? ''), err: String(streams.stderr.read() ?? '') };
}

async function configFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'rowtrail.yaml');
  await writeFile(file, text);
  return file;
}

describe('help and version', () => {
  test('--help goes to standard output', async () => {
    const { code, out, err } = await rowtrail(['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const command of [
      'demo',
      'setup',
      'check',
      'run',
      'status',
      'log',
      'show',
      'tail',
      'teardown',
      'token',
      'export',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    expect(out).toContain(
      'Exit codes: 0 ok, 1 failed, 2 wrong usage or configuration, 3 `check` or `verify` found problems.',
    );
  });

  test('without a command the help goes to standard error, as wrong usage', async () => {
    const { code, out, err } = await rowtrail([]);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('Usage: rowtrail');
  });

  test.each([
    ['tail', '--help'],
    ['help', 'tail'],
  ])('%s %s', async (...args) => {
    const { code, out } = await rowtrail(args);
    expect(code).toBe(0);
    expect(out).toMatch(/--since <time>[^]*--debug/);
  });

  test('--version', async () => {
    expect(await rowtrail(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
  });
});

describe('wrong usage: exit code 2, what is wrong and what to do', () => {
  test.each<[args: string[], message: RegExp]>([
    [['rum'], /^rowtrail: unknown command 'rum'\n {2}→ Did you mean run\?\n {2}RT_USAGE\n$/],
    [['run', '--foo'], /^rowtrail: unknown option '--foo'\n/],
    [['tail', '--jsn'], /^rowtrail: unknown option '--jsn'\n {2}→ Did you mean --json\?\n/],
    [['status', 'extra'], /^rowtrail: too many arguments for 'status'/],
    [['status', '--config'], /^rowtrail: option '-c, --config <file>' argument missing\n/],
    [['log', 'usr:ana'], /^rowtrail: usr is not a filter: did you mean user\?\n {2}usr:ana\n {2}\^\n/],
    [['log', 'user:7', 'from:yesterday'], / {2}user:7 from:yesterday\n {14}\^\n/],
    [['tail', 'action:X'], /action is not an action: create, .*\n {2}action:X\n {9}\^/],
    [['tail', '--since', 'now-1h', 'from:now'], /from is given twice/],
    [['log', '-n', 'x'], /It takes a number of entries/],
    [['show', '12x'], /'12x' is invalid for argument 'id'\. It takes an id/],
    [['tail', '-n', 'many'], /argument 'many' is invalid\. It takes a number of entries, 0 or more\./],
    [['tail', '--since', 'yesterday'], /argument 'yesterday' is invalid\. It is not a time: give an RFC 3339 time/],
    [['demo', '--port', '70000'], /argument '70000' is invalid\. It takes a port from 0 \(any free one\) to 65535\./],
    [['demo', '--port', '-1'], /--port/],
    [['token', 'create'], /required option '-n, --name <name>' not specified/],
    [['token', 'create', '-n', 'a', '--role', 'root'], /Allowed choices are writer, viewer, operator, admin/],
    [['token', 'create', '-n', ' '], /It takes 1 to 100 characters/],
    [['token', 'create', '-n', 'a', '-t', 'orders'], /It takes "schema\.table"/],
    [['token', 'create', '-n', 'a', '-e', 'soon'], /It takes a number of days such as 90d/],
    [['token', 'create', '-n', 'a', '-e', '2020-01-01'], /It takes a time to come/],
    [['token', 'revoke', 'ana'], /It takes the id of a token/],
    [['token', 'rename'], /unknown command 'rename'/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await rowtrail(args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(message);
  });

  test('teardown in a pipe without --yes', async () => {
    const { code, err } = await rowtrail(['teardown'], { ROWTRAIL_SOURCE_URL: 'postgres://localhost:1/shop' });
    expect(code).toBe(2);
    expect(err).toMatch(/no terminal to ask on\n {2}→ Add --yes if you mean it\.\n {2}RT_USAGE\n$/);
  });
});

describe('a wrong configuration: exit code 2', () => {
  test.each(['setup', 'check', 'run', 'status', 'log', 'tail', 'teardown'])('%s', async (command) => {
    const file = await configFile('sources:\n  - name: shop\n    url: shop\n');
    const { code, out, err } = await rowtrail([command, '--config', file]);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('sources[0].url (line 3): found "shop", takes a PostgreSQL URL');
    expect(err).toContain('RT_CONFIG');
    expect(err).not.toContain('    at ');
  });

  test('as JSON', async () => {
    const { err } = await rowtrail(['status', '--json', '--config', await configFile('sources: []')]);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'RT_CONFIG', problems: [{ path: 'sources', line: 1 }] } });
  });

  test.each([
    [['--debug'], {}],
    [[], { ROWTRAIL_DEBUG: '1' }],
  ])('with a stack trace on request: %j %o', async (args, environment) => {
    const { err } = await rowtrail(['status', '--config', 'nowhere.yaml', ...args], environment);
    expect(err).toMatch(/nowhere\.yaml does not exist[^]*\n {4}at /);
  });
});

test('a database that cannot be reached: exit code 1, and check has it among its findings', async () => {
  const environment = { ROWTRAIL_SOURCE_URL: 'postgres://app:hunter2@127.0.0.1:1/shop' };
  const status = await rowtrail(['status'], environment);
  expect(status.code).toBe(1);
  expect(status.err).toMatch(
    /^rowtrail: cannot reach the store \(postgres:\/\/app:\*\*\*@127\.0\.0\.1:1\/shop\)[^]*RT_CONNECT\n$/,
  );
  const check = await rowtrail(['check', '--json'], environment);
  expect(check.code).toBe(3);
  expect(JSON.parse(check.out)).toMatchObject({
    ok: false,
    checks: [{ source: null, status: 'problem' }, { source: 'shop' }],
  });
  expect(status.err + check.out).not.toContain('hunter2');
});
