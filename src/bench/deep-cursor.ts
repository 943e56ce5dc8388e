import { moveCursor } from '../query/cursor.ts';
import { moveListCursor } from '../query/list-cursor.ts';

/** Pages of `WALKED_LIMIT` turned where a list's order knows no entry to go to. */
const WALKED_PAGES = 10;
const WALKED_LIMIT = 1000;

/**
 * A cursor far down the list that `path` asks for: at the entry where the list has the order of ids, else ten thousand
 * items on, or on its last page. Null: the list has one page. `ask` returns an answer's `meta.next`.
 */
export async function deepCursor(
  path: string,
  id: bigint,
  ask: (path: string) => Promise<string | null>,
): Promise<string | null> {
  const next = await ask(path);
  if (next === null) return null;
  const moved = moveCursor(next, id) ?? moveListCursor(next, id);
  if (moved !== null) return moved;
  const wide = `${path.replace(/([?&])limit=\d+/, '$1')}${path.includes('?') ? '&' : '?'}limit=${WALKED_LIMIT}`;
  let deepest = next;
  for (let page = 0, after: string | null = null; page < WALKED_PAGES; page += 1) {
    after = await ask(after === null ? wide : `${wide}&after=${after}`);
    if (after === null) break;
    deepest = after;
  }
  return deepest;
}
