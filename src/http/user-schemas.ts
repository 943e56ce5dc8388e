import { z } from 'zod';
import { TIME_FORMS } from '../query/time.ts';
import { SEARCHED_ENTRIES } from '../query/user.ts';
import { MAX_KEY_LENGTH } from './limits.ts';
import { oneText, repeated } from './parameters.ts';
import { entryMark, pageMeta, pageParameters } from './record-schemas.ts';
import { time } from './schemas.ts';

export const userListParameters = z.strictObject({
  sort: z
    .enum(['recent', 'most', 'least'], { error: 'is recent, most or least' })
    .default('recent')
    .describe(
      'recent: by the last action. most, least: by the number of actions; who never acted comes first with least.',
    ),
  q: oneText.optional().describe("A part of the user's id or name, whatever the case."),
  source: repeated(oneText, 'A source, by its configured name.'),
  from: oneText.optional().describe(`Acted not before this time, and counted from it: ${TIME_FORMS}.`),
  to: oneText.optional().describe('Acted before this time, exclusive; the same forms.'),
  ...pageParameters,
});

export const userParameters = z.strictObject({
  id: z
    .string()
    .max(MAX_KEY_LENGTH, `may have ${MAX_KEY_LENGTH} characters`)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')
    .describe(
      '`source:kind:claim`, percent-encoded: `shop:user:7`, `shop:database:app`. The kind is user (the id that the application gave), database (the role), replication, api or unknown. It never changes. Someone who acts on two sources is two users: that one claim means the same person on both is not known.',
    ),
});

const person = z
  .object({ seen_at: time, left_at: time.nullable().describe('Since when the table has them no more.') })
  .nullable()
  .describe("Where the source's users table is configured: when they were last found in it. Null: never there.");

const identity = {
  id: z.string().describe('`source:kind:claim`.'),
  source: z.string(),
  kind: z.enum(['user', 'database', 'replication', 'api', 'unknown']),
  claim: z.string(),
  name: z.string().nullable(),
  person,
};

export const usersAnswer = z
  .object({
    data: z.array(
      z.object({
        ...identity,
        count: z.int().describe('Actions, in the time that was asked for.'),
        first_action: time.nullable(),
        last_action: time.nullable(),
      }),
    ),
    meta: pageMeta,
  })
  .meta({ id: 'UserPage' });

const places = z
  .object({
    data: z.array(z.object({ value: z.string(), count: z.int(), last: time })),
    exact: z.boolean(),
  })
  .describe(`By the latest ${SEARCHED_ENTRIES} entries.`);

export const userAnswer = z
  .object({
    data: z.object({
      ...identity,
      count: z.int(),
      actions: z.record(z.string(), z.int()),
      tables: z.array(z.object({ source: z.string(), schema: z.string(), table: z.string(), count: z.int() })),
      first: entryMark.nullable(),
      last: entryMark.nullable(),
      logins: z.object({ count: z.int(), last: entryMark.nullable() }),
      ips: places,
      user_agents: places,
      resources: z
        .array(
          z.object({
            source: z.string(),
            schema: z.string(),
            table: z.string(),
            record: z.string(),
            change: entryMark,
          }),
        )
        .describe('The records that they changed last; all of them: /resources with `user`.'),
    }),
  })
  .meta({ id: 'UserAnswer' });
