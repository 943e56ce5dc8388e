import { HOT_RECORD, HOT_TABLE } from './history-sql.ts';

/** An entry of the store, to ask about: another one for each request. */
export interface Sample {
  readonly id: string;
  readonly transaction: string;
  /** `public.table_001` */
  readonly table: string;
  readonly record: string;
  /** The claimed id; of an entry without one, that of the source's busiest user. */
  readonly user: string;
  readonly userSource: string;
  readonly source: string;
  /** RFC 3339, to the second. */
  readonly at: string;
  /** A quarter of an hour and a day later. */
  readonly soon: string;
  readonly nextDay: string;
}

/** What is asked of the HTTP API. A question of a new endpoint is one line in `QUESTIONS`. */
export interface Question {
  readonly name: string;
  /** Path and query below `/api/v1`. */
  readonly url: (sample: Sample) => string;
  /** With a body it is a POST. */
  readonly body?: (sample: Sample) => object;
  /** A list that goes on by `meta.next`: it is asked for a page deep down, too. */
  readonly isList?: boolean;
  /** What p99 may be. */
  readonly limitMs: number;
}

const LIST_LIMIT_MS = 20;
const INSIGHT_LIMIT_MS = 50;

function recordOf({ source, table, record }: Sample): string {
  return `/resources/${source}/${table}/${encodeURIComponent(record)}`;
}

function list(name: string, url: (sample: Sample) => string): Question {
  return { name, url, isList: true, limitMs: LIST_LIMIT_MS };
}

const hot = `table=${HOT_TABLE}&record=${HOT_RECORD}`;

