import { anyPhrase, CONTEXT_WORDS, entryCondition, EVENT_WORDS, HAS_EVENT_WORDS } from './filter-condition.ts';
import type { ResolvedFilter } from './filter.ts';
import { type IdRange, larger, smaller } from './id-range.ts';
import { findNearest } from './scan-by-range.ts';
import {
  farEnd,
  isSpent,
  isUnrestricted,
  orderOf,
  promisedBy,
  listIn,
  readIds,
  union,
  without,
  type Direction,
  type Found,
  type Scan,
} from './scan-walk.ts';

/** Contexts read at a time, of all keys together at first; and of each, as the walk goes on. */
const FIRST_CONTEXTS = 256;
const MAX_CONTEXTS = 16_384;
const GROWTH = 8;
/** Contexts with a word that are looked up one by one. A word of more is found by looking at entries, one after the other. */
const MAX_COMMENTED = 4_000;
/** Contexts with a word, up to which they are read wherever they are. */
const MAX_RARE = 500;

/**
 * Values by which an index finds contexts in the order of their ids. Contexts of one value do not overlap: the value
 * belongs to one source, or the source is a part of what is looked up.
 */
interface ContextKey {
  readonly type: 'integer' | 'bigint' | 'text' | 'inet';
  /** What is compared with the value, of a context under the alias. */
  readonly is: (alias: string, value: string) => string;
  readonly ofOneSource: boolean;
  readonly values: readonly unknown[];
}

export function byActor(actorIds: readonly number[]): ContextKey {
  return { type: 'integer', is: (c, value) => `${c}.actor_id = ${value}`, ofOneSource: true, values: actorIds };
}

export function byRequest(requestIds: readonly string[]): ContextKey {
  return { type: 'text', is: (c, value) => `${c}.request_id = ${value}`, ofOneSource: false, values: requestIds };
}

export function byAddress(addresses: readonly string[]): ContextKey {
  return {
    type: 'inet',
    is: (c, value) => `${c}.ip is not null and :schema.address(${c}.ip) = ${value}`,
    ofOneSource: false,
    values: addresses,
  };
}

export function bySession(sessionIds: readonly string[]): ContextKey {
  return {
    type: 'bigint',
    is: (c, value) => `${c}.ip is null and ${c}.session_id = ${value}`,
    ofOneSource: true,
    values: sessionIds,
  };
}

/**
 * Contexts of the key's values → their id ranges → entries. Reading a stretch of a value's contexts settles a stretch
 * of ids. `filter`: what is still to be looked at.
 */
export async function findByContext(
  scan: Scan,
  range: IdRange,
  { key, filter, want }: { key: ContextKey; filter: ResolvedFilter; want: number },
): Promise<Found> {
  if (key.values.length === 0) return { ids: [], until: null };
  const found: bigint[] = [];
  let rest = range;
  // A context has an entry: no more of them are needed than entries where all of those match.
  const first = isUnrestricted(filter) ? Math.min(want, FIRST_CONTEXTS) : FIRST_CONTEXTS;
  let batch = Math.max(Math.floor(first / key.values.length), 4);
  const most = Math.max(Math.floor(MAX_CONTEXTS / key.values.length), 4);
  let read = 0;
  while (rest.low <= rest.high) {
    scan.snapshot.remainingMs();
    const contexts = await readContexts(scan, rest, key, batch);
    const settled = settledRange(contexts, rest, scan.direction, batch);
    found.push(...(await readContextEntries(scan, settled, { contexts, filter, want: want - found.length })));
    if (found.length >= want) break;
    rest = without(rest, settled, scan.direction);
    if (rest.low <= rest.high && isSpent(scan.budget)) {
      return { ids: found, until: farEnd(settled, scan.direction) };
    }
    read += batch;
    batch = Math.min(Math.max(promisedBy(read, { found: found.length, want }), batch), batch * GROWTH, most);
  }
  return { ids: found, until: null };
}

export interface ContextRange extends IdRange {
  /** Which value's, of which source. */
  readonly key: string;
}

