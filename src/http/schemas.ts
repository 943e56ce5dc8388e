import { z } from 'zod';
import { PROBLEMS } from './problem.ts';

/*
 * These schemas describe answers in the OpenAPI document. Answers are built as text, so that images keep
 * every digit, and never pass through them.
 */

export const id = z.string().regex(/^\d+$/).describe('A 64-bit number, as text.');
export const time = z.string().describe('RFC 3339, UTC, microseconds.').meta({ format: 'date-time' });
export const image = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe(
    'The row, columns in table order. Numbers carry every digit PostgreSQL prints (read them as decimals, not as doubles); json is verbatim; other types are strings of their output text.',
  );

const entryMembers = {
  id,
  action: z.string().describe('create, update, delete, truncate, baseline, schema, login, logout, comment or custom.'),
  timestamp: time.describe('When the transaction committed.'),
  source: z.string().nullable(),
  schema: z.string().nullable(),
  table: z.string().nullable(),
  record: z
    .string()
    .nullable()
    .describe("The key's text; a JSON array of texts for several columns; ~ and a SHA-256 where there is no key."),
  key: z.record(z.string(), z.unknown()).nullable().describe('The key columns; null where there is no key.'),
  changed: z.array(z.string()).describe('The columns an update changed.'),
  before: image,
  after: image,
  user: z
    .object({ id: z.string(), name: z.string().nullable() })
    .nullable()
    .describe('Who the application says it was.'),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  comment: z.string().nullable(),
  request_id: z.string().nullable(),
  context: z.unknown().describe('What else the application told; {} if nothing.'),
  attribution: z.enum(['app', 'database', 'replication', 'api', 'unknown']),
  database: z
    .object({
      role: z.string(),
      session_role: z.string(),
      application_name: z.string().nullable(),
      client_addr: z.string().nullable(),
      pid: z.int().nullable(),
    })
    .nullable()
    .describe('Who the database knows it was: not to be forged by the application.'),
  transaction: z
    .object({
      id,
      xid: z.string().nullable(),
      lsn: z.string().nullable().describe('Of the commit.'),
      ordinal: z.int().nullable().describe('Place in the transaction, from 0. Null for who does not see everything.'),
      size: z.int().nullable().describe('Entries in the transaction. Null for who does not see everything.'),
    })
    .nullable(),
  reverts: z.array(id).describe('Entries that this one takes back.'),
  reverted_by: z.array(id).describe('Entries that took this one back.'),
  comments: z.int(),
  incomplete: z
    .object({
      columns: z.array(z.string()),
      reason: z.enum(['toast', 'identity', 'masked', 'gap']),
      masked: z.array(z.string()).optional().describe('Those of them that are redacted, where others are lacking too.'),
    })
    .nullable()
    .describe('Columns whose value is not known, and why.'),
  api: z
    .object({ id: z.uuid(), token: z.string() })
    .optional()
    .describe('Of an entry that came over this interface: the id of the event, and the name of the token.'),
  data: z
    .unknown()
    .optional()
    .describe(
      'What an event of rowtrail.log() carries; of a schema change: tag, object, columns, acl; of a truncate: rows, partition.',
    ),
};

export const entry = z.object(entryMembers).meta({ id: 'Entry', description: 'One change of one row, or one event.' });

export const activityAnswer = z
  .object({
    data: z.array(entry),
    meta: z.object({
      next: z.string().nullable().describe('Cursor for `after`; null at the end of the list.'),
      prev: z.string().nullable().describe('Cursor for `before`; null at its start.'),
      searched: z
        .object({ until: time })
        .optional()
        .describe(
          'Where a page ended after some looking: everything that happened since this time was looked at (with `sort=id`: that was recorded before it), and `next` goes on.',
        ),
      count: z
        .object({ value: z.int(), exact: z.boolean() })
        .optional()
        .describe('With `count`: how many entries match in all.'),
      resume: z
        .string()
        .optional()
        .describe('With `sort=id`: cursor for `after`, to go on later with what has been added since.'),
    }),
  })
  .meta({ id: 'ActivityPage' });

export const entryAnswer = z
  .object({
    data: z.object({
      ...entryMembers,
      siblings: z
        .object({
          data: z.array(entry),
          total: z.int().describe('How many other entries the transaction has that you may see.'),
        })
        .describe('The other entries of its transaction, the nearest 100 at most.'),
      seal: z
        .object({
          number: z.int(),
          sealed_at: time,
          hash: z.string().describe('SHA-256, hex.'),
          key_id: z.string().nullable().describe('Of the key that signed it; null: it is not signed.'),
        })
        .nullable()
        .describe('The seal that covers it, see /integrity; null: it has none yet.'),
    }),
  })
  .meta({ id: 'EntryAnswer' });

