import { z } from 'zod';
import { ACTION_PATTERN } from '../query/grammar/value-check.ts';
import { MAX_ID } from '../query/id-range.ts';
import { MAX_EVENTS } from './limits.ts';
import { activityAnswer } from './schemas.ts';

/** Actions of changes that Rowtrail itself saw: nobody may claim them. */
const ROW_ACTIONS = new Set(['create', 'insert', 'update', 'delete', 'truncate', 'baseline', 'schema']);
/** What Rowtrail itself writes of those who use it. */
const OWN_ACTIONS = new Set(['read', 'export', 'report', 'denied', 'comment', 'revert']);

function text(maxLength: number) {
  return z
    .string('must be a text')
    .min(1, 'must not be empty')
    .max(maxLength, `may have ${maxLength} characters`)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character');
}

const eventId = z
  .uuid('must be a UUID')
  .transform((uuid) => uuid.toLowerCase())
  .describe('A UUID of your own: what is sent again under it is written once. Without it, each call writes.');

const user = z
  .strictObject({ id: text(256), name: text(256).optional() })
  .describe('Who did it. Without it, the token.');

const client = {
  user: user.optional(),
  ip: text(64).optional(),
  user_agent: text(1024).optional(),
  request_id: text(256).optional(),
};

export const event = z
  .strictObject({
    id: eventId.optional(),
    action: z
      .string('must be a text: login, logout, or an action of your own')
      .regex(ACTION_PATTERN, 'must be up to 63 of a-z, 0-9, _, . and -, and begin with a letter: login, order.exported')
      .refine((action) => !ROW_ACTIONS.has(action), 'is kept for changes that Rowtrail itself saw')
      .refine((action) => !OWN_ACTIONS.has(action), 'is kept for what Rowtrail itself writes')
      .describe('login, logout or one of your own, such as order.exported.'),
    comment: text(8192).optional(),
    data: z.unknown().optional().describe('Any JSON. It is kept as it is, with every digit of its numbers.'),
    source: text(63).optional().describe('The source it belongs to. Without it, that of the table, else `rowtrail`.'),
    table: text(256).optional().describe('A table that it is about: `orders`, or `public.orders`.'),
    record: text(2048).optional().describe("A record of that table, as an entry's `record` gives it."),
    ...client,
    context: z
      .record(z.string(), z.unknown(), 'must be a JSON object')
      .optional()
      .describe('What else is to be known.'),
  })
  .refine(({ record, table }) => record === undefined || table !== undefined, {
    path: ['record'],
    message: 'takes a table that it is of',
  });

export type EventBody = z.output<typeof event>;

/** One, or several as one transaction. */
export const eventsBody = z
  .preprocess(
    (given) => (Array.isArray(given) ? given : [given]),
    z
      .array(event)
      .min(1, 'must hold an event')
      .max(MAX_EVENTS, `may hold ${MAX_EVENTS} events`)
      .refine((events) => {
        const ids = events.flatMap(({ id }) => id ?? []);
        return new Set(ids).size === ids.length;
      }, 'holds two events with one id'),
  )
  .describe('An array of events. One by itself is taken as well.');

export const commentBody = z.strictObject({ id: eventId.optional(), comment: text(8192), ...client });

const appended = z.object({
  id: z.string().regex(/^\d+$/).describe("The entry's id."),
  event: z.uuid().describe('The id that the event came with, or was given.'),
  created: z.boolean().describe('False: it had been written before.'),
});

export const eventsAnswer = z
  .object({ data: z.union([appended, z.array(appended)]).describe('In the order of the events.') })
  .meta({ id: 'EventsAnswer' });

export const commentAnswer = z.object({ data: activityAnswer.shape.data.element }).meta({ id: 'CommentAnswer' });

export const commentsAnswer = z
  .object({
    data: activityAnswer.shape.data,
    meta: z.object({ next: z.string().nullable(), prev: z.string().nullable() }),
  })
  .meta({ id: 'CommentsPage' });

export const commentsParameters = z.strictObject({
  limit: z
    .preprocess(
      (given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given),
      z.int('is a whole number from 1 to 1000').min(1, 'is at least 1').max(1000, 'is at most 1000').default(50),
    )
    .describe('Comments on a page, 1 to 1000.'),
  after: z
    .string('may be given once only')
    .refine((cursor) => commentAfter(cursor) !== undefined, 'is not a cursor: take it from meta.next')
    .optional()
    .describe('The page after this cursor (`meta.next`).'),
});

/** The id that a cursor stands for. */
export function commentAfter(cursor: string): bigint | undefined {
  const id = Buffer.from(cursor, 'base64url').toString();
  const isOne = /^\d{1,19}$/.test(id) && BigInt(id) <= MAX_ID && commentCursor(BigInt(id)) === cursor;
  return isOne ? BigInt(id) : undefined;
}

export function commentCursor(id: bigint): string {
  return Buffer.from(id.toString()).toString('base64url');
}
