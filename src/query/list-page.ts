import { FilterError } from './filter-error.ts';
import { MAX_ID, type IdRange, smaller } from './id-range.ts';
import { decodeListCursor, encodeListCursor, type Place } from './list-cursor.ts';

export interface PageRequest {
  /** 1 to `MAX_LIMIT`. */
  readonly limit: number;
  /** Cursors of an earlier page; at most one of them. */
  readonly after: string | null;
  readonly before: string | null;
}

export interface PageMeta {
  /** Null at the end of the list. */
  readonly next: string | null;
  /** Null at its start. */
  readonly prev: string | null;
}

export interface ListPage<Item> {
  /** In the order of the list. */
  readonly items: readonly Item[];
  readonly meta: PageMeta;
}

/** What a reader of one page is asked for. */
export interface PageWalk {
  /** Where to begin; null: at the start of the list, or at its end when going backward. */
  readonly place: Place | null;
  /** Against the order of the list. */
  readonly backward: boolean;
  readonly limit: number;
}

/** What it gives: items in the order of the walk, `limit` of them at most. */
export interface Walked<Item> {
  readonly items: readonly Item[];
  /** Whether more follow in the direction of the walk. */
  readonly more: boolean;
  /** Where to go on where the walk ended before the list did, without an item to say so. */
  readonly stoppedAt?: readonly string[];
}

export interface ListOrder<Item> {
  /** The list's name, filters, order and viewer: cursors of another one are refused. */
  readonly list: string;
  /** How many values a place has. */
  readonly width: number;
  placeOf(item: Item): readonly string[];
}

/** One page of a list. Throws a FilterError for a cursor that can't be used. */
export async function readListPage<Item>(
  request: PageRequest,
  order: ListOrder<Item>,
  read: (walk: PageWalk) => Promise<Walked<Item>>,
): Promise<ListPage<Item>> {
  const { place, backward } = startOf(request, order);
  const walked = await read({ place, backward, limit: request.limit });
  const items = backward ? walked.items.toReversed() : walked.items;
  return { items, meta: metaOf(order, { place, backward }, items, walked) };
}

/** The first `limit` of what was read, one more than that having been asked for. */
export function firstOf<Item>(items: readonly Item[], limit: number): Walked<Item> {
  return { items: items.slice(0, limit), more: items.length > limit };
}

/** The ids of a list ordered by them that lie beyond a place; `descending`: in the direction of the walk. */
export function idsBeyond(place: Place | null, descending: boolean, within: IdRange = WHOLE): IdRange {
  if (place === null) return within;
  const id = idOf(place.values[0] as string);
  const step = place.inclusive ? 0n : 1n;
  return descending
    ? { low: within.low, high: smaller(within.high, id - step) }
    : { low: id + step > within.low ? id + step : within.low, high: within.high };
}

/** Throws a FilterError where a cursor's value is no id. */
export function idOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= MAX_ID) throw new FilterError('after', 'the cursor is not one');
  return BigInt(text);
}

const WHOLE: IdRange = { low: 0n, high: MAX_ID };

function startOf<Item>(
  request: PageRequest,
  order: ListOrder<Item>,
): { readonly place: Place | null; readonly backward: boolean } {
  const { after, before } = request;
  if (after !== null && before !== null) {
    throw new FilterError('before', 'after and before exclude each other', 'Give the one cursor of the page you want.');
  }
  if (after !== null) return { place: decodeListCursor(after, 'after', order.list, order.width), backward: false };
  if (before !== null) return { place: decodeListCursor(before, 'before', order.list, order.width), backward: true };
  return { place: null, backward: false };
}

function metaOf<Item>(
  order: ListOrder<Item>,
  { place, backward }: { readonly place: Place | null; readonly backward: boolean },
  items: readonly Item[],
  { more, stoppedAt }: Walked<Item>,
): PageMeta {
  const cursor = (values: readonly string[], inclusive: boolean): string =>
    encodeListCursor({ values, inclusive }, order.list);
  const [first, last] = [items[0], items.at(-1)];
  const near = backward ? last : first;
  const far = backward ? first : last;
  const end = stoppedAt ?? (far === undefined ? null : order.placeOf(far));
  const onward = more && end !== null ? cursor(end, false) : null;
  // From an empty page the way back includes the place itself.
  const edge =
    near === undefined
      ? place === null
        ? null
        : cursor(place.values, !place.inclusive)
      : cursor(order.placeOf(near), false);
  const back = place === null ? null : edge;
  return backward ? { next: back, prev: onward } : { next: onward, prev: back };
}
