import type { ResolvedFilter } from '../filter.ts';
import { entryCondition } from '../filter-condition.ts';
import { inSnapshot, type Snapshot, type StoreReader } from '../store-reader.ts';
import { DAY_MICROS, nowMicros, type Micros } from '../time.ts';
import { conditionOf } from './cell-sql.ts';
import { readCells, type Cells, type Window } from './cells.ts';
import { countRecords, ROW_ACTIONS, type Counted } from './record-count.ts';
import { resolveInsight, windowText, type InsightQuery } from './window.ts';

/** Of one period. */
export interface PeriodSummary {
  readonly window: { readonly from: string; readonly to: string };
  /** False where an end of the window had so many entries that its whole quarter of an hour was counted. */
  readonly exact: boolean;
  /** Entries, baselines left out. */
  readonly actions: number;
  readonly creates: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  readonly baselines: number;
  /** Entries that no application claimed: somebody's own SQL. */
  readonly direct: number;
  /** Different ones; not exact: everybody whose first and last entries lie around the window, or in it. */
  readonly actors: { readonly value: number; readonly exact: boolean };
  /** Different records; not exact: at least so many, those of the latest entries. */
  readonly resources: { readonly value: number; readonly exact: boolean };
  /** Entries that take others back. */
  readonly reverts: number;
}

export interface Summary {
  readonly current: PeriodSummary;
  /** The period of the same length just before. */
  readonly previous: PeriodSummary;
}

/** The longest window in which actors are counted one by one: of everything, and of some tables or actions. */
export const COUNTED_DAYS = 35;
const COUNTED_DAYS_OF_TABLES = 7;
/** 0001-01-01. */
const MIN_TIME = -62_135_596_800_000_000n;

/** What happened in a window, and in the one before it. Throws a FilterError for times that can't be used. */
export function getSummary(store: StoreReader, query: InsightQuery): Promise<Summary> {
  const now = nowMicros();
  return inSnapshot(store, async (snapshot) => {
    const { filter, window } = await resolveInsight(snapshot, query, now);
    const start = window.from - (window.to - window.from);
    const before = { from: start < MIN_TIME ? MIN_TIME : start, to: window.from };
    const windows = [window, before] as const;
    if (filter === undefined) {
      const [current, previous] = windows.map((each) => ({ window: windowText(each), ...NOTHING }));
      return { current: current!, previous: previous! };
    }
    const counted = await Promise.all(windows.map((each) => countWindow(snapshot, filter, each, now)));
    const actors = countActors(snapshot, filter, counted, now);
    const [current, previous] = await Promise.all(
      counted.map((each, i) =>
        summarize(
          snapshot,
          filter,
          each,
          actors.then((all) => all[i]!),
        ),
      ),
    );
    return { current: current!, previous: previous! };
  });
}

/** A window's entries by action and attribution, and the ids between which they are. */
interface CountedWindow {
  readonly window: Window;
  readonly cells: Cells;
  readonly rows: readonly CountRow[];
  readonly range: readonly [string, string];
}

async function countWindow(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  window: Window,
  now: Micros,
): Promise<CountedWindow> {
  const cells = await readCells(snapshot, filter, window, { detail: 'source', now });
  const rows = await snapshot.query<CountRow>(
    `select action, attribution, sum(count)::text as count, min(min_id)::text as low, max(max_id)::text as high
     from (${cells.sql}) c group by action, attribution`,
    cells.parameters,
  );
  return { window, cells, rows, range: idRangeOf(rows) };
}

async function summarize(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  { cells, rows, range }: CountedWindow,
  counting: Promise<PeriodSummary['actors']>,
): Promise<PeriodSummary> {
  const sum = (chosen: (row: CountRow) => boolean): number =>
    rows.filter(chosen).reduce((total, row) => total + Number(row.count), 0);
  const common = { snapshot, filter: { ...filter, ...cells.window }, range };
  const rowEntries = sum(({ action }) => ROW_ACTIONS.has(action));
  const [actors, resources, reverts] = await Promise.all([
    counting,
    rowEntries === 0
      ? { value: 0, exact: true }
      : countRecords(common, { actions: new Set(rows.map(({ action }) => action)), entries: rowEntries }),
    rows.length === 0 ? 0 : countReverts(common),
  ]);
  return {
    window: windowText(cells.window),
    exact: cells.exact,
    actions: sum(({ action }) => action !== 'baseline'),
    creates: sum(({ action }) => action === 'create'),
    updates: sum(({ action }) => action === 'update'),
    deletes: sum(({ action }) => action === 'delete'),
    truncates: sum(({ action }) => action === 'truncate'),
    baselines: sum(({ action }) => action === 'baseline'),
    direct: sum(({ action, attribution }) => action !== 'baseline' && attribution === 'database'),
    actors,
    resources,
    reverts,
  };
}

const NOTHING: Omit<PeriodSummary, 'window'> = {
  exact: true,
  actions: 0,
  creates: 0,
  updates: 0,
  deletes: 0,
  truncates: 0,
  baselines: 0,
  direct: 0,
  actors: { value: 0, exact: true },
  resources: { value: 0, exact: true },
  reverts: 0,
};

interface CountRow {
  readonly action: string;
  readonly attribution: string;
  readonly count: string;
  readonly low: string;
  readonly high: string;
}

function idRangeOf(rows: readonly CountRow[]): readonly [string, string] {
  const low = rows.map((row) => BigInt(row.low)).reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null);
  const high = rows.map((row) => BigInt(row.high)).reduce<bigint>((a, b) => (b > a ? b : a), 0n);
  return [(low ?? 1n).toString(), high.toString()];
}

