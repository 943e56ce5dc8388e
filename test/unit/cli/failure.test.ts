import { describe, expect, test } from 'vitest';
import { exitCodeOf, renderFailure } from '../../../src/cli/failure.ts';
import { createPaint } from '../../../src/cli/paint.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { RowtrailError } from '../../../src/lib/errors.ts';

const TEXT = { json: false, debug: false, paint: createPaint(false) };
const REFUSED = new RowtrailError('RT_AUTH', 'the source refused the login', {
  hint: 'Check the password.',
  cause: new Error('28P01'),
});

function configError(): unknown {
  try {
    return parseConfig('sources: []\nlog: {level: loud}', 'rowtrail.yaml', {});
  } catch (error) {
    return error;
  }
}

describe('for people', () => {
  test('message, what to do, code; no stack trace', () => {
    expect(renderFailure(REFUSED, TEXT)).toBe(
      'rowtrail: the source refused the login\n  → Check the password.\n  RT_AUTH',
    );
  });

  test('with --debug, the stack of the error and of its cause', () => {
    const text = renderFailure(REFUSED, { ...TEXT, debug: true });
    expect(text).toMatch(/RT_AUTH\nRowtrailError: the source refused the login\n {4}at /);
    expect(text).toMatch(/caused by: Error: 28P01\n {4}at /);
  });

  test('anything else is a defect', () => {
    expect(renderFailure(new TypeError('x is undefined'), TEXT)).toMatch(
      /^rowtrail: x is undefined\n {2}→ This is a defect in Rowtrail\..*\n {2}RT_INTERNAL$/,
    );
  });
});

describe('as JSON', () => {
  test('code, message and hint on one line', () => {
    expect(renderFailure(REFUSED, { ...TEXT, json: true })).toBe(
      '{"error":{"code":"RT_AUTH","message":"the source refused the login","hint":"Check the password."}}',
    );
  });

  test('every problem of a configuration on its own', () => {
    const { error } = JSON.parse(renderFailure(configError(), { ...TEXT, json: true })) as {
      error: { problems: { path: string; line: number }[] };
    };
    expect(error.problems).toMatchObject([
      { path: 'sources', line: 1 },
      { path: 'log.level', line: 2 },
    ]);
  });
});

test.each([
  [configError(), 2],
  [new RowtrailError('RT_USAGE', ''), 2],
  [new RowtrailError('RT_FILTER', ''), 2],
  [REFUSED, 1],
  [new Error('x'), 1],
])('exit code of %s', (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
