import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin } from '../../../src/access/grant.ts';
import { mayAct, ROLES } from '../../../src/access/role.ts';
import { hashOf, isSecret, newSecret } from '../../../src/access/secret.ts';
import { includes, parseTablePattern } from '../../../src/lib/table-pattern.ts';

describe('what a token may give', () => {
  it.each([
    [['public.orders'], ['public.*'], true],
    [['public.o*', '!public.orders'], ['public.*'], true],
    [['public.*'], ['public.*', '!public.secret'], false],
    [['public.o*'], ['public.*', '!public.secret'], true],
    [['public.*', '!public.secret'], ['public.*', '!public.secret'], true],
    [['public.*', '!public.s*'], ['public.*', '!public.secret'], true],
    [['!public.secret', 'public.*'], ['public.*', '!public.secret'], false],
    [['public.*', '!public.secret', 'public.s*'], ['public.*', '!public.secret'], false],
    [['public.s*t'], ['public.*', '!public.*cret'], false],
    [['public.*'], ['public.a*', 'public.*'], true],
    [['*.orders'], ['public.*', 'archive.*'], false],
    [['public.secret'], ['public.*', '!public.secret'], false],
    [['public.secret'], ['!public.secret', 'public.*'], true],
    [['public.x'], [], false],
    [[], ['public.x'], true],
    [['pub*.a*b'], ['p*.*b'], true],
    [null, ['*.*'], false],
    [['public.x'], null, true],
    [null, null, true],
  ])('%j of %j: %s', (given, own, within) => {
    expect(isWithin(given, own)).toBe(within);
  });

  it('never lets in a table that it keeps out itself', () => {
    const part = fc.stringMatching(/^[ab*]{1,4}$/);
    const pattern = fc.tuple(fc.boolean(), part, part).map(([not, s, t]) => `${not ? '!' : ''}${s}.${t}`);
    const list = fc.array(pattern, { minLength: 1, maxLength: 4 });
    const name = fc.stringMatching(/^[ab]{1,4}$/);
    let within = 0;
    fc.assert(
      fc.property(list, list, fc.array(fc.tuple(name, name), { minLength: 30, maxLength: 30 }), (given, own, names) => {
        if (!isWithin(given, own)) return;
        within += 1;
        const [g, o] = [given.map(parseTablePattern), own.map(parseTablePattern)];
        for (const [schema, table] of names) {
          if (includes(g, schema, table)) expect(includes(o, schema, table), `${schema}.${table}`).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(within).toBeGreaterThan(100);
  });
});

describe('roles', () => {
  it('may do what they are for', () => {
    const may = ROLES.map((role) => [role, ROLES.filter((needed) => mayAct(role, needed))]);
    expect(Object.fromEntries(may)).toEqual({
      writer: ['writer'],
      viewer: ['viewer'],
      operator: ['writer', 'viewer', 'operator'],
      admin: ['writer', 'viewer', 'operator', 'admin'],
    });
  });
});

describe('secrets', () => {
  it('have a form that is known again, and never the same text', () => {
    const secrets = Array.from({ length: 100 }, () => newSecret('token'));
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) {
      expect(secret).toMatch(/^rt_[\w-]{43}$/);
      expect(isSecret(secret, 'token')).toBe(true);
      expect(isSecret(secret, 'sign-in')).toBe(false);
    }
    for (const text of ['', 'rt_', `rt_${'a'.repeat(42)}`, `rt_${'a'.repeat(44)}`, `rt_${'a'.repeat(42)}\0`]) {
      expect(isSecret(text, 'token')).toBe(false);
    }
    expect(hashOf('a')).toHaveLength(32);
  });
});
