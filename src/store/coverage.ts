import type pg from 'pg';
import type { TransactionHead } from '../change/change.ts';
import type { PartitionEvent, PartitionEventKind } from '../change/partition-event.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { formatLsn } from '../pg/lsn.ts';

/** What a transaction of the stream says of a partition of this relation. */
export interface StreamedCoverage {
  readonly event: PartitionEvent;
  readonly relationId: number;
  readonly head: TransactionHead;
}

/** A source as the store has it: its epoch, and the losses on record that go on, by oid of table or partition. */
export interface CoverageRecord {
  readonly sourceId: number;
  readonly epoch: number;
  readonly losses: ReadonlyMap<number, string>;
}

/** Writes what a flush has heard of partitions and new tables, in the flush's own transaction. */
export async function writeStreamedCoverage(
  client: pg.ClientBase,
  schema: string,
  source: Pick<CoverageRecord, 'sourceId' | 'epoch'>,
  heard: readonly StreamedCoverage[],
): Promise<void> {
  if (heard.length === 0) return;
  await client.query(recordSql(schema), [source.sourceId, source.epoch, JSON.stringify(heard.map(toChange)), null]);
  for (const { event } of heard) {
    if (event.what !== 'filled') continue;
    await client.query(`select ${quoteIdentifier(schema)}.request_baseline($1, $2, $3, $4, true)`, [
      source.sourceId,
      event.oid,
      event.schema,
      event.name,
    ]);
  }
}

/** Writes what a comparison at `checkedAt` found (a JSON array), once. Returns how many gaps that added. */
export async function recordCoverage(
  db: pg.ClientBase | pg.Pool,
  schema: string,
  source: Pick<CoverageRecord, 'sourceId' | 'epoch'>,
  changes: string,
  checkedAt: string,
): Promise<number> {
  const result = await db.query<{ added: number }>(recordSql(schema), [
    source.sourceId,
    source.epoch,
    changes,
    checkedAt,
  ]);
  return result.rows[0]?.added ?? 0;
}

/** Null: the store does not know the source. */
export async function readCoverageRecord(
  db: pg.ClientBase | pg.Pool,
  schema: string,
  source: string,
): Promise<CoverageRecord | null> {
  const s = quoteIdentifier(schema);
  const found = await db.query<{ source_id: number; epoch: number; oids: string[]; states: string[] }>(
    `select c.source_id, c.epoch,
       array(select l.oid::text from ${s}.coverage_losses l where l.source_id = c.source_id order by l.oid) as oids,
       array(select l.state from ${s}.coverage_losses l where l.source_id = c.source_id order by l.oid) as states
     from ${s}.checkpoints c join ${s}.sources o on o.id = c.source_id where o.name = $1`,
    [source],
  );
  const [row] = found.rows;
  if (row === undefined) return null;
  return {
    sourceId: row.source_id,
    epoch: row.epoch,
    losses: new Map(row.oids.map((oid, i) => [Number(oid), row.states[i]!])),
  };
}

function recordSql(schema: string): string {
  return `select ${quoteIdentifier(schema)}.record_coverage($1, $2, $3, $4) as added`;
}

interface Effect {
  readonly state: string;
  /** Null: no gap begins. */
  readonly reason: string | null;
  readonly what: string;
}

const EFFECTS: Readonly<Record<PartitionEventKind, Effect>> = {
  truncated: { state: 'truncated', reason: 'partition_truncated', what: 'was truncated' },
  created: { state: 'covered', reason: null, what: 'is covered' },
  joined: { state: 'covered', reason: null, what: 'is covered' },
  attached: { state: 'covered', reason: 'partition_attached', what: 'was attached with rows that were never captured' },
  detached: { state: 'detached', reason: 'partition_detached', what: 'was detached with its rows' },
  dropped: { state: 'dropped', reason: 'partition_dropped', what: 'was dropped with its rows' },
  // Its rows come by a baseline.
  filled: { state: 'covered', reason: null, what: 'is covered' },
  untracked: {
    state: 'untracked',
    reason: 'untracked',
    what: 'came without triggers and identity: who changes its rows is not known',
  },
};

function toChange({ event, relationId, head }: StreamedCoverage): object {
  const isWhole = event.oid === event.rootOid;
  const effect = EFFECTS[event.what];
  const time = timestampText(head.committedAtMicros);
  return {
    oid: event.oid,
    relation_id: relationId,
    state: effect.state,
    reason: isWhole && event.what === 'dropped' ? 'table_dropped' : effect.reason,
    detail: coverageDetail(isWhole ? 'table' : 'partition', event, effect.what),
    lsn: formatLsn(head.commitLsn),
    from_time: time,
    to_time: event.what === 'untracked' ? null : time,
  };
}

/** Ends in the oid: record_coverage finds a loss by it that cannot happen twice. */
function coverageDetail(kind: string, event: PartitionEvent, what: string): string {
  return `${kind} ${event.schema}.${event.name} ${what} (oid ${event.oid})`;
}

const EPOCH_2000_MS = Date.UTC(2000, 0, 1);

/** timestamptz text, to the microsecond, of microseconds since 2000. */
function timestampText(micros: bigint): string {
  const millis = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n);
  const rest = (micros - millis * 1000n).toString().padStart(3, '0');
  return `${new Date(EPOCH_2000_MS + Number(millis)).toISOString().slice(0, -1)}${rest}Z`;
}
