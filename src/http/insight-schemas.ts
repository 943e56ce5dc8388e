import { z } from 'zod';
import { MAX_LIMIT } from '../query/activity.ts';
import { ACTION_PATTERN } from '../query/grammar/value-check.ts';
import { BREAKDOWNS } from '../query/insight/breakdown.ts';
import { COUNTED_UPDATES } from '../query/insight/field-count.ts';
import { COUNTED_ENTRIES } from '../query/insight/record-count.ts';
import { COUNTED_DAYS } from '../query/insight/summary.ts';
import { BUCKETS, MAX_POINTS } from '../query/insight/timeseries.ts';
import { DEFAULT_WINDOW_DAYS } from '../query/insight/window.ts';
import { TIME_FORMS } from '../query/time.ts';
import { oneText, repeated } from './parameters.ts';
import { actor } from './record-schemas.ts';
import { time } from './schemas.ts';

const filters = {
  from: oneText
    .optional()
    .describe(`Not before this time: ${TIME_FORMS}. Default: ${DEFAULT_WINDOW_DAYS} days before to.`),
  to: oneText.optional().describe('Before this time, exclusive; the same forms. Default: now.'),
  source: repeated(oneText, 'A source, by its configured name.'),
  table: repeated(oneText, 'A table: `orders`, or `public.orders`.'),
  user: repeated(oneText, "Who acted: a user's id or name."),
  action: repeated(
    oneText.refine((value) => ACTION_PATTERN.test(value), 'is not an action'),
    'An action: create (or insert), update, delete, …',
  ),
};

export const insightParameters = z.strictObject(filters);

export const timeseriesParameters = z.strictObject({
  ...filters,
  bucket: z
    .enum(BUCKETS, { error: `is ${BUCKETS.join(', ')}` })
    .default('day')
    .describe(`Quarters of an hour, hours, days or weeks (from Monday) of UTC; ${MAX_POINTS} points at most.`),
  by: z.enum(['action'], { error: 'is action' }).optional().describe('Counts of each action as well.'),
});

export const breakdownParameters = z.strictObject({
  ...filters,
  by: z.enum(BREAKDOWNS, { error: `is one of ${BREAKDOWNS.join(', ')}` }).describe('What to group by.'),
  limit: z
    .preprocess(
      (given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given),
      z
        .int({ error: `is a whole number from 1 to ${MAX_LIMIT}` })
        .min(1, `is a whole number from 1 to ${MAX_LIMIT}`)
        .max(MAX_LIMIT, `is a whole number from 1 to ${MAX_LIMIT}`)
        .default(10),
    )
    .describe(`Groups that are listed, 1 to ${MAX_LIMIT}, the largest.`),
});

export const heatmapParameters = z.strictObject({
  ...filters,
  tz: oneText.default('UTC').describe('Whose clocks: a name such as Europe/Berlin.'),
});

const meta = {
  window: z
    .object({ from: time, to: time })
    .describe('What was counted: wider than asked for where `exact` is false for that reason.'),
  exact: z.boolean(),
};

const period = z.object({
  ...meta,
  actions: z.int().describe('Entries; those of baselines are not among them.'),
  creates: z.int(),
  updates: z.int(),
  deletes: z.int(),
  truncates: z.int(),
  baselines: z.int(),
  direct: z.int().describe('Of the actions, those that no application claimed: direct SQL.'),
  actors: z
    .object({ value: z.int(), exact: z.boolean() })
    .describe(
      `Different ones. Not exact in more than ${COUNTED_DAYS} days: everybody whose first and last entries lie around the time or in it.`,
    ),
  resources: z
    .object({ value: z.int(), exact: z.boolean() })
    .describe(
      `Different records changed; where it is not exact, those of the latest changes alone, ${COUNTED_ENTRIES} at most.`,
    ),
  reverts: z.int().describe('Entries that take others back.'),
});

export const summaryAnswer = z
  .object({
    data: z.object({ current: period, previous: period.describe('The time of the same length just before.') }),
  })
  .meta({ id: 'InsightSummary' });

export const timeseriesAnswer = z
  .object({
    data: z.array(
      z.object({
        time,
        count: z.int(),
        actions: z.record(z.string(), z.int()).optional().describe('With `by=action`.'),
      }),
    ),
    meta: z.object(meta),
  })
  .meta({ id: 'InsightTimeseries' });

export const breakdownAnswer = z
  .object({
    data: z.array(
      z.object({
        count: z.int(),
        source: z.string().nullable().optional(),
        schema: z.string().nullable().optional(),
        table: z.string().nullable().optional().describe('Null: entries without a table.'),
        user: actor.optional(),
        field: z.string().optional().describe('A column that updates changed.'),
        action: z.string().optional(),
        attribution: z.string().optional(),
      }),
    ),
    meta: z.object({
      ...meta,
      groups: z
        .int()
        .nullable()
        .describe('All of them, those that are not listed included. Null, like total, by user: not all are looked at.'),
      total: z.int().nullable(),
      searched: z
        .object({ entries: z.int() })
        .optional()
        .describe(`By field: only the latest ${COUNTED_UPDATES} updates were looked at.`),
    }),
  })
  .meta({ id: 'InsightBreakdown' });

export const heatmapAnswer = z
  .object({
    data: z.array(
      z.object({ weekday: z.int().describe('1 (Monday) to 7.'), hour: z.int().describe('0 to 23.'), count: z.int() }),
    ),
    meta: z.object({ ...meta, tz: z.string() }),
  })
  .meta({ id: 'InsightHeatmap' });
