import { z } from 'zod';
import { nearest } from '../lib/nearest.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../query/activity.ts';
import { COUNT_MODES } from '../query/count.ts';
import { ENTRY_FIELDS } from '../query/entry-fields.ts';
import { FILTER_KEYS, type ListKey } from '../query/grammar/filter-key.ts';
import { MAX_QUERY_LENGTH } from '../query/grammar/query-text.ts';
import { complaintOf } from '../query/grammar/value-check.ts';
import { MAX_ID } from '../query/id-range.ts';
import { TIME_FORMS } from '../query/time.ts';
import { MAX_VALUE_LENGTH, MAX_VALUES } from './limits.ts';

/** The complaint about a parameter that is no text: it was given as a list, or not at all. */
export const ONCE = 'may be given once only';

export const oneText = z
  .string({ error: ONCE })
  .min(1, 'must not be empty')
  .max(MAX_VALUE_LENGTH, `may have ${MAX_VALUE_LENGTH} characters`)
  // PostgreSQL text holds no NUL, so nothing stored could match one.
  .refine((value) => !value.includes('\0'), 'must not hold a NUL character');

export function repeated(value: z.ZodType<string>, description: string) {
  return z
    .preprocess(
      (given) => (given === undefined || Array.isArray(given) ? given : [given]),
      z.array(value).max(MAX_VALUES, `may be given ${MAX_VALUES} times`).default([]),
    )
    .describe(`${description} Repeat it for any of several.`);
}

/** Digits only: `1e2`, ` 5` and an empty text are no numbers here. */
export const limit = z
  .preprocess(
    (given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given),
    z
      .int({ error: `is a whole number from 1 to ${MAX_LIMIT}` })
      .min(1, `is a whole number from 1 to ${MAX_LIMIT}`)
      .max(MAX_LIMIT, `is a whole number from 1 to ${MAX_LIMIT}`)
      .default(DEFAULT_LIMIT),
  )
  .describe(`Entries on a page, 1 to ${MAX_LIMIT}. A page of large images may hold fewer although more follow.`);

function filter(key: ListKey) {
  const value = z.string({ error: ONCE }).superRefine((text, context) => {
    const complaint = complaintOf(key, text);
    if (complaint !== undefined) context.addIssue({ code: 'custom', message: complaint });
  });
  return repeated(value, `${FILTER_KEYS[key].replace(/^./, (letter) => letter.toUpperCase())}.`);
}

/** Names by comma, or one by one. */
export const fields = z
  .preprocess(
    (given) =>
      given === undefined
        ? given
        : [given].flat().flatMap((text) => (typeof text === 'string' ? text.split(',') : [text])),
    z
      .array(
        z.string().superRefine((name, context) => {
          if ((ENTRY_FIELDS as readonly string[]).includes(name)) return;
          const meant = nearest(name, ENTRY_FIELDS);
          const message = `names ${JSON.stringify(name.slice(0, 64))}, which entries do not have`;
          context.addIssue({
            code: 'custom',
            message: `${message}: ${meant === undefined ? `they have ${ENTRY_FIELDS.join(', ')}` : `did you mean ${meant}?`}`,
          });
        }),
      )
      .max(MAX_VALUES, `may name ${MAX_VALUES} members`)
      .optional(),
  )
  .describe('The members of entries to give, by comma: `id,timestamp,action`. All of them if it is left out.');

export const activityParameters = z.strictObject({
  q: z
    .string({ error: ONCE })
    .max(MAX_QUERY_LENGTH, `may have ${MAX_QUERY_LENGTH} characters`)
    .optional()
    .describe(
      'A search text: `user:ana table:orders,customers -action:delete ip:10.0.0.0/8 from:now-7d "free text"`. It has all filters below by their names, and besides `old:`, `new:` (values), `value:` (a part of one), `is:direct`, `is:bulk`, `is:event`, `is:revert`, `is:reverted`, `is:incomplete`; `-` negates; words alone search records, users, request ids and comments. It and the other filters must both hold; a filter that both have is one with several values.',
    ),
  source: filter('source'),
  table: filter('table'),
  record: filter('record'),
  user: filter('user'),
  ip: filter('ip'),
  action: filter('action'),
  field: filter('field'),
  from: oneText.optional().describe(`Not before this time: ${TIME_FORMS}.`),
  to: oneText.optional().describe('Before this time, exclusive; the same forms.'),
  tx: filter('tx'),
  request_id: filter('request_id'),
  attribution: filter('attribution'),
  comment: filter('comment'),
  count: z
    .enum(COUNT_MODES, { error: 'is estimate or exact' })
    .optional()
    .describe(
      'Also how many entries match in all, in `meta.count`. `exact` counts every one; `estimate` where that would take long not.',
    ),
  fields,
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

export const entryParameters = idParameters('an entry', "An entry's id.");
export const transactionParameters = idParameters('a transaction', "A transaction's id, as entries have it.");

function idParameters(of: string, description: string) {
  return z.strictObject({
    id: z
      .string()
      .refine(
        (text) => /^\d{1,19}$/.test(text) && BigInt(text) <= MAX_ID,
        `is not the id of ${of}: a 64-bit whole number`,
      )
      .describe(description),
  });
}

/** For paths that take no query parameter, so that a mistaken one is named rather than ignored. */
export const noParameters = z.strictObject({});
