import type { RevertLink } from '../change/revert-link.ts';

const LINK_PARTS = 3;
/** Entry ids are positive and below 2^63. */
const ENTRY_IDS = /^[1-9]\d{0,18}( [1-9]\d{0,18})*$/;
const MAX_ENTRY_ID = 2n ** 63n - 1n;

/** The links that the parts of a revert message say, behind its kind and the secret; null: they say none. */
export function parseRevertLinks(parts: readonly (string | null)[]): RevertLink[] | null {
  const said = parts.slice(2);
  if (said.length === 0 || said.length % LINK_PARTS !== 0) return null;
  const links: RevertLink[] = [];
  for (let i = 0; i < said.length; i += LINK_PARTS) {
    const [relation, recordKey, ids] = [Number(said[i] ?? Number.NaN), said[i + 1], said[i + 2] ?? ''];
    if (!Number.isInteger(relation) || typeof recordKey !== 'string' || !ENTRY_IDS.test(ids)) return null;
    const entryIds = ids.split(' ').map(BigInt);
    if (entryIds.some((id) => id > MAX_ENTRY_ID)) return null;
    links.push({ relationOid: relation, recordKey, entryIds });
  }
  return links;
}