/** Per value, the `limit` contexts nearest the start of the walk that may touch the range. */
async function readContexts(scan: Scan, range: IdRange, key: ContextKey, limit: number): Promise<ContextRange[]> {
  const sources = key.ofOneSource ? '(select null::integer) s(id)' : ':schema.sources s';
  const is = (alias: string): string =>
    `${key.is(alias, 'k.value')}${key.ofOneSource ? '' : ` and ${alias}.source_id = s.id`}`;
  const rows = await scan.snapshot.queryPlanned<{ contexts: string | null }>(
    // As one text, as those of comments: they are hundreds.
    `select string_agg(k.n || '/' || coalesce(s.id, 0) || ' ' || x.id || ' ' || x.last_id, ',') as contexts
     from unnest($1::${key.type}[]) with ordinality k(value, n) cross join ${sources}
     cross join lateral (
       select c.id, c.last_id from :schema.contexts c
       where ${is('c')} and c.id <= $3::bigint and c.id >= coalesce((
         select max(p.id) from :schema.contexts p where ${is('p')} and p.id <= $2::bigint), $2::bigint)
       order by c.id ${orderOf(scan.direction)} limit $4::bigint) x`,
    [key.values, range.low, range.high, limit],
  );
  return listIn(rows[0]?.contexts, contextIn);
}

function contextIn(text: string): ContextRange {
  const [key, low, high] = text.split(' ') as [string, string, string];
  return { key, low: BigInt(low), high: BigInt(high) };
}

/** The part of the range in which no further context of any of the values can have an entry. */
function settledRange(contexts: readonly ContextRange[], range: IdRange, direction: Direction, limit: number): IdRange {
  const counts = new Map<string, number>();
  let { low, high } = range;
  for (const context of contexts) {
    const count = (counts.get(context.key) ?? 0) + 1;
    counts.set(context.key, count);
    if (count < limit) continue;
    if (direction === 'newest') low = context.low > low ? context.low : low;
    else high = context.high < high ? context.high : high;
  }
  return { low, high };
}

export function readContextEntries(
  scan: Scan,
  range: IdRange,
  { contexts, filter, want }: { contexts: readonly ContextRange[]; filter: ResolvedFilter; want: number },
): Promise<bigint[]> {
  const within = contexts.reduce<IdRange | null>(
    (all, { low, high }) =>
      all === null ? { low, high } : { low: smaller(all.low, low), high: larger(all.high, high) },
    null,
  );
  if (within === null) return Promise.resolve([]);
  const order = orderOf(scan.direction);
  const parameters: unknown[] = [
    larger(range.low, within.low),
    smaller(range.high, within.high),
    want,
    contexts.map((context) => context.low),
    contexts.map((context) => context.high),
  ];
  const condition = entryCondition(filter, parameters);
  // Contexts of one value follow each other: the walk through them ends with the last entry that is wanted.
  const inTurn = contexts.every(({ key }) => key === contexts[0]?.key);
  return readIds(
    scan.snapshot,
    `select x.id::text from (
       select * from unnest($4::bigint[], $5::bigint[]) c(id, last_id) order by c.id ${order}) c
     cross join lateral (
       select e.id from (select * from :schema.entries e
         where e.id between $1::bigint and $2::bigint and e.id between c.id and c.last_id
         order by e.id ${order} offset 0) e
       where e.context_id = c.id and ${condition}
       order by e.id ${order} limit $3::bigint) x
     ${inTurn ? '' : `order by x.id ${order}`} limit $3::bigint`,
    parameters,
  );
}

/**
 * Contexts and events with one of the phrases in their comment, all of them at once: the index on words knows no order
 * of ids. Undefined when there are too many of them.
 */