/** In a short window by who is in it; in a long one by first and last entries, of one actor or of one in its tables. */
async function countActors(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  windows: readonly CountedWindow[],
  now: Micros,
): Promise<PeriodSummary['actors'][]> {
  const whole = filter.relationIds === null && filter.actions === null && filter.actorIds === null;
  const isShort = ({ window }: CountedWindow): boolean =>
    filter.actorIds !== null ||
    window.to - window.from <= BigInt(whole ? COUNTED_DAYS : COUNTED_DAYS_OF_TABLES) * DAY_MICROS;
  const long = windows.filter((each) => each.rows.length > 0 && !isShort(each));
  const [around, ...counted] = await Promise.all([
    long.length === 0 ? [] : countActorsAround(snapshot, filter, long, whole),
    ...windows.map((each) =>
      each.rows.length === 0 || long.includes(each)
        ? { value: 0, exact: true }
        : countActorsWithin(snapshot, filter, each.window, now),
    ),
  ]);
  return windows.map((each, i) =>
    long.includes(each) ? { value: around[long.indexOf(each)]!, exact: false } : counted[i]!,
  );
}

async function countActorsWithin(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  window: Window,
  now: Micros,
): Promise<PeriodSummary['actors']> {
  const cells = await readCells(snapshot, filter, window, { detail: 'actor', now });
  const rows = await snapshot.query<{ actors: number }>(
    `select count(*)::integer as actors from (select actor_id from (${cells.sql}) c group by actor_id) a`,
    cells.parameters,
  );
  return { value: rows[0]?.actors ?? 0, exact: cells.exact };
}

/** All windows by one look at the actors there are. Of those whose counts are pending, who has no total is added. */
async function countActorsAround(
  snapshot: Snapshot,
  filter: ResolvedFilter,
  windows: readonly CountedWindow[],
  whole: boolean,
): Promise<number[]> {
  const parameters: unknown[] = [];
  const seen = windows.map(({ range }) => {
    const [low, high] = range.map((id) => `$${parameters.push(id)}::bigint`);
    return `t.max_id >= ${low} and t.min_id <= ${high}`;
  });
  const condition = whole ? sourceCondition(filter, parameters) : relationCondition(filter, parameters);
  const { table, isOneEach } = actorsTable(filter, whole);
  const from = `from :schema.${table} t where ${condition}`;
  const counts = isOneEach
    ? `select ${seen.map((which) => `count(*) filter (where ${which})`).join(', ')} ${from}`
    : `select ${seen.map((_which, i) => `count(*) filter (where a.s${i})`).join(', ')}
       from (select ${seen.map((which, i) => `bool_or(${which}) as s${i}`).join(', ')} ${from} group by t.actor_id) a`;
  const pending = seen.map(
    (which) => `(select count(distinct p.actor_id) from (
        select t.actor_id from :schema.pending_rollups t where ${which} and ${condition}) p
      where not exists (select ${from} and t.actor_id = p.actor_id and ${which}))`,
  );
  const names = seen.map((_which, i) => `n${i}`);
  const rows = await snapshot.query<{ counts: number[] }>(
    `select array[${names.map((name, i) => `c.${name} + ${pending[i]}`).join(', ')}]::integer[] as counts
     from (${counts}) c(${names.join(', ')})`,
    parameters,
  );
  return rows[0]!.counts;
}

/** Where the first and last entries of actors are; `isOneEach`: those of each one are in one row. */
function actorsTable(filter: ResolvedFilter, whole: boolean): { readonly table: string; readonly isOneEach: boolean } {
  if (whole) return { table: 'actor_totals', isOneEach: true };
  const { relationIds, actions, hiddenAction } = filter;
  if (relationIds === null || actions !== null || hiddenAction !== null)
    return { table: 'actor_relation_totals', isOneEach: false };
  return { table: 'relation_actors', isOneEach: relationIds.length === 1 };
}

function sourceCondition({ sourceIds }: ResolvedFilter, parameters: unknown[]): string {
  if (sourceIds === null) return 'true';
  // A join: most actors are of one source, and looking each one up takes three times as long.
  return `t.actor_id in (select a.id from :schema.actors a where a.source_id = any($${parameters.push(sourceIds)}::integer[]))`;
}

/** Of one table, the index has the actors in order only where it is compared with `=`: of a list, they would be hashed. */
function relationCondition(filter: ResolvedFilter, parameters: unknown[]): string {
  const { relationIds } = filter;
  const only = relationIds?.length === 1 ? `t.relation_id = $${parameters.push(relationIds[0])}::integer and ` : '';
  const rest = { ...filter, sourceIds: null, actorIds: null, relationIds: only === '' ? relationIds : null };
  return `${only}${conditionOf('t', rest, parameters)} and ${sourceCondition(filter, parameters)}`;
}

async function countReverts({ snapshot, filter, range }: Counted): Promise<number> {
  const parameters: unknown[] = [...range];
  const condition = entryCondition(filter, parameters);
  const rows = await snapshot.queryPlanned<{ reverts: number }>(
    `select count(distinct e.id)::integer as reverts
     from :schema.entry_links l join :schema.entries e on e.id = l.entry_id
     where l.kind = 'revert' and l.entry_id between $1::bigint and $2::bigint and ${condition}`,
    parameters,
  );
  return rows[0]?.reverts ?? 0;
}
