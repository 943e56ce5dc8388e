import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';

/*
 * Each alert is silent while all is well, and fires when it goes wrong: before the damage, where there is one to come. By
 * Prometheus's own promtool (Debian: apt-get install prometheus); that the metrics are a daemon's is tested elsewhere.
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */

interface Case {
  readonly alert: string;
  /** Series → a value each minute, as promtool writes them. */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes. */
  readonly silentAt: number;
  readonly firesAt: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
}

const SHOP = { source: 'shop' };
const ONE = 'instance="a",job="rowtrail"';
const TWO = 'instance="b",job="rowtrail"';

const CASES: readonly Case[] = [
  {
    alert: 'RowtrailDown',
    series: { [`up{${ONE}}`]: '1x9 0x10' },
    silentAt: 11,
    firesAt: 13,
    labels: { instance: 'a', job: 'rowtrail' },
    summary: 'Rowtrail does not answer on a',
  },
  {
    // Of two daemons, one stands by all the time.
    alert: 'RowtrailNotCapturing',
    series: {
      [`rowtrail_capture_state{source="shop",state="streaming",${ONE}}`]: '1x9 0x20',
      [`rowtrail_capture_state{source="shop",state="streaming",${TWO}}`]: '0x30',
    },
    silentAt: 14,
    firesAt: 16,
    labels: SHOP,
    summary: 'Nothing is captured from shop',
  },
  {
    alert: 'RowtrailOpenGap',
    series: { [`rowtrail_gaps{source="shop",state="open",${ONE}}`]: '0x9 1x5' },
    silentAt: 9,
    firesAt: 10,
    labels: SHOP,
    summary: 'The history of shop has a gap that grows',
  },
  {
    alert: 'RowtrailGapRecorded',
    series: { [`rowtrail_gaps{source="shop",state="closed",${ONE}}`]: '3x90 4x10' },
    silentAt: 90,
    firesAt: 92,
    labels: SHOP,
    summary: 'Changes of shop may be missing from its history',
  },
  {
    // It grows to its limit in 100 minutes: the warning comes at half of it, with as long to go.
    alert: 'RowtrailBacklogFilling',
    series: {
      [`rowtrail_backlog_bytes{source="shop",${ONE}}`]: '0+10x100',
      [`rowtrail_backlog_limit_bytes{source="shop",${ONE}}`]: '1000x100',
    },
    silentAt: 50,
    firesAt: 53,
    labels: SHOP,
    summary: 'shop keeps 53% of what it may for capture',
  },
  {
    alert: 'RowtrailBacklogAlmostFull',
    series: {
      [`rowtrail_backlog_bytes{source="shop",${ONE}}`]: '0+10x100',
      [`rowtrail_backlog_limit_bytes{source="shop",${ONE}}`]: '1000x100',
    },
    silentAt: 80,
    firesAt: 81,
    labels: SHOP,
    summary: 'shop keeps 81% of what it may for capture',
  },
  {
    alert: 'RowtrailBacklogLarge',
    series: { [`rowtrail_backlog_bytes{source="shop",${ONE}}`]: '0+1073741824x40' },
    silentAt: 18,
    firesAt: 25,
    labels: SHOP,
    summary: 'shop keeps 25GiB for capture, and its disk is the only limit',
  },
  {
    alert: 'RowtrailLagging',
    series: { [`rowtrail_lag_seconds{source="shop",${ONE}}`]: '0x4 0+60x40' },
    silentAt: 19,
    firesAt: 25,
    labels: SHOP,
    summary: 'The history of shop is 20m 0s behind',
  },
  {
    alert: 'RowtrailRetrying',
    series: { [`rowtrail_retries_total{source="shop",${ONE}}`]: '5x19 5+2x20' },
    silentAt: 20,
    firesAt: 30,
    labels: SHOP,
    summary: 'Capture of shop fails again and again',
  },
  {
    alert: 'RowtrailStoreDown',
    series: { [`rowtrail_store_up{${ONE}}`]: '1x9 0x10', [`rowtrail_store_up{${TWO}}`]: '1x9 0x10' },
    silentAt: 11,
    firesAt: 13,
    summary: 'The store does not answer',
  },
  {
    // Partitions are months: the last one begins weeks before writing would stop.
    alert: 'RowtrailNoPartitionAhead',
    series: { [`rowtrail_partitions_ahead{${ONE}}`]: '2x60 1x60 0x200' },
    silentAt: 200,
    firesAt: 250,
    summary: 'The store has no partition for the next period',
  },
  {
    alert: 'RowtrailUnverifiedMessages',
    series: { [`rowtrail_unverified_messages_total{source="shop",${ONE}}`]: '7x19 8x10' },
    silentAt: 19,
    firesAt: 21,
    labels: SHOP,
    summary: 'Messages on shop say who made changes, and nothing proves it',
  },
  {
    alert: 'RowtrailSealsBehind',
    series: { [`rowtrail_seal_age_seconds{${ONE}}`]: '30x9 30+60x100' },
    silentAt: 70,
    firesAt: 90,
    summary: 'Entries have been without a seal for 1h 20m 30s',
  },
  {
    alert: 'RowtrailHistoryChanged',
    series: { [`rowtrail_integrity_mismatch{${ONE}}`]: '0x9 1x5' },
    silentAt: 9,
    firesAt: 10,
    summary: 'The history is not what was sealed',
  },
  {
    alert: 'RowtrailJournalDropping',
    series: { [`rowtrail_journal_dropped_total{${ONE}}`]: '0x19 3x10' },
    silentAt: 19,
    firesAt: 21,
    summary: 'Events or records of access were not written',
  },
  {
    alert: 'RowtrailSlowRequests',
    series: {
      [`rowtrail_http_request_seconds_bucket{route="/api/v1/activity",le="0.1",${ONE}}`]: '0+10x30 300x40',
      [`rowtrail_http_request_seconds_bucket{route="/api/v1/activity",le="5",${ONE}}`]: '0+10x30 300x40',
      [`rowtrail_http_request_seconds_bucket{route="/api/v1/activity",le="10",${ONE}}`]: '0+10x70',
      [`rowtrail_http_request_seconds_bucket{route="/api/v1/activity",le="+Inf",${ONE}}`]: '0+10x70',
    },
    silentAt: 30,
    firesAt: 55,
    labels: { route: '/api/v1/activity' },
    summary: '/api/v1/activity takes 9.95s',
  },
];

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly description: string };
}

