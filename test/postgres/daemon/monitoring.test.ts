import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prepareCapture, type Capture, type RunningDaemon } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';
import { until } from '../../harness/poll.ts';

/* What config/ asks of Prometheus is there: the metrics and labels are those of a daemon at work. */

interface AlertFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
}

const file = (name: string): Promise<string> => readFile(new URL(`../../../config/${name}`, import.meta.url), 'utf8');

/** The source is asked for its backlog at intervals; of what the store is too slow to tell, a scrape has nothing. */
const MEASURED_LATE = [
  'rowtrail_backlog_bytes',
  'rowtrail_lag_seconds',
  'rowtrail_store_bytes',
  'rowtrail_partitions_ahead',
  'rowtrail_gaps',
];

let database: TestDatabase;
let capture: Capture;
let daemon: RunningDaemon;
/** Name → what Prometheus calls its type. */
let types: ReadonlyMap<string, string>;
let text: string;

beforeAll(async () => {
  database = await createDatabase();
  await database.query('create table orders (id integer primary key)');
  capture = await prepareCapture(database, { tables: ['orders'] });
  daemon = await capture.start();
  await database.query('insert into orders select generate_series(1, 10)');
  await capture.caughtUp();
  await fetch(`${daemon.url}/api/v1/activity`);
  text = await until(
    async () => {
      const scraped = await (await fetch(`${daemon.url}/metrics`)).text();
      return MEASURED_LATE.every((name) => new RegExp(`^${name}[{ ]`, 'm').test(scraped)) ? scraped : null;
    },
    { what: 'everything is measured' },
  );
  types = new Map(Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name, type]) => [name!, type!]));
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** The metrics that an expression names. */
function metricsOf(expression: string): string[] {
  return Array.from(new Set(expression.match(/\b(?:rowtrail|process|nodejs)_[a-z_\d]+/g) ?? []));
}

/** A histogram is there under three names. */
function isExposed(metric: string): boolean {
  return types.has(metric) || types.get(metric.replace(/_(bucket|sum|count)$/, '')) === 'histogram';
}

async function expressions(): Promise<{ from: string; expr: string }[]> {
  const alerts = parse(await file('alerts.yaml')) as AlertFile;
  const dashboard = JSON.parse(await file('grafana-dashboard.json')) as Dashboard;
  return [
    ...alerts.groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ from: alert, expr }))),
    ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ from: title, expr }))),
    ...dashboard.templating.list.map(({ query }) => ({
      from: 'variable',
      expr: typeof query === 'string' ? '' : query.query,
    })),
  ];
}

describe('the alert rules and the dashboard', () => {
  it('ask for metrics that a running daemon has', async () => {
    const asked = (await expressions()).flatMap(({ from, expr }) =>
      metricsOf(expr).map((metric) => ({ from, metric })),
    );
    expect(asked.length).toBeGreaterThan(40);
    expect(asked.filter(({ metric }) => !isExposed(metric))).toEqual([]);
  });

  it('take rates of counters, and of nothing else', async () => {
    const wrong = (await expressions()).flatMap(({ from, expr }) =>
      Array.from(expr.matchAll(/(?:rate|increase)\((\w+)/g), ([, metric]) => ({ from, metric: metric! })),
    );
    expect(wrong.length).toBeGreaterThan(5);
    expect(
      wrong.filter(({ metric }) => types.get(metric) !== 'counter' && !/_(bucket|sum|count)$/.test(metric)),
    ).toEqual([]);
  });

  it('select and group by labels that these metrics have', async () => {
    const labels = new Set(Array.from(text.matchAll(/([a-z_]+)="/g), ([, label]) => label!));
    for (const added of ['job', 'instance']) labels.add(added);
    const asked = (await expressions()).flatMap(({ from, expr }) => [
      ...Array.from(expr.matchAll(/([a-z_]+)\s*=~?"/g), ([, label]) => ({ from, label: label! })),
      ...Array.from(expr.matchAll(/by \(([^)]*)\)/g), ([, list]) => list!.split(/,\s*/)).flatMap((list) =>
        list.map((label) => ({ from, label })),
      ),
    ]);
    expect(asked.filter(({ label }) => !labels.has(label))).toEqual([]);
  });

  it('have brackets that close, a severity, and words for people', async () => {
    for (const { from, expr } of await expressions()) {
      for (const [open, close] of ['()', '{}', '[]']) {
        expect(expr.split(open!).length, `${from}: ${expr}`).toBe(expr.split(close!).length);
      }
    }
    const { groups } = parse(await file('alerts.yaml')) as AlertFile;
    for (const { alert, labels, annotations } of groups.flatMap(({ rules }) => rules)) {
      expect(labels.severity, alert).toMatch(/^(warning|critical)$/);
      expect(annotations.summary.length, alert).toBeGreaterThan(10);
      expect(annotations.description.length, alert).toBeGreaterThan(10);
    }
  });
});

describe('the metrics of a daemon at work', () => {
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

  it('count flushes and their time, and requests by route', () => {
    expect(value('rowtrail_flushes_total{source="shop"}')).toBeGreaterThan(0);
    expect(value('rowtrail_flush_seconds_total{source="shop"}')).toBeGreaterThan(0);
    expect(
      value(
        'rowtrail_http_request_seconds_count{method="GET",route="/api/v1/activity",status="2xx"}'.replaceAll(
          /[{}/]/g,
          '\\$&',
        ),
      ),
    ).toBe(1);
  });

  it('tell the size of the store, and what is not sealed', () => {
    expect(value('rowtrail_store_bytes{table="entries"}')).toBeGreaterThan(8_192);
    expect(value('rowtrail_integrity_mismatch')).toBe(0);
    expect(value('rowtrail_seal_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(value('rowtrail_lag_seconds{source="shop"}')).toBeGreaterThanOrEqual(0);
  });
});