const lsn = z.string().nullable().describe('A WAL position.');

const gap = z.object({
  epoch: z.int(),
  table: z.string().nullable().describe('The one table it is of; null: the whole source.'),
  reason: z.string(),
  detail: z.string().nullable(),
  from_lsn: lsn,
  to_lsn: lsn,
  from_time: time.nullable(),
  to_time: time.nullable().describe('Null: the gap goes on; where it is of the whole source, nothing is captured now.'),
  recorded_at: time,
});

const baseline = z
  .object({
    tables: z.int(),
    done: z.int(),
    rows: z.int().describe('Baseline entries written.'),
    open: z.array(
      z.object({
        table: z.string(),
        rows: z.int(),
        percent: z.int().nullable().describe('Null: it has not begun.'),
        note: z.string().nullable().describe('Why it waits.'),
      }),
    ),
  })
  .describe('How far the rows that were there before capture are recorded: tables that were asked for.');

const live = z.object({
  state: z.enum(['starting', 'streaming', 'waiting', 'stopped']),
  since: time,
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
  standby: z.boolean().describe('It waits because another Rowtrail captures this source, and takes over from it.'),
  received_lsn: lsn,
  source_lsn: lsn,
  lag_bytes: z.number().nullable(),
  lag_ms: z.number().nullable(),
  queued_bytes: z.number().nullable().describe('Received and not yet sent to the store.'),
  backlog_bytes: z.number().nullable().describe('What the source keeps until it is captured: WAL, or its outbox.'),
  backlog_limit_bytes: z
    .number()
    .nullable()
    .describe('Past this size changes are lost. Null: there is no limit but the disk, or it is not known.'),
  counters: z
    .object({
      changes: z.int(),
      entries: z.int(),
      transactions: z.int(),
      unverified_messages: z.int(),
      retries: z.int(),
    })
    .nullable()
    .describe('Since the daemon started. Null, as positions and numbers of bytes are, for a token limited to tables.'),
});

export const statusAnswer = z
  .object({
    data: z.object({
      store: z.object({
        schema: z.string(),
        entries_estimate: z.int(),
        kept_since: time
          .nullable()
          .describe('What was recorded before has been removed by retention; null: nothing ever was.'),
        partitions_until: time.nullable().describe('Entries recorded up to here have a partition already.'),
        bytes: z
          .int()
          .nullable()
          .describe('What its partitioned tables take on disk, with indexes. Null for a token limited to tables.'),
        periods: z
          .array(z.object({ from: time, to: time, bytes: z.int() }))
          .nullable()
          .describe('The same by the time in which entries were recorded, the newest first.'),
        removals_waiting: z
          .array(z.object({ partition: z.string(), since: time, reason: z.string().nullable() }))
          .describe('Partitions that retention could not remove yet.'),
      }),
      sources: z.array(
        z.object({
          name: z.string(),
          capture: z.enum(['wal', 'trigger']).nullable(),
          epoch: z.int().nullable(),
          slot: z.string().nullable(),
          end_lsn: lsn,
          acknowledged_lsn: lsn,
          committed_at: time.nullable().describe('Commit time of the last stored transaction.'),
          updated_at: time.nullable(),
          open_flushes: z.object({ count: z.int(), oldest: time.nullable() }),
          gaps: z.object({ count: z.int(), latest: z.array(gap) }),
          baseline,
          live: live.nullable(),
        }),
      ),
    }),
  })
  .meta({ id: 'StatusAnswer' });

export const healthAnswer = z.object({ status: z.literal('alive') });

export const readinessAnswer = z.object({
  status: z.literal('ready'),
  gaps: z.int().optional().describe('Recorded gaps in the history; told to those who may read the status.'),
});

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [keyof typeof PROBLEMS]),
    detail: z.string(),
    instance: z.string(),
    hint: z.string().optional(),
    role: z.string().optional().describe('The role that is needed.'),
    contact: z.string().optional().describe('Whom to ask for it.'),
    errors: z
      .array(
        z.object({
          parameter: z.string(),
          detail: z.string(),
          nearest: z.string().optional(),
          column: z.int().optional().describe('In a search text: where it is wrong, from 1, in characters.'),
        }),
      )
      .optional(),
    reasons: z.array(z.record(z.string(), z.unknown())).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' });

/** An answer for the OpenAPI document. */
export function jsonAnswer(description: string, schema: z.ZodType) {
  return { description, content: { 'application/json': { schema } } };
}

export function textAnswer(description: string) {
  return { description, content: { 'text/plain': { schema: z.string() } } };
}

export function problemAnswer(description: string) {
  return { description, content: { 'application/problem+json': { schema: problem } } };
}
