import { z } from 'zod';
import { messageOf } from '../lib/errors.ts';
import { nowMicros, parseTime, TIME_FORMS } from '../query/time.ts';
import { time } from './schemas.ts';

const moment = z
  .string({ error: `is ${TIME_FORMS}` })
  .max(64, 'may have 64 characters')
  .superRefine((text, context) => {
    try {
      parseTime(text, nowMicros());
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
  });

export const verifyBody = z.strictObject({
  from: moment.optional().describe(`Not what was recorded before: ${TIME_FORMS}.`),
  to: moment.optional().describe('Only what was recorded before.'),
});

const hash = z.string().describe('SHA-256, hex.');
const keyId = z.string().nullable().describe('Of the key that signed it; null: it is not signed.');
const outcome = z
  .enum(['proven', 'consistent', 'mismatch'])
  .describe(
    'consistent: everything matches its seals, which whoever rules the store could have made anew. proven: a signature vouches for it.',
  );

export const integrityAnswer = z
  .object({
    data: z.object({
      head: z
        .object({
          number: z.int(),
          first_id: z.string(),
          last_id: z.string().describe('Entries up to this id are sealed.'),
          sealed_at: time,
          hash,
          key_id: keyId,
        })
        .nullable()
        .describe('The last seal.'),
      unsealed: z
        .object({ first_id: z.string(), since: time, age_seconds: z.number() })
        .nullable()
        .describe('The oldest entry without a seal, and when it was recorded; null: every entry has one.'),
      last_verification: z
        .object({
          begun_at: time,
          ended_at: time,
          made_by: z.string(),
          outcome,
          complete: z.boolean(),
          first_seal: z.int().nullable(),
          last_seal: z.int().nullable(),
          entries: z.int(),
          problem: z.string().nullable().describe('The first one.'),
        })
        .nullable(),
    }),
  })
  .meta({ id: 'IntegrityAnswer' });

export const verifyAnswer = z
  .object({
    data: z.object({
      outcome,
      complete: z.boolean().describe('All of the range was read.'),
      proven_to: z.int().nullable().describe('The last seal that a signature vouches for.'),
      checked: z.object({
        seals: z.int(),
        first: z.int().nullable(),
        last: z.int().nullable(),
        entries: z.int(),
      }),
      removed_seals: z.int().describe('Seals whose entries retention has removed: of them, the chain is left.'),
      unsealed_entries: z.int().nullable().describe('Behind the last seal; null: that was not reached.'),
      head: z.object({ number: z.int(), last_id: z.string(), sealed_at: time, hash, key_id: keyId }).nullable(),
      problems: z.array(
        z.object({
          seal: z.int(),
          kind: z.enum([
            'seal_missing',
            'seal_changed',
            'seal_unsigned',
            'seal_signature',
            'head_missing',
            'head_changed',
            'removed',
            'inserted',
            'reordered',
            'edited',
          ]),
          message: z.string(),
          entries: z.array(z.string()).describe('Which it may be, by the traces in the store.'),
        }),
      ),
      further_problems: z.int(),
    }),
  })
  .meta({ id: 'VerifyAnswer' });