export const QUESTIONS: readonly Question[] = [
  list('activity', () => '/activity'),
  list('activity, oldest first', () => '/activity?sort=id'),
  list('activity, 200 on a page', () => '/activity?limit=200'),
  list('activity of a table', ({ table }) => `/activity?table=${table}`),
  list('activity of the busiest table', () => `/activity?table=${HOT_TABLE}`),
  list('activity of a rare table', () => '/activity?table=table_199'),
  list('activity of a record', ({ table, record }) => `/activity?table=${table}&record=${record}`),
  list('activity of a record in any table', ({ record }) => `/activity?record=${record}`),
  list('activity of the record with 2 % of all changes', () => `/activity?${hot}`),
  list('activity of a user', ({ user }) => `/activity?user=${user}`),
  list('activity of the busiest user', () => '/activity?user=1'),
  list('activity of a rare user', () => '/activity?user=49999'),
  list('activity of a user in a table', ({ user, table }) => `/activity?user=${user}&table=${table}`),
  list('activity of the busiest user in a rare table', () => '/activity?user=1&table=table_170'),
  list('activity of the busiest user, deletes', () => '/activity?user=1&action=delete'),
  list('deletes', () => '/activity?action=delete'),
  list('truncates', () => '/activity?action=truncate'),
  list('logins', () => '/activity?action=login'),
  list('deletes in a rare table', () => '/activity?action=delete&table=table_190'),
  list('activity of a source', ({ source }) => `/activity?source=${source}`),
  list('activity of the rare source', () => '/activity?source=billing'),
  list('activity within 15 minutes', ({ at, soon }) => `/activity?from=${at}&to=${soon}`),
  list('activity within a day', ({ at, nextDay }) => `/activity?from=${at}&to=${nextDay}`),
  list('activity before a time', ({ at }) => `/activity?to=${at}`),
  list(
    'activity of a table within a day',
    ({ at, nextDay, table }) => `/activity?table=${table}&from=${at}&to=${nextDay}`,
  ),
  list('activity of a user before a time', ({ at, user }) => `/activity?user=${user}&to=${at}`),
  list('activity of a rare user before a time', ({ at }) => `/activity?user=49999&to=${at}`),
  list('activity of the busiest record before a time', ({ at }) => `/activity?${hot}&to=${at}`),
  list(
    'activity of a record after a time',
    ({ at, table, record }) => `/activity?table=${table}&record=${record}&from=${at}`,
  ),
  list('activity of nobody', () => '/activity?user=nobody'),
  list('free text', ({ user }) => `/activity?q=${user}`),
  list('activity of an address', () => '/activity?ip=203.0.1.1'),
  list('activity of a network', () => '/activity?ip=203.0.7.0/24'),
  list('activity of a request', () => '/activity?request_id=c0ffee'),
  list('a word of many comments', () => '/activity?comment=ticket'),
  list('a word of few comments', () => '/activity?comment=4711'),
  list('a transaction', ({ id }) => `/activity?tx=${id}`),
  list('all but a user', () => '/activity?q=-user:1'),
  list('a transaction with its entries', ({ transaction }) => `/transactions/${transaction}`),
  list('users by last action', () => '/users?sort=recent'),
  list('users by count', () => '/users?sort=most'),
  list('users who act least', () => '/users?sort=least'),
  list('users by a part of the name', ({ user }) => `/users?q=${user}`),
  { name: 'a user', url: ({ userSource, user }) => `/users/${userSource}:user:${user}`, limitMs: LIST_LIMIT_MS },
  { name: 'the busiest user', url: () => '/users/shop:user:1', limitMs: LIST_LIMIT_MS },
  { name: 'a record', url: recordOf, limitMs: LIST_LIMIT_MS },
  list('history of a record', (sample) => `${recordOf(sample)}/history`),
  list('history of the busiest record', () => `/resources/shop/${HOT_TABLE}/${HOT_RECORD}/history`),
  { name: 'a record at a time', url: (sample) => `${recordOf(sample)}/at?time=${sample.at}`, limitMs: LIST_LIMIT_MS },
  {
    name: 'a record now and at first',
    url: (sample) => `${recordOf(sample)}/compare?from=r1&to=latest`,
    limitMs: LIST_LIMIT_MS,
  },
  list('records by last change', () => '/resources?sort=recent'),
  list('records by first change', () => '/resources?sort=oldest'),
  list('records by changes in a week', () => '/resources?sort=busiest'),
  list('records of a table by last change', ({ table }) => `/resources?sort=recent&table=${table}`),
  { name: 'tables', url: () => '/tables', limitMs: 50 },
  { name: 'tables to suggest', url: () => '/suggest?key=table&prefix=table_1', limitMs: LIST_LIMIT_MS },
  { name: 'users to suggest', url: () => '/suggest?key=user&prefix=1', limitMs: LIST_LIMIT_MS },
  { name: 'insights, a year', url: () => `/insights/summary?from=now-365d`, limitMs: INSIGHT_LIMIT_MS },
  {
    name: 'insights, a year of a table',
    url: ({ table }) => `/insights/summary?from=now-365d&table=${table}`,
    limitMs: INSIGHT_LIMIT_MS,
  },
  {
    name: 'insights, a year of a source',
    url: ({ source }) => `/insights/summary?from=now-365d&source=${source}`,
    limitMs: INSIGHT_LIMIT_MS,
  },
  {
    name: 'insights, a year by day',
    url: () => '/insights/timeseries?from=now-365d&bucket=day&by=action',
    limitMs: INSIGHT_LIMIT_MS,
  },
  {
    name: 'insights, a year by table',
    url: () => '/insights/breakdown?from=now-365d&by=table',
    limitMs: INSIGHT_LIMIT_MS,
  },
  {
    name: 'insights, a year by user',
    url: () => '/insights/breakdown?from=now-365d&by=user',
    limitMs: INSIGHT_LIMIT_MS,
  },
  {
    name: 'insights, a year by column',
    url: () => '/insights/breakdown?from=now-365d&by=field',
    limitMs: INSIGHT_LIMIT_MS,
  },
  {
    name: 'insights, a year as heat map',
    url: () => '/insights/heatmap?from=now-365d&tz=Europe/Berlin',
    limitMs: INSIGHT_LIMIT_MS,
  },
  { name: 'an entry', url: ({ id }) => `/activity/${id}`, limitMs: LIST_LIMIT_MS },
  list('comments of an entry', ({ id }) => `/activity/${id}/comments`),
  { name: 'status', url: () => '/status', limitMs: 50 },
];
