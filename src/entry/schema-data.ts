import type { SchemaChange, SchemaColumn } from '../change/schema-change.ts';

/** What the command did to a table's columns, told apart by their numbers: a renamed one stays the same. */
interface ColumnChanges {
  readonly added?: readonly object[];
  readonly dropped?: readonly object[];
  readonly changed?: readonly { readonly name: string; readonly from: object; readonly to: object }[];
}

/**
 * The data of a `schema` entry, JSON text: `tag`, `object` {type, schema, identity}; `columns` where the command
 * changed some (all of them as `added` for a new table), `rewrite`, `acl`, `statement` where they apply. Pure.
 */
export function schemaData(change: SchemaChange, isRewritten: boolean): string {
  const columns = columnChanges(change);
  return JSON.stringify({
    tag: change.tag,
    object: { type: change.objectType, schema: change.objectSchema, identity: change.identity },
    ...(columns === null ? {} : { columns }),
    ...(isRewritten ? { rewrite: true } : {}),
    ...change.detail,
    ...(change.statement === null ? {} : { statement: change.statement }),
  });
}

function columnChanges({ tag, before, after }: SchemaChange): ColumnChanges | null {
  if (after === null) return null;
  if (before === null) return tag.startsWith('ALTER') ? null : { added: after.map((column) => described(column)) };
  const was = new Map(before.map((column) => [column.attnum, column]));
  const is = new Set(after.map(({ attnum }) => attnum));
  const added = after.filter(({ attnum }) => !was.has(attnum)).map((column) => described(column));
  const dropped = before.filter(({ attnum }) => !is.has(attnum)).map((column) => described(column));
  const changed = after.flatMap((column) => {
    const earlier = was.get(column.attnum);
    const difference = earlier === undefined ? null : differenceOf(earlier, column);
    return difference === null ? [] : [{ name: column.name, ...difference }];
  });
  if (added.length + dropped.length + changed.length === 0) return null;
  return {
    ...(added.length === 0 ? {} : { added }),
    ...(dropped.length === 0 ? {} : { dropped }),
    ...(changed.length === 0 ? {} : { changed }),
  };
}

function described(column: SchemaColumn): object {
  return { ...column, attnum: undefined };
}

/** The members that differ; what is not there is null. */
function differenceOf(from: SchemaColumn, to: SchemaColumn): { from: object; to: object } | null {
  const names = (['name', 'type', 'notNull', 'default', 'generated'] as const).filter(
    (name) => from[name] !== to[name],
  );
  if (names.length === 0) return null;
  const pick = (column: SchemaColumn): object => Object.fromEntries(names.map((name) => [name, column[name] ?? null]));
  return { from: pick(from), to: pick(to) };
}
