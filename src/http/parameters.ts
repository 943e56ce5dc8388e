import { z } from 'zod';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../query/activity.ts';
import { ACTION_PATTERN } from '../query/filter.ts';
import { MAX_ID } from '../query/id-range.ts';
import { TIME_FORMS } from '../query/time.ts';
import { MAX_VALUE_LENGTH, MAX_VALUES } from './limits.ts';

const ONCE = 'may be given once only';

const oneText = z
  .string({ error: ONCE })
  .min(1, 'must not be empty')
  .max(MAX_VALUE_LENGTH, `may have ${MAX_VALUE_LENGTH} characters`)
  // PostgreSQL text holds no NUL, so nothing stored could match one.
  .refine((value) => !value.includes('\0'), 'must not hold a NUL character');

function repeated(value: z.ZodType<string>, description: string) {
  return z
    .preprocess(
      (given) => (given === undefined || Array.isArray(given) ? given : [given]),
      z.array(value).max(MAX_VALUES, `may be given ${MAX_VALUES} times`).default([]),
    )
    .describe(`${description} Repeat it for any of several.`);
}

/** Digits only: `1e2`, ` 5` and an empty text are no numbers here. */
const limit = z
  .preprocess(
    (given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given),
    z
      .int({ error: `is a whole number from 1 to ${MAX_LIMIT}` })
      .min(1, `is a whole number from 1 to ${MAX_LIMIT}`)
      .max(MAX_LIMIT, `is a whole number from 1 to ${MAX_LIMIT}`)
      .default(DEFAULT_LIMIT),
  )
  .describe(`Entries on a page, 1 to ${MAX_LIMIT}. A page of large images may hold fewer although more follow.`);

export const activityParameters = z.strictObject({
  table: repeated(oneText, 'A table: `orders`, or `public.orders`.'),
  record: repeated(
    oneText,
    'A record, as an entry\'s `record` gives it: `42`, or `["1","eu"]` for a key of several columns.',
  ),
  user: repeated(oneText, "Who acted: a user's id or name."),
  source: repeated(oneText, 'A source, by its configured name.'),
  action: repeated(
    oneText.refine(
      (value) => ACTION_PATTERN.test(value),
      'is not an action: create, update, delete, truncate, baseline, schema, login, logout, comment or one of your own',
    ),
    'An action: create (or insert), update, delete, truncate, baseline, schema, login, logout, comment, or one of your own.',
  ),
  from: oneText.optional().describe(`Not before this time: ${TIME_FORMS}.`),
  to: oneText.optional().describe('Before this time, exclusive; the same forms.'),
  sort: z
    .enum(['-id', 'id'], { error: 'is -id (newest first) or id (oldest first)' })
    .default('-id')
    .describe(
      '`-id`: newest first. `id`: oldest first, never past an entry that may still be on its way, so that a poller misses none.',
    ),
  limit,
  after: oneText.optional().describe('The page after this cursor (`meta.next` or `meta.resume` of another page).'),
  before: oneText.optional().describe('The page before this cursor (`meta.prev` of another page).'),
});

export type ActivityParameters = z.output<typeof activityParameters>;

export const entryParameters = z.strictObject({
  id: z
    .string()
    .refine((text) => /^\d{1,19}$/.test(text) && BigInt(text) <= MAX_ID, 'is not an entry id: a 64-bit whole number')
    .describe("An entry's id."),
});

/** For paths that take no query parameter, so that a mistaken one is named rather than ignored. */
export const noParameters = z.strictObject({});
