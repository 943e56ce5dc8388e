import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseContextMessage, provesItself } from '../../../src/transaction/context-message.ts';
import { CLAIM_LIMITS, cut, safeJson } from '../../../src/transaction/limits.ts';
import { arrayText } from './array-text.ts';

/** Any text that PostgreSQL can hold. */
const text = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('NULL', 'null', '', ' ', '{}', '","', '\\"'))
  .map((value) => value.replaceAll('\0', ''));
const setting = fc.option(text, { nil: null });

/** Half a character. */
const LONE = /\p{Surrogate}/u;

describe('context messages', () => {
  it('carry any text through an array literal', () => {
    fc.assert(
      fc.property(fc.array(setting, { minLength: 9, maxLength: 9 }), (settings) => {
        const message = parseContextMessage(arrayText(['c', 'token', ...settings]), []);
        if (message?.kind !== 'context') throw new Error('not a context message');
        const wanted = settings.map((value) => (value === '' ? null : value));
        expect(message.token).toBe('token');
        expect(message.role).toBe(wanted[0] === 'none' ? null : wanted[0]);
        expect(message.applicationName).toBe(wanted[1]);
        expect(message.claims.userId).toBe(wanted[2] === null ? null : cut(wanted[2]!, CLAIM_LIMITS.userId));
        expect(message.claims.comment).toBe(wanted[6] === null ? null : cut(wanted[6]!, CLAIM_LIMITS.comment));
      }),
    );
  });

  it('never throw, whatever anyone sends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(setting).map(arrayText)), (content) => {
        parseContextMessage(content, [{ claim: 'userId', position: 0, path: 'sub' }]);
      }),
    );
    expect(parseContextMessage('{'.repeat(1_000_000), [])).toBeNull();
    expect(parseContextMessage(`{"c","token"${',x'.repeat(8)},"\0"}`, [])).toBeNull();
  });

  it('read mapped claims, our own settings first', () => {
    const mappings = [
      { claim: 'userId', position: 0, path: 'sub' },
      { claim: 'userName', position: 0, path: 'https://example.org/name' },
      { claim: 'ip', position: 1, path: null },
      { claim: 'requestId', position: 0, path: 'meta.request' },
    ] as const;
    const claimsOf = (json: string, ...own: string[]) => {
      const settings = ['none', 'psql', ...Array.from({ length: 7 }, (_, i) => own[i] ?? '')];
      const message = parseContextMessage(arrayText(['c', 'token', ...settings, json, '10.0.0.1']), mappings);
      return message?.kind === 'context' ? message.claims : null;
    };
    expect(claimsOf('{"sub":"u1","https://example.org/name":"Ana","meta":{"request":"r"}}')).toMatchObject({
      userId: 'u1',
      userName: 'Ana',
      ip: '10.0.0.1',
      requestId: 'r',
    });
    expect(claimsOf('{"sub":"u1"}', 'own')).toMatchObject({ userId: 'own', userName: null });
    expect(claimsOf('not json')).toMatchObject({ userId: null, ip: '10.0.0.1' });
    expect(claimsOf('{"sub":null}')).toMatchObject({ userId: null });
    expect(claimsOf('[]')).toMatchObject({ userId: null });
  });

  it('keep every digit of a numeric claim', () => {
    const mappings = [{ claim: 'userId', position: 0, path: 'a.sub' }] as const;
    for (const id of ['12345678901234567890', '9007199254740993', '1.50', '-7', '1e3']) {
      const json = `{"x": "\\"3\\\\", "a": {"n": [1, 2], "sub": ${id}}}`;
      const message = parseContextMessage(arrayText(['c', 'token', ...Array(9).fill(''), json]), mappings);
      expect(message?.kind === 'context' && message.claims.userId).toBe(id);
    }
  });

  it('tell secrets apart', () => {
    expect(provesItself('abc', 'abc')).toBe(true);
    expect(provesItself('abd', 'abc')).toBe(false);
    expect(provesItself('abcd', 'abc')).toBe(false);
    expect(provesItself('', 'abc')).toBe(false);
  });
});

describe('limits', () => {
  it('cut between characters, not through them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 2, max: 30 }), (value, limit) => {
        const short = cut(value, limit);
        expect(short.length).toBeLessThanOrEqual(limit);
        expect(short).not.toMatch(LONE);
        if (value.length <= limit) expect(short).toBe(value);
        else expect(value.startsWith(short.slice(0, -1))).toBe(true);
      }),
    );
    expect(cut('🙂'.repeat(200), CLAIM_LIMITS.userId)).not.toMatch(LONE);
  });

  it('keep valid JSON as it is and make strings of the rest', () => {
    expect(safeJson('{"a": 1.0}', 100)).toBe('{"a": 1.0}');
    expect(safeJson('{bad \\ud800', 100)).toBe('"{bad \\\\ud800"');
    expect(JSON.parse(safeJson('{"a": 1', 100))).toBe('{"a": 1');
    expect(JSON.parse(safeJson(JSON.stringify('x'.repeat(200)), 100))).toMatch(/^"x+…$/);
    expect(typeof JSON.parse(safeJson('['.repeat(100) + ']'.repeat(100), 1000))).toBe('string');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          text,
          text.map((t) => `${t}\\ud83d`),
        ),
        fc.integer({ min: 2, max: 60 }),
        (value, limit) => {
          JSON.parse(safeJson(value, limit));
        },
      ),
    );
  });
});
