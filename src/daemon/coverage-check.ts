import type pg from 'pg';
import { coverageDrift, goneTables, readCoverage } from '../capture/wal/coverage.ts';
import { readCoverageRecord, recordCoverage } from '../store/coverage.ts';

export interface CoverageCheckOptions {
  readonly source: { readonly name: string; readonly publication: string };
  readonly schema: string;
  readonly sourcePool: pg.Pool;
  readonly storePool: pg.Pool;
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
  const changes = coverageDrift(snapshot, record.losses);
  const added = await recordCoverage(storePool, schema, record, JSON.stringify(changes), snapshot.at);
  // After the store has it, never before: a record that is gone is a loss that no one can find any more.
  const gone = goneTables(snapshot);
  if (gone.length > 0) await sourcePool.query('select rowtrail.forget_tables($1)', [gone]);
  return added;
}
