import type pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { coverageDrift, goneTables, readCoverage } from '../capture/wal/coverage.ts';
import { readCoverageRecord, recordCoverage } from '../store/coverage.ts';

/** How long a comparison waits for the stream to tell the same: event triggers know the exact position. */
const SETTLE_LIMIT_MS = 5_000;
const SETTLE_POLL_MS = 50;

export interface CoverageCheckOptions {
  readonly source: { readonly name: string; readonly publication: string };
  readonly schema: string;
  readonly sourcePool: pg.Pool;
  readonly storePool: pg.Pool;
  /** Everything that the source committed before this position is stored. */
  readonly hasStored: (lsn: bigint) => boolean;
}

/**
 * Compares the source's catalog with what setup recorded, and writes what is newly lost or covered again as gaps.
 * Whatever the stream tells as well is told once. Returns how many gaps that added.
 */
export async function checkCoverage(options: CoverageCheckOptions): Promise<number> {
  const { source, schema, sourcePool, storePool } = options;
  const record = await readCoverageRecord(storePool, schema, source.name);
  if (record === null) return 0;
  const snapshot = await readCoverage(sourcePool, source.publication, record.losses.keys());
  let changes = coverageDrift(snapshot, record.losses);
  if (changes.length > 0 && snapshot.hasEventTriggers) {
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    while (!options.hasStored(snapshot.lsn) && performance.now() < deadline) await delay(SETTLE_POLL_MS);
    // Meanwhile the stream may have told it, and of what came after: only what was so then and is so now counts.
    const settled = (await readCoverageRecord(storePool, schema, source.name)) ?? record;
    const later = await readCoverage(sourcePool, source.publication, settled.losses.keys());
    const still = new Set(coverageDrift(later, settled.losses).map(({ oid, state }) => `${oid} ${state}`));
    changes = coverageDrift(snapshot, settled.losses).filter(({ oid, state }) => still.has(`${oid} ${state}`));
  }
  const added = await recordCoverage(storePool, schema, record, JSON.stringify(changes), snapshot.at);
  // After the store has it, never before: a record that is gone is a loss that no one can find any more.
  const gone = goneTables(snapshot);
  if (gone.length > 0) await sourcePool.query('select rowtrail.forget_tables($1)', [gone]);
  return added;
}
