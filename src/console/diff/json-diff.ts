import { exactJsonText, isJsonObject } from '../api/exact-json.ts';

/** A place in two JSON values. `old` and `new` are undefined where there is nothing. */
export interface JsonNode {
  /** The member's name, or the item's number. */
  readonly name: string;
  readonly kind: 'same' | 'added' | 'removed' | 'changed' | 'inside';
  readonly old: unknown;
  readonly new: unknown;
  /** Of `inside`: what both objects or lists hold. */
  readonly children: readonly JsonNode[];
}

/** Where two JSON values differ. Objects are compared by name, lists by position. */
export function jsonDiff(name: string, old: unknown, fresh: unknown): JsonNode {
  const leaf = (kind: JsonNode['kind']): JsonNode => ({ name, kind, old, new: fresh, children: [] });
  if (old === undefined) return leaf('added');
  if (fresh === undefined) return leaf('removed');
  if (exactJsonText(old) === exactJsonText(fresh)) return leaf('same');
  if (isJsonObject(old) && isJsonObject(fresh)) {
    const names = new Set([...Object.keys(old), ...Object.keys(fresh)]);
    const children = Array.from(names, (each) => jsonDiff(each, old[each], fresh[each]));
    // Only the order of the members differs.
    if (children.every(({ kind }) => kind === 'same')) return leaf('same');
    return { ...leaf('inside'), children };
  }
  if (Array.isArray(old) && Array.isArray(fresh)) {
    const length = Math.max(old.length, fresh.length);
    const children = Array.from({ length }, (_, at) => jsonDiff(String(at), old[at], fresh[at]));
    return { ...leaf('inside'), children };
  }
  return leaf('changed');
}

/** A changed member: `.address.city`. */
export interface ChangedPlace {
  readonly path: string;
  readonly old: unknown;
  readonly new: unknown;
}

/** The members that differ, in their order. */
export function changedPlaces(old: unknown, fresh: unknown): ChangedPlace[] {
  return placesIn(jsonDiff('', old, fresh), '');
}

function placesIn(node: JsonNode, path: string): ChangedPlace[] {
  if (node.kind === 'same') return [];
  if (node.kind !== 'inside') return [{ path, old: node.old, new: node.new }];
  return node.children.flatMap((child) => placesIn(child, `${path}.${child.name}`));
}
