import { z } from 'zod';
import { TIME_FORMS } from '../query/time.ts';
import { MOMENT_FORMS } from '../query/record-compare.ts';
import { COUNTED_REVISIONS, SEARCHED_FOR_ACTORS } from '../query/record.ts';
import { MAX_KEY_LENGTH, MAX_NAME_LENGTH } from './limits.ts';
import { fields, limit, oneText } from './parameters.ts';
import { entry, id, image, time } from './schemas.ts';

const pathText = (what: string, maxLength: number) =>
  z
    .string()
    .max(maxLength, `may have ${maxLength} characters`)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')
    .describe(what);

export const recordParameters = z.strictObject({
  source: pathText("The source's configured name.", MAX_NAME_LENGTH),
  table: pathText(
    '`schema.table`, without quotes, whatever characters the names have; percent-encoded.',
    MAX_NAME_LENGTH,
  ),
  key: pathText(
    'The record, as an entry\'s `record` gives it: `42`, `["1","eu"]` for a key of several columns, `~` and a hash without a key. Percent-encoded. Any key that it has had.',
    MAX_KEY_LENGTH,
  ),
});

/** Cursors of any list. */
export const pageParameters = {
  limit,
  after: oneText.optional().describe('The page after this cursor (`meta.next` of another page).'),
  before: oneText.optional().describe('The page before this cursor (`meta.prev` of another page).'),
};

export const historyParameters = z.strictObject({
  sort: z
    .enum(['-id', 'id'], { error: 'is -id (newest first) or id (oldest first)' })
    .default('-id')
    .describe('`-id`: newest first. `id`: oldest first.'),
  fields,
  ...pageParameters,
});

export const atParameters = z.strictObject({ time: oneText.describe(`The moment: ${TIME_FORMS}.`) });

export const compareParameters = z.strictObject({
  from: oneText.describe(`The one state: ${MOMENT_FORMS}.`),
  to: oneText.default('latest').describe('The other one; the same forms.'),
});

export const pageMeta = z.object({
  next: z.string().nullable().describe('Cursor for `after`; null at the end of the list.'),
  prev: z.string().nullable().describe('Cursor for `before`; null at its start.'),
});

const actorMembers = {
  id: z.string().describe('`source:kind:claim`, as `/users/{id}` takes it.'),
  kind: z.enum(['user', 'database', 'replication', 'api', 'unknown']),
  claim: z.string().describe("The id that the application gave, or the role's name."),
  name: z.string().nullable(),
};

export const actor = z.object(actorMembers).meta({ id: 'Actor' });

export const entryMark = z
  .object({
    id,
    action: z.string(),
    timestamp: time,
    record: z.string().nullable(),
    actor: actor.nullable(),
    attribution: z.enum(['app', 'database', 'replication', 'api', 'unknown']),
  })
  .meta({ id: 'EntryMark', description: 'An entry in short.' });

const gap = z.object({
  reason: z.string(),
  table: z.boolean().describe('Whether it is of the one table; otherwise of the whole source.'),
  from: time.nullable(),
  to: time.nullable().describe('Null: it goes on.'),
});

const stateMembers = {
  exists: z.boolean().nullable().describe('Null: not known.'),
  record: z.string().describe('The key it had then.'),
  state: image,
  reason: z
    .enum(['not_created', 'before_history', 'deleted', 'truncated', 'partition_truncated'])
    .nullable()
    .describe(
      'Why there is no state. before_history: the record was there before its first entry. partition_truncated: a partition was emptied without its rows being captured, and whether this one was among them is not known.',
    ),
  last_state: image.describe('Of a record that is gone: the last image before its end.'),
  incomplete: z
    .object({ columns: z.array(z.string()), reason: z.enum(['toast', 'masked', 'gap']) })
    .nullable()
    .describe('Columns that the state lacks, and why.'),
  entry: id.nullable().describe('The entry that made it so.'),
  since: time.nullable().describe('When that was.'),
  gaps: z.array(gap).describe('Gaps since then: it may have changed unseen. The latest 20.'),
};

const place = {
  source: z.string(),
  schema: z.string(),
  table: z.string(),
};

export const recordAnswer = z
  .object({
    data: z.object({
      ...place,
      ...stateMembers,
      deleted: z.boolean().nullable().describe('Null: not known.'),
      created: entryMark.nullable().describe('Null where it was there before its first entry.'),
      first_change: entryMark.nullable(),
      last_change: entryMark.nullable(),
      revisions: z
        .object({ value: z.int(), exact: z.boolean() })
        .describe(`Its entries; counted up to ${COUNTED_REVISIONS}.`),
      actors: z
        .object({
          data: z.array(z.object({ ...actorMembers, count: z.int(), first: time, last: time })),
          exact: z.boolean(),
        })
        .describe(
          `Who touched it, the latest first, and how often; not exact beyond its latest ${SEARCHED_FOR_ACTORS} entries.`,
        ),
      keys: z.array(z.string()).describe('Every key that it has had, the one asked for first.'),
      link: z
        .string()
        .nullable()
        .describe(
          'Where the application shows it, by `links` of the config; null where it does not, or the record is gone.',
        ),
    }),
  })
  .meta({ id: 'RecordAnswer' });

export const historyAnswer = z.object({ data: z.array(entry), meta: pageMeta }).meta({ id: 'RecordHistory' });

export const atAnswer = z
  .object({
    data: z.object({
      ...place,
      time: time.describe('The moment that was meant.'),
      in_gap: z.boolean().describe('Whether the moment lies in a gap.'),
      ...stateMembers,
    }),
  })
  .meta({ id: 'RecordAtAnswer' });

export const compareAnswer = z
  .object({
    data: z.object({
      ...place,
      from: z.object(stateMembers),
      to: z.object(stateMembers),
      differences: z
        .array(
          z.object({
            column: z.string(),
            status: z.enum(['changed', 'added', 'removed', 'unknown']),
            from: z.unknown().optional().describe('Left out where that state has no value of the column.'),
            to: z.unknown().optional(),
          }),
        )
        .describe('Columns that differ, as their stored text; `unknown`: the value in one of the states is not known.'),
    }),
  })
  .meta({ id: 'RecordComparison' });
