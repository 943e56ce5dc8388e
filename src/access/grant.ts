import { parseTablePattern, type TablePattern } from '../lib/table-pattern.ts';

/**
 * Whether a list of table patterns lets in nothing that the other list keeps out; null: no limit. It decides on the
 * patterns alone, for tables that are still to come, too: where in doubt, no.
 */
export function isWithin(given: readonly string[] | null, own: readonly string[] | null): boolean {
  if (own === null) return true;
  if (given === null) return false;
  const owned = own.map(parseTablePattern);
  const patterns = given.map(parseTablePattern);
  return patterns.every(
    (pattern, index) =>
      pattern.excludes ||
      isCovered(
        pattern,
        patterns.slice(index + 1).filter(({ excludes }) => excludes),
        owned,
      ),
  );
}

/**
 * The last pattern of those that can match decides: going back from it, one that covers all comes before one that
 * excludes some, unless what it excludes is excluded behind this pattern as well.
 */
function isCovered(
  pattern: TablePattern,
  exclusions: readonly TablePattern[],
  owned: readonly TablePattern[],
): boolean {
  for (const other of owned.toReversed()) {
    if (!other.excludes && both(covers, other, pattern)) return true;
    if (
      other.excludes &&
      both(meet, other, pattern) &&
      !exclusions.some((exclusion) => both(covers, exclusion, other))
    ) {
      return false;
    }
  }
  return false;
}

function both(test: (a: string, b: string) => boolean, a: TablePattern, b: TablePattern): boolean {
  const [[schemaA, tableA], [schemaB, tableB]] = [partsOf(a), partsOf(b)];
  return test(schemaA, schemaB) && test(tableA, tableB);
}

function partsOf({ text, excludes }: TablePattern): [string, string] {
  const body = excludes ? text.slice(1) : text;
  const dot = body.indexOf('.');
  return dot === -1 ? ['*', body] : [body.slice(0, dot), body.slice(dot + 1)];
}

/** Whether everything that `narrow` matches is matched by `wide`: a `*` of the one has to be taken in by one of the other. */
function covers(wide: string, narrow: string): boolean {
  return aligned(wide, narrow, (w, n) => w === '*' || w === n, ['*', '']);
}

/** Whether there is a name that both match. */
function meet(a: string, b: string): boolean {
  return aligned(a, b, (x, y) => x === y || x === '*' || y === '*', ['*', '*']);
}

/**
 * Whether the texts can be laid side by side, letter against letter, where a star that is listed for its side takes
 * any number of the other's letters. Table by table of their beginnings, so that its cost is the product of the lengths.
 */
function aligned(
  a: string,
  b: string,
  fits: (x: string, y: string) => boolean,
  [starOfA, starOfB]: readonly [string, string],
): boolean {
  let row: boolean[] = [];
  for (let i = 0; i <= a.length; i += 1) {
    const next: boolean[] = [];
    for (let j = 0; j <= b.length; j += 1) {
      const [x, y] = [a[i - 1], b[j - 1]];
      const takesA = i > 0 && y === starOfB && row[j] === true;
      const takesB = j > 0 && x === starOfA && next[j - 1] === true;
      const skipsA = i > 0 && x === starOfA && row[j] === true;
      const skipsB = j > 0 && y === starOfB && next[j - 1] === true;
      const fit = x !== undefined && y !== undefined && row[j - 1] === true && fits(x, y);
      next.push((i === 0 && j === 0) || takesA || takesB || skipsA || skipsB || fit);
    }
    row = next;
  }
  return row.at(-1) === true;
}