export async function findByComment(
  scan: Scan,
  range: IdRange,
  { texts, filter, want }: { texts: readonly string[]; filter: ResolvedFilter; want: number },
): Promise<Found | undefined> {
  const inContext = {
    sql: `c.id::text as low, c.last_id::text as high from :schema.contexts c where c.comment is not null and ${CONTEXT_WORDS}`,
    within: 'c.last_id >= $2::bigint and c.id <= $3::bigint',
  };
  const inEvent = {
    sql: `e.id::text as low, e.id::text as high from :schema.entries e where ${HAS_EVENT_WORDS} and ${EVENT_WORDS}`,
    within: 'e.id between $2::bigint and $3::bigint',
  };
  let contexts = await readRare(scan, range, texts, inContext);
  if (contexts === undefined) {
    // What many have, the nearest entries have, too: looking there is less than counting how many it is.
    const nearest = scan.filter.relationIds === null ? await findNearest(scan, range, want) : undefined;
    if (nearest !== undefined) return nearest;
    contexts = await readCommented(scan, range, texts, inContext);
  }
  if (contexts === undefined) return undefined;
  // Those of several sources may overlap.
  const ranges = contexts.map(({ low, high }, n) => ({ low, high, key: String(n) }));
  const [inContexts, events] = await Promise.all([
    readContextEntries(scan, range, { contexts: ranges, filter, want }),
    readRare(scan, range, texts, inEvent).then((rare) => rare ?? readCommented(scan, range, texts, inEvent)),
  ]);
  if (events === undefined) return undefined;
  const ofEvents = await readMatching(scan, { ids: events.map(({ low }) => low.toString()), filter, want });
  return union(
    [
      { ids: inContexts, until: null },
      { ids: ofEvents, until: null },
    ],
    scan.direction,
    want,
  );
}

interface Commented {
  readonly sql: string;
  readonly within: string;
}

/**
 * What has one of the phrases and touches the range; undefined where that is not rare. All are read by a statement
 * without the range: with it, a plan made before would read all ids of it from the primary key, and making one takes
 * longer than the reading.
 */
async function readRare(
  scan: Scan,
  { low, high }: IdRange,
  texts: readonly string[],
  { sql }: Commented,
): Promise<IdRange[] | undefined> {
  const parameters: unknown[] = [MAX_RARE];
  const select = `${sql} @@ ${phrasesOf(texts, parameters)}`;
  const all = rangesOf(await scan.snapshot.queryPlanned(rangesSql(select), parameters));
  return all?.filter((each) => each.high >= low && each.low <= high);
}

/** The same; undefined where it is too much. */
async function readCommented(
  scan: Scan,
  { low, high }: IdRange,
  texts: readonly string[],
  { sql, within }: Commented,
): Promise<IdRange[] | undefined> {
  const parameters: unknown[] = [MAX_COMMENTED, low, high];
  const select = `${sql} @@ ${phrasesOf(texts, parameters)} and ${within}`;
  return rangesOf(await scan.snapshot.query(rangesSql(select), parameters));
}

function phrasesOf(texts: readonly string[], parameters: unknown[]): string {
  return anyPhrase(texts, (value, type) => `$${parameters.push(value)}::${type}`);
}

type Ranges = { readonly ranges: string | null };

/** In one row: thousands would take longer to be read than to be found. Null of more than $1, which nobody looks at. */
function rangesSql(select: string): string {
  return `select case when count(*) <= $1::bigint then coalesce(string_agg(x.low || ' ' || x.high, ','), '') end as ranges
    from (select ${select} limit $1::bigint + 1) x`;
}

function rangesOf(rows: readonly Ranges[]): IdRange[] | undefined {
  const ranges = rows[0]?.ranges ?? null;
  if (ranges === null) return undefined;
  return listIn(ranges, (range) => {
    const [low, high] = range.split(' ') as [string, string];
    return { low: BigInt(low), high: BigInt(high) };
  });
}

function readMatching(
  scan: Scan,
  { ids, filter, want }: { ids: readonly string[]; filter: ResolvedFilter; want: number },
): Promise<bigint[]> {
  if (ids.length === 0) return Promise.resolve([]);
  const parameters: unknown[] = [ids, want];
  const condition = entryCondition(filter, parameters);
  return readIds(
    scan.snapshot,
    `select e.id::text from :schema.entries e where e.id = any($1::bigint[]) and ${condition}
     order by e.id ${orderOf(scan.direction)} limit $2::bigint`,
    parameters,
  );
}
