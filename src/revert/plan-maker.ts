import { createHash } from 'node:crypto';
import type pg from 'pg';
import { nearest } from '../lib/nearest.ts';
import { FilterError } from '../query/filter-error.ts';
import { findKeysNow, type RevertRelation } from '../query/revert-entries.ts';
import { inSnapshot } from '../query/store-reader.ts';
import { readCatalog, type Catalog, type StoredTable } from './catalog.ts';
import { compareRows, type Comparison } from './comparison.ts';
import { aim, type Fold } from './fold.ts';
import { planToken, type PlanMoment } from './plan-token.ts';
import type { PreviewOptions, RevertLimits, RevertRequest } from './plan.ts';
import type { Selection } from './selection.ts';
import { setLockTimeout } from './session.ts';
import type { Table } from './table.ts';
import { foldEntries, type Folded } from './walk.ts';

export interface Plan extends Comparison {
  readonly folded: Folded;
  readonly catalog: Catalog;
  /** What `apply` must bring. */
  readonly token: string;
}

/** Makes out what is to be done, and locks the rows that it is about. Throws RT_FILTER, RT_REVERT_TARGET, RT_REVERT_TOO_LARGE. */
export async function makePlan(
  client: pg.Client,
  { store, request, caller, signal, onProgress }: PreviewOptions,
  { selection, moment, limits, url }: { selection: Selection; moment: PlanMoment; limits: RevertLimits; url: string },
): Promise<Plan> {
  const catalog = await readCatalog(client, selection.relations.map(storedTable));
  await setLockTimeout(client, catalog.lockTimeoutMs);
  const total = selection.ids.length;
  const folded = await foldEntries(store, selection, catalog.tables, {
    fields: request.fields,
    limits,
    signal,
    onRead: (done) => onProgress?.({ phase: 'resolve', done, total }),
  });
  checkFields(request, catalog.tables);
  const set = applySet(request, folded.folds);
  const comparison = await compareRows(client, folded.folds, {
    set,
    signal,
    findKeys: (places) => inSnapshot(store, (snapshot) => findKeysNow(snapshot, places)),
    onRead: (done) => onProgress?.({ phase: 'compare', done, total: folded.folds.length }),
  });
  const digest = createHash('sha256')
    .update(JSON.stringify([request, caller.id, catalog.tables.map(tableSignature), comparison.digest]))
    .digest('hex');
  return { ...comparison, folded, catalog, token: planToken(moment, digest, url) };
}

function storedTable({ id, source, oid, schema, name, keyColumns }: RevertRelation): StoredTable {
  return { id, source, oid, schema, name, keyColumns };
}

function tableSignature({ oid, schema, name, columns }: Table): unknown {
  return [oid, schema, name, columns.map((column) => [column.attnum, column.name, column.type, column.notNull])];
}

function checkFields({ fields }: RevertRequest, tables: readonly Table[]): void {
  const unknown = (fields ?? []).find((name) => !tables.some((table) => table.columns.some((c) => c.name === name)));
  if (unknown !== undefined) {
    const meant = nearest(
      unknown,
      tables.flatMap((table) => table.columns.map((column) => column.name)),
    );
    throw new FilterError(
      'fields',
      `fields names ${unknown}, and no table of the target has such a column${meant === undefined ? '' : `: did you mean ${meant}?`}`,
      'It takes names of columns, as they are called now.',
    );
  }
}

/** Puts the operator's own values into the target. */
function applySet({ set }: RevertRequest, folds: readonly Fold[]): ReadonlySet<number> {
  const positions = new Set<number>();
  if (set === null) return positions;
  const [fold, other] = folds;
  if (fold === undefined || other !== undefined) {
    throw new FilterError('set', `set is for one record, and the target has ${folds.length}`);
  }
  for (const [name, value] of Object.entries(set)) {
    const position = fold.table.columns.findIndex((column) => column.name === name && !column.generated);
    if (position === -1 || !fold.willBeThere) {
      const reason = position === -1 ? 'there is no such column to write' : 'the row is to be removed';
      throw new FilterError('set', `set can't give ${name} a value: ${reason}`);
    }
    aim(fold, position, value);
    positions.add(position);
  }
  return positions;
}
