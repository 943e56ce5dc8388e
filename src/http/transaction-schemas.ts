import { z } from 'zod';
import { actor, pageMeta } from './record-schemas.ts';
import { entry, id, time } from './schemas.ts';

const context = z.object({
  id,
  actor,
  attribution: z.enum(['app', 'database', 'replication', 'api', 'unknown']),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  comment: z.string().nullable(),
  request_id: z.string().nullable(),
  context: z.unknown(),
  database: z
    .object({
      role: z.string(),
      session_role: z.string(),
      application_name: z.string().nullable(),
      client_addr: z.string().nullable(),
      pid: z.int(),
    })
    .nullable(),
});

export const transactionAnswer = z
  .object({
    data: z.object({
      id,
      source: z.string(),
      epoch: z.int().describe('Rises with each new slot, server or timeline.'),
      xid: z.string().nullable().describe("The source's own number."),
      lsn: z.string().nullable().describe('Of the commit.'),
      committed_at: time,
      size: z.int().nullable().describe('Its entries; null for a token limited to tables.'),
      contexts: z
        .array(context)
        .describe('Who did it, from where and why: of the entries on this page. It may change within a transaction.'),
      entries: z.object({ data: z.array(entry), meta: pageMeta }),
    }),
  })
  .meta({ id: 'TransactionAnswer' });
