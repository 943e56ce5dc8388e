import { z } from 'zod';
import { ROLES } from '../access/role.ts';
import { MAX_NAME_LENGTH, MAX_PATTERN_LENGTH, MAX_PATTERNS, TABLE_PATTERN } from '../access/token.ts';
import { MAX_ID } from '../query/id-range.ts';

const time = z.string().describe('RFC 3339, UTC, microseconds.').meta({ format: 'date-time' });
const role = z
  .enum(ROLES)
  .describe('writer: posts events only. viewer: reads. operator: reverts, too. admin: everything.');
const tables = z
  .array(z.string())
  .nullable()
  .describe("Patterns as in the configuration's `tables`; the last that matches decides. Null: not limited.");

const token = z
  .object({
    id: z.string().regex(/^\d+$/),
    name: z.string(),
    role,
    tables,
    created_by: z.string().describe('The name of the token that made it, `setup` or `cli`.'),
    created_at: time,
    expires_at: time.nullable().describe('Null: never.'),
    revoked_at: time.nullable(),
    last_used_at: time.nullable().describe('To the minute.'),
  })
  .meta({ id: 'Token', description: 'A token, without its secret.' });

export const tokenAnswer = z.object({ data: token }).meta({ id: 'TokenAnswer' });

export const tokensAnswer = z.object({ data: z.array(token) }).meta({ id: 'TokenList' });

export const newTokenAnswer = z
  .object({ data: token.extend({ secret: z.string().describe('Shown here, and never again.') }) })
  .meta({ id: 'NewTokenAnswer' });

export const meAnswer = z
  .object({
    data: z.object({
      token_id: z.string().nullable().describe('Null where authentication is off.'),
      name: z.string().describe("The token's."),
      role,
      tables,
      expires_at: time.nullable(),
    }),
  })
  .meta({ id: 'MeAnswer' });

/** An answer without a body. */
export function emptyAnswer(description: string) {
  return z.null().describe(description);
}

const NO_NUL = 'must not hold a NUL character';

export const signInBody = z.strictObject({
  token: z.string({ error: 'is a token, rt_…' }).max(200, 'is a token, rt_…').describe('A token, `rt_…`.'),
});

export const newTokenBody = z.strictObject({
  name: z
    .string({ error: 'is a name' })
    .trim()
    .min(1, 'must not be empty')
    .max(MAX_NAME_LENGTH, `may have ${MAX_NAME_LENGTH} characters`)
    .refine((text) => !/\p{Cc}/u.test(text), 'must not hold control characters')
    .describe('Whose it is; it stands in the journal.'),
  role,
  tables: z
    .array(
      z
        .string()
        .max(MAX_PATTERN_LENGTH, `a pattern may have ${MAX_PATTERN_LENGTH} characters`)
        .regex(TABLE_PATTERN, 'takes "schema.table" with * for any letters, and ! before an exclusion')
        .refine((text) => !text.includes('\0'), NO_NUL),
    )
    .min(1, 'needs at least one pattern; null is no limit')
    .max(MAX_PATTERNS, `may have ${MAX_PATTERNS} patterns`)
    .nullable()
    .default(null)
    .describe("Patterns as in the configuration's `tables`. Null: not limited."),
  expires_at: z.iso
    .datetime({ offset: true, error: 'is a time of RFC 3339, such as 2027-01-01T00:00:00Z' })
    .nullable()
    .default(null)
    .describe('RFC 3339. Null: never, or when the token that makes it does.'),
});

export const tokenParameters = z.strictObject({
  id: z
    .string()
    .refine((text) => /^\d{1,19}$/.test(text) && BigInt(text) <= MAX_ID, 'is not the id of a token: a whole number')
    .describe("A token's id."),
});
