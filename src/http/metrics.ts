import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { readGapCounts, type GapCounts, type LiveSource } from '../query/status.ts';
import type { StoreReader } from '../query/store-reader.ts';

/** What is measured: the running captures, and what the store has on record. */
export interface MetricsSubject {
  readonly store: StoreReader;
  readonly live: () => readonly LiveSource[];
}

export interface Metrics {
  readonly contentType: string;
  /** The exposition text, as it stands at this moment. Never rejects for a store that is down: that is a metric. */
  text(): Promise<string>;
  /** Lets go of the process's own metrics. */
  close(): void;
}

/** How long a scrape waits for the store. */
const STORE_TIMEOUT_MS = 2_000;
const STATES: readonly LiveSource['state'][] = ['starting', 'streaming', 'waiting', 'stopped'];

/** Counts since the daemon started: name, help, and where in `LiveSource.counters` it stands. */
const COUNTERS: readonly (readonly [string, string, keyof LiveSource['counters']])[] = [
  ['rowtrail_changes_total', 'Changes received from the source.', 'changes'],
  ['rowtrail_entries_total', 'Entries stored.', 'entries'],
  ['rowtrail_transactions_total', 'Transactions received that changed something.', 'transactions'],
  [
    'rowtrail_unverified_messages_total',
    'Messages passed over because nothing proves who sent them: forged, or of a session that could not say hello.',
    'unverifiedMessages',
  ],
  ['rowtrail_retries_total', 'Attempts at capturing that failed and were tried again.', 'retries'],
];

/** Positions and queues; null is left out. */
const GAUGES: readonly (readonly [string, string, (source: LiveSource) => number | null])[] = [
  [
    'rowtrail_lag_bytes',
    'WAL of the source that has not been received yet.',
    (source) => (source.lagBytes === null ? null : Number(source.lagBytes)),
  ],
  [
    'rowtrail_lag_seconds',
    'How far the store is behind the source; absent where it is not known.',
    (source) => (source.lagMs === null ? null : source.lagMs / 1000),
  ],
  ['rowtrail_queued_bytes', 'Received and not yet sent to the store.', (source) => source.queuedBytes],
];

/** The metrics of one HTTP server, in a registry of its own. Every metric of a source has the label `source`. */
export function createMetrics(subject: MetricsSubject): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [name, help, key] of COUNTERS) {
    const counter = new Counter({
      name,
      help,
      labelNames: ['source'],
      registers: [],
      collect() {
        this.reset();
        for (const source of subject.live()) this.inc({ source: source.name }, source.counters[key]);
      },
    });
    registry.registerMetric(counter);
  }
  for (const [name, help, read] of GAUGES) {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['source'],
      registers: [],
      collect() {
        this.reset();
        for (const source of subject.live()) {
          const value = read(source);
          if (value !== null) this.set({ source: source.name }, value);
        }
      },
    });
    registry.registerMetric(gauge);
  }
  const states = new Gauge({
    name: 'rowtrail_capture_state',
    help: '1 for the state that capture of the source is in.',
    labelNames: ['source', 'state'],
    registers: [],
    collect() {
      this.reset();
      for (const { name: source, state: current } of subject.live()) {
        for (const state of STATES) this.set({ source, state }, state === current ? 1 : 0);
      }
    },
  });
  registry.registerMetric(states);
  const observeStore = registerStoreMetrics(registry);
  return {
    contentType: registry.contentType,
    async text() {
      observeStore(await readGapCounts(subject.store, STORE_TIMEOUT_MS).catch(() => null));
      return registry.metrics();
    },
    close: () => registry.clear(),
  };
}

/** Takes in what the store answered; null: it did not. */
function registerStoreMetrics(registry: Registry): (gaps: readonly GapCounts[] | null) => void {
  const up = new Gauge({ name: 'rowtrail_store_up', help: '1 if the store answers.', registers: [] });
  const gaps = new Gauge({
    name: 'rowtrail_gaps',
    help: 'Gaps on record in the history; state="open": they grow.',
    labelNames: ['source', 'state'],
    registers: [],
  });
  registry.registerMetric(up);
  registry.registerMetric(gaps);
  return (counts) => {
    up.set(counts === null ? 0 : 1);
    gaps.reset();
    for (const { source, open, closed } of counts ?? []) {
      gaps.set({ source, state: 'open' }, open);
      gaps.set({ source, state: 'closed' }, closed);
    }
  };
}
