import { z } from 'zod';
import { MAX_QUERY_LENGTH } from '../query/grammar/query-text.ts';
import { MAX_ID } from '../query/id-range.ts';
import { MAX_LISTED_STEPS } from '../revert/plan.ts';
import { MAX_KEY_LENGTH, MAX_NAME_LENGTH } from './limits.ts';
import { id, problem } from './schemas.ts';

/** Names of columns in one request: as many as a table may have. */
const MAX_COLUMNS = 1_600;
const MAX_COMMENT_LENGTH = 8_192;
const MAX_PLAN_LENGTH = 4_096;

function text(maxLength: number) {
  return z
    .string('must be a text')
    .min(1, 'must not be empty')
    .max(maxLength, `may have ${maxLength} characters`)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character');
}

const givenId = z
  .string('must be a text of digits')
  .regex(/^\d{1,19}$/, 'must be a text of digits')
  .refine((digits) => !/^\d{1,19}$/.test(digits) || BigInt(digits) <= MAX_ID, 'is no id');

const record = z.strictObject({
  source: text(MAX_NAME_LENGTH),
  table: text(MAX_NAME_LENGTH).describe('`orders`, or `public.orders`.'),
  key: text(MAX_KEY_LENGTH).describe("As an entry's `record` gives it."),
});

const to = z
  .union(
    [
      z.strictObject({ entry: givenId.describe('The record as this entry left it.') }),
      z.strictObject({ time: text(64).describe('The record as it was then: RFC 3339, a date, or `now-2h`.') }),
    ],
    'is {"entry": "1042"} or {"time": "2026-11-20T10:00Z"}',
  )
  .describe('Where the record goes back to.');

const target = z
  .union(
    [
      z.strictObject({ entry: givenId }).describe('One entry.'),
      z.strictObject({ transaction: givenId }).describe('A whole transaction: `transaction.id` of its entries.'),
      z.strictObject({ record, to }).describe('One record, back to an entry or a time.'),
      z
        .strictObject({ query: text(MAX_QUERY_LENGTH) })
        .describe('Every entry that a search finds: `user:7 from:now-1h`.'),
    ],
    'is one of {"entry": "1042"}, {"transaction": "981"}, {"record": {"source", "table", "key"}, "to": {"entry"} or {"time"}} and {"query": "user:7 from:now-1h"}',
  )
  .describe('What is taken back.');

const request = {
  target,
  fields: z
    .array(text(MAX_NAME_LENGTH))
    .min(1, 'must name a column')
    .max(MAX_COLUMNS, `may name ${MAX_COLUMNS} columns`)
    .optional()
    .describe('Only these columns of updates. Without it, all that were changed.'),
  set: z
    .record(text(MAX_NAME_LENGTH), z.unknown(), 'must be a JSON object: values by column')
    .optional()
    .describe(
      "Values of your own, by column, in place of the old ones: of one record only. A string is the value's text as PostgreSQL takes it; a number goes in with every digit; null is null; an object or array is for json columns.",
    ),
  onConflict: z
    .enum(['abort', 'skip', 'force'], { error: 'is abort, skip or force' })
    .default('abort')
    .describe(
      'Where a row is not as the entries left it. abort: nothing is done. skip: that row is left out. force: it is overwritten, and the answer says what was.',
    ),
  comment: text(MAX_COMMENT_LENGTH).optional().describe('Why. It becomes the comment of the resulting entries.'),
};

export const previewBody = z.strictObject(request).meta({ id: 'RevertRequest' });
export const applyBody = z
  .strictObject({ ...request, plan: text(MAX_PLAN_LENGTH).describe('`plan` of the preview.') })
  .meta({ id: 'RevertOrder' });

/** A client may send a request again under the same key: it is carried out once. */
export const applyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7E]{1,255}$/, 'is 1 to 255 visible ASCII characters')
    .optional()
    .describe('Makes a repeat safe for 7 days: the second request under a key answers with the result of the first.'),
});

const value = z.unknown().describe('As in an image: with every digit. Null also where it is not known.');

const step = z.object({
  entry: id.describe('The newest of the entries that it takes back.'),
  entries: z.array(id).describe('All of them, newest first.'),
  source: z.string(),
  table: z.string().describe('`schema.table`, as it is called now.'),
  record: z.string().nullable(),
  action: z.enum(['create', 'update', 'delete', 'none']),
  status: z
    .enum(['ready', 'noop', 'conflict', 'impossible'])
    .describe(
      'noop: the row is as it should be. conflict: it is not as the entries left it. impossible: see `reason`.',
    ),
  reason: z.string().nullable(),
  changes: z.array(
    z.object({ column: z.string(), current: value, target: value, expected: value.describe('What the entries left.') }),
  ),
  sql: z.string().nullable().describe('What is done, for people to read.'),
});

const summary = z.object({
  entries: z.int().describe('Entries that are taken back.'),
  ignored: z.int().describe('Entries of the target that are no changes of rows.'),
  steps: z.int(),
  ready: z.int(),
  noop: z.int(),
  conflict: z.int(),
  impossible: z.int(),
  listed: z.int().describe(`Steps in \`steps\`: at most ${MAX_LISTED_STEPS}, those that are not ready first.`),
  applicable: z.boolean().describe('Whether this plan would be carried out.'),
});

const sideEffects = z
  .array(
    z.object({
      table: z.string(),
      inserted: z.int(),
      updated: z.int(),
      deleted: z.int(),
      columns: z.array(z.string()).describe('Columns that changed in rows of the plan, and are not in it.'),
      stamped: z
        .array(z.string())
        .describe('Columns of rows of the plan in which a trigger has put the time of the revert: no conflict.'),
    }),
  )
  .describe('Rows that the database changes beyond the plan: by triggers, or cascades of foreign keys.');

const revertPreview = z
  .object({
    plan: z.string().describe('For `POST /reverts`, good for 15 minutes.'),
    summary,
    sideEffects,
    steps: z.array(step),
  })
  .meta({ id: 'RevertPreview' });

export const previewAnswer = z.object({ data: revertPreview }).meta({ id: 'RevertPreviewAnswer' });

export const applyAnswer = z
  .object({
    data: z.object({
      transaction: z.string().describe("The source's transaction id: `transaction.xid` of the resulting entries."),
      summary: summary.extend({ applied: z.int(), overwritten: z.int(), skipped: z.int() }),
      sideEffects,
      steps: z.array(step),
    }),
  })
  .meta({ id: 'RevertAnswer' });

const movedProblem = problem
  .extend({ preview: revertPreview })
  .meta({ id: 'RevertProblem', description: 'RFC 9457, with what the revert would do now.' });

export function movedAnswer(description: string) {
  return { description, content: { 'application/problem+json': { schema: movedProblem } } };
}
