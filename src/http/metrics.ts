import { collectDefaultMetrics, Counter, Gauge, type Metric, Registry } from 'prom-client';
import { readSealState, type SealState } from '../query/integrity.ts';
import { readPartitionsAhead, readStoreSizes, type TableSize } from '../query/partition.ts';
import { readGapCounts, type GapCounts, type LiveSource } from '../query/status.ts';
import type { StoreConnection } from '../query/store-reader.ts';
import type { Journal } from '../store/journal.ts';
import { EVERYTHING } from '../query/visibility.ts';

/** What is measured: the running captures, and what the store has on record. */
export interface MetricsSubject {
  readonly store: StoreConnection;
  readonly live: () => readonly LiveSource[];
  readonly journal: Pick<Journal, 'counters'>;
  /** How long requests took. */
  readonly requests: Metric;
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
const COUNTERS: readonly (readonly [string, string, (counters: LiveSource['counters']) => number])[] = [
  ['rowtrail_changes_total', 'Changes received from the source.', ({ changes }) => changes],
  ['rowtrail_entries_total', 'Entries stored.', ({ entries }) => entries],
  ['rowtrail_transactions_total', 'Transactions received that changed something.', ({ transactions }) => transactions],
  [
    'rowtrail_unverified_messages_total',
    'Messages passed over because nothing proves who sent them: forged, or of a session that could not say hello.',
    ({ unverifiedMessages }) => unverifiedMessages,
  ],
  ['rowtrail_flushes_total', 'Transactions of the store that wrote entries.', ({ flushes }) => flushes],
  [
    'rowtrail_flush_seconds_total',
    'How long these took until they were durable, summed up: by rowtrail_flushes_total, the time of one.',
    ({ flushMs }) => flushMs / 1000,
  ],
  ['rowtrail_retries_total', 'Attempts at capturing that failed and were tried again.', ({ retries }) => retries],
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
  [
    'rowtrail_backlog_bytes',
    'What the source keeps until it is captured: the WAL that the slot holds back, or the outbox.',
    (source) => source.backlog?.bytes ?? null,
  ],
  [
    'rowtrail_backlog_limit_bytes',
    'Past this size of the backlog changes are lost; absent where only the disk is the limit.',
    (source) => source.backlog?.limitBytes ?? null,
  ],
];

/** The metrics of one HTTP server, in a registry of its own. Every metric of a source has the label `source`. */
export function createMetrics(subject: MetricsSubject): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [name, help, read] of COUNTERS) {
    const counter = new Counter({
      name,
      help,
      labelNames: ['source'],
      registers: [],
      collect() {
        this.reset();
        for (const source of subject.live()) this.inc({ source: source.name }, read(source.counters));
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
  registry.registerMetric(subject.requests);
  registerJournalMetrics(registry, subject.journal);
  const observeStore = registerStoreMetrics(registry);
  return {
    contentType: registry.contentType,
    async text() {
      const store = { ...subject.store, viewer: EVERYTHING };
      const [gaps, partitionsAhead, seals, sizes] = await Promise.all([
        readGapCounts(store, STORE_TIMEOUT_MS).catch(() => null),
        readPartitionsAhead(store, STORE_TIMEOUT_MS).catch(() => null),
        readSealState(store, STORE_TIMEOUT_MS).catch(() => null),
        readStoreSizes(store, STORE_TIMEOUT_MS).catch(() => null),
      ]);
      observeStore({ gaps, partitionsAhead, seals, sizes });
      return registry.metrics();
    },
    close: () => registry.clear(),
  };
}

function registerJournalMetrics(registry: Registry, journal: MetricsSubject['journal']): void {
  for (const [name, help, key] of [
    ['rowtrail_journal_entries_total', 'Entries written that came over HTTP, or tell of its use.', 'written'],
    [
      'rowtrail_journal_dropped_total',
      'Such entries that were not written: too many waited, or the store refused them.',
      'dropped',
    ],
  ] as const) {
    const counter = new Counter({
      name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(journal.counters[key]);
      },
    });
    registry.registerMetric(counter);
  }
  const queued = new Gauge({
    name: 'rowtrail_journal_queued_entries',
    help: 'Such entries that wait to be written.',
    registers: [],
    collect() {
      this.set(journal.counters.queued);
    },
  });
  registry.registerMetric(queued);
}

/** What the store answered; null: it did not. */
interface StoreObservation {
  readonly gaps: readonly GapCounts[] | null;
  readonly partitionsAhead: number | null;
  readonly seals: SealState | null;
  readonly sizes: readonly TableSize[] | null;
}

function registerStoreMetrics(registry: Registry): (seen: StoreObservation) => void {
  const up = new Gauge({ name: 'rowtrail_store_up', help: '1 if the store answers.', registers: [] });
  const gaps = new Gauge({
    name: 'rowtrail_gaps',
    help: 'Gaps on record in the history; state="open": they grow.',
    labelNames: ['source', 'state'],
    registers: [],
  });
  const ahead = new Gauge({
    name: 'rowtrail_partitions_ahead',
    help: 'Partitions that the store has for days, weeks or months to come; at 0, writing stops when this one ends.',
    labelNames: [],
    registers: [],
  });
  const sealAge = new Gauge({
    name: 'rowtrail_seal_age_seconds',
    help: 'How long ago the oldest entry without a seal was recorded; 0: every entry has one.',
    registers: [],
  });
  const mismatch = new Gauge({
    name: 'rowtrail_integrity_mismatch',
    help: '1 if the last verification found that the history is not what was sealed.',
    registers: [],
  });
  const bytes = new Gauge({
    name: 'rowtrail_store_bytes',
    help: 'What the partitioned tables of the store take, with indexes.',
    labelNames: ['table'],
    registers: [],
  });
  for (const metric of [up, gaps, ahead, sealAge, mismatch, bytes]) registry.registerMetric(metric);
  return (seen) => {
    up.set(seen.gaps === null ? 0 : 1);
    ahead.set(seen.partitionsAhead ?? Number.NaN);
    sealAge.set(seen.seals?.ageSeconds ?? Number.NaN);
    mismatch.set(seen.seals === null ? Number.NaN : Number(seen.seals.isMismatch));
    bytes.reset();
    for (const { table, bytes: size } of seen.sizes ?? []) bytes.set({ table }, size);
    gaps.reset();
    for (const { source, open, closed } of seen.gaps ?? []) {
      gaps.set({ source, state: 'open' }, open);
      gaps.set({ source, state: 'closed' }, closed);
    }
  };
}
