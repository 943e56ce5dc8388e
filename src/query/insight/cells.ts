import { smaller } from '../id-range.ts';
import type { Snapshot } from '../store-reader.ts';
import { formatTime, type Micros } from '../time.ts';
import {
  cellsOf,
  conditionOf,
  hasQuarters,
  NO_CELLS,
  type Detail,
  type InsightFilter,
  type SettledPiece,
} from './cell-sql.ts';
import { ceilTo, floorTo, piecesOf, type Grain, type Piece } from './range.ts';

export interface Window {
  readonly from: Micros;
  readonly to: Micros;
}

/** Entries of one quarter of an hour that are counted one by one; beyond, the whole quarter is. */
export const MAX_PARTIAL_ENTRIES = 20_000;

/** How a window is counted. */
export interface Plan {
  readonly pieces: readonly SettledPiece[];
  /** What is counted indeed: wider than asked for where an end of it would take too many entries. */
  readonly window: Window;
  readonly exact: boolean;
}

/** Counts over a window, as the text of a query with the columns of `NO_CELLS`. */
export interface Cells extends Plan {
  readonly sql: string;
  /** To be passed on, with further ones behind them. */
  readonly parameters: readonly unknown[];
}

/** Cuts a window into what can be counted quickly. `now`: whatever is later is counted in. */
export async function planCells(
  snapshot: Snapshot,
  filter: InsightFilter,
  window: Window,
  { detail, now }: { readonly detail: Detail; readonly now: Micros },
): Promise<Plan> {
  const grains = grainsFor(filter, detail);
  const open = window.to >= now;
  const end = open ? smaller(ceilTo(window.to, grains.at(-1) as Grain), MAX_TIME) : window.to;
  const { pieces, exact } = await settle(snapshot, filter, piecesOf(window.from, end, grains));
  const [first, last] = [pieces[0], pieces.at(-1)];
  return {
    pieces,
    exact,
    window: {
      from: first === undefined ? window.from : smaller(first.from, window.from),
      to: last !== undefined && last.to > window.to && !open ? last.to : window.to,
    },
  };
}

/** Counts by the coarsest cells that tell `detail`. */
export async function readCells(
  snapshot: Snapshot,
  filter: InsightFilter,
  window: Window,
  options: { readonly detail: Detail; readonly now: Micros },
): Promise<Cells> {
  const plan = await planCells(snapshot, filter, window, options);
  const { sql, parameters } = uniteCells(plan.pieces, filter, options.detail);
  return { sql, parameters, ...plan };
}

export function uniteCells(
  pieces: readonly SettledPiece[],
  filter: InsightFilter,
  detail: Detail,
): Pick<Cells, 'sql' | 'parameters'> {
  const parameters: unknown[] = [];
  const parts = pieces.flatMap((piece) => cellsOf(piece, filter, detail, parameters));
  return { sql: parts.length === 0 ? NO_CELLS : parts.join(' union all '), parameters };
}

/** 9999-12-31. */
const MAX_TIME = 253_402_214_400_000_000n;

function grainsFor(filter: InsightFilter, detail: Detail): readonly Grain[] {
  if (hasQuarters(filter, detail)) return ['quarter', 'day'];
  if (filter.actorIds !== null) return ['quarter'];
  const whole = filter.relationIds === null && filter.actions === null && filter.hiddenAction === null;
  return detail === 'relation' || whole ? ['quarter', 'day', 'month'] : ['quarter'];
}

/** Finds the entries of what is less than a quarter, and widens it where they are too many. */
async function settle(
  snapshot: Snapshot,
  filter: InsightFilter,
  pieces: readonly Piece[],
): Promise<Pick<Plan, 'pieces' | 'exact'>> {
  const settled: SettledPiece[] = [];
  let exact = true;
  for (const piece of pieces) {
    if (piece.grain !== 'entries') {
      settled.push(piece);
      continue;
    }
    const quarter = floorTo(piece.from, 'quarter');
    const parameters: unknown[] = [formatTime(quarter)];
    const condition = conditionOf('u', filter, parameters);
    const rows = await snapshot.query<{ low: string | null; high: string | null; total: string | null }>(
      `select min(u.min_id)::text as low, max(u.max_id)::text as high, sum(u.count)::text as total
       from :schema.rollups u where u.bucket = $1::timestamptz and ${condition}`,
      parameters,
    );
    const { low, high, total } = rows[0] as { low: string | null; high: string | null; total: string | null };
    if (low === null || high === null) continue;
    if (BigInt(total ?? '0') <= BigInt(MAX_PARTIAL_ENTRIES)) {
      settled.push({ ids: [low, high], ...piece });
    } else {
      settled.push({ grain: 'quarter', from: quarter, to: ceilTo(piece.to, 'quarter') });
      exact = false;
    }
  }
  return { pieces: settled, exact };
}