const FILE = fileURLToPath(new URL('../../../config/alerts.yaml', import.meta.url));
const HAS_PROMTOOL = hasPromtool();
const rules = (parse(await readFile(FILE, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

it('has a case for every alert', () => {
  expect(CASES.map(({ alert }) => alert).toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
});

it.runIf(HAS_PROMTOOL)('fires each alert when it must, and not before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-alerts-'));
  try {
    const tests = join(folder, 'alerts.test.yaml');
    await writeFile(
      tests,
      stringify({ rule_files: [FILE], evaluation_interval: '1m', tests: CASES.map(promtoolTest) }),
    );
    const { stdout } = await promisify(execFile)('promtool', ['test', 'rules', tests]).catch(
      (error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }),
    );
    expect(stdout.trim()).toMatch(/SUCCESS$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function promtoolTest({ alert, series, silentAt, firesAt, labels, summary }: Case): object {
  const rule = rules.find((each) => each.alert === alert)!;
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      { alertname: alert, eval_time: `${silentAt}m`, exp_alerts: [] },
      {
        alertname: alert,
        eval_time: `${firesAt}m`,
        exp_alerts: [
          {
            exp_labels: { ...rule.labels, ...labels },
            exp_annotations: { summary, description: rule.annotations.description },
          },
        ],
      },
    ],
  };
}

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
