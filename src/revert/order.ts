import type { ForeignKey, Table } from './table.ts';
import type { RowWrite, Stage, WriteGroup } from './write.ts';

/**
 * In which order groups are written so that each constraint that can't wait holds after each stage: what is referred to
 * is there before what refers to it and goes after it, and a unique value is given up before it is taken. What goes in a
 * circle comes as one stage. Pure.
 */
export function orderGroups(groups: readonly WriteGroup[], foreignKeys: readonly ForeignKey[]): Stage[] {
  const edges = groups.map(() => new Set<number>());
  groups.forEach((first, i) => {
    groups.forEach((second, j) => {
      if (i !== j && comesBefore(first, second, foreignKeys)) edges[i]!.add(j);
    });
  });
  return components(edges).map((members) => members.toSorted((a, b) => a - b).map((i) => groups[i]!));
}

function comesBefore(first: WriteGroup, second: WriteGroup, foreignKeys: readonly ForeignKey[]): boolean {
  return (
    foreignKeys.some((key) => isFirstOf(first, second, key)) ||
    (first.table === second.table && first.action !== 'create' && handsOn(first, second))
  );
}

/** By one foreign key. */
function isFirstOf(first: WriteGroup, second: WriteGroup, key: ForeignKey): boolean {
  const parentFirst = first.table.id === key.parent && second.table.id === key.child;
  const childFirst = first.table.id === key.child && second.table.id === key.parent;
  if (parentFirst && (first.action === 'create' || touches(first, key.parentColumns))) {
    if (second.action === 'create' || touches(second, key.columns)) return true;
  }
  if (childFirst && (second.action === 'delete' || touches(second, key.parentColumns))) {
    return first.action === 'delete' || touches(first, key.columns);
  }
  return false;
}

function touches({ action, columns }: WriteGroup, of: readonly number[]): boolean {
  return action === 'update' && of.some((position) => columns.includes(position));
}

/** Whether the second takes a unique value that the first gives up. */
function handsOn(first: WriteGroup, second: WriteGroup): boolean {
  if (second.action === 'delete') return false;
  return first.table.unique.some(({ columns, immediate }) => {
    if (!immediate) return false;
    if (columns === null) return true;
    if (first.action === 'update' && !touches(first, columns)) return false;
    if (second.action === 'update' && !touches(second, columns)) return false;
    const given = new Set(first.rows.map((row) => valueText(row, columns, 'before')).filter((text) => text !== null));
    return second.rows.some((row) => given.has(valueText(row, columns, 'after') ?? ''));
  });
}

/** Null: a value of it is NULL or not known, and so none that could be taken. */
function valueText(row: RowWrite, columns: readonly number[], when: 'before' | 'after'): string | null {
  const texts: string[] = [];
  for (const position of columns) {
    const value = when === 'after' && row.values[position] !== undefined ? row.values[position] : row.before[position];
    if (typeof value !== 'string') return null;
    texts.push(value);
  }
  return JSON.stringify(texts);
}

/**
 * Whether rows of one group take unique values from one another: a statement checks row by row, in an order that nobody
 * is told. Pure.
 */
export function exchangesValues({ table, action, columns, rows }: WriteGroup): boolean {
  if (action !== 'update' || rows.length < 2) return false;
  return table.unique.some((index) => {
    if (!index.immediate || index.columns === null || !touches({ table, action, columns, rows }, index.columns)) {
      return false;
    }
    const of = index.columns;
    const given = new Set(rows.map((row) => valueText(row, of, 'before')).filter((text) => text !== null));
    return rows.some((row) => {
      const taken = valueText(row, of, 'after');
      return taken !== null && taken !== valueText(row, of, 'before') && given.has(taken);
    });
  });
}

/** Whether a table refers to itself by a key that can't wait. */
export function refersToItself(table: Table, foreignKeys: readonly ForeignKey[]): boolean {
  return foreignKeys.some(({ child, parent, deferrable }) => child === table.id && parent === table.id && !deferrable);
}

/** Strongly connected components, each before those that it has edges to. Tarjan's algorithm, backwards. */
function components(edges: readonly ReadonlySet<number>[]): number[][] {
  const state = edges.map(() => ({ index: -1, low: 0, onStack: false }));
  const stack: number[] = [];
  const found: number[][] = [];
  let next = 0;
  const visit = (node: number): void => {
    const own = state[node]!;
    own.index = own.low = next;
    next += 1;
    own.onStack = true;
    stack.push(node);
    for (const to of edges[node]!) {
      const other = state[to]!;
      if (other.index === -1) {
        visit(to);
        own.low = Math.min(own.low, other.low);
      } else if (other.onStack) {
        own.low = Math.min(own.low, other.index);
      }
    }
    if (own.low !== own.index) return;
    const members = stack.splice(stack.indexOf(node));
    for (const member of members) state[member]!.onStack = false;
    found.push(members);
  };
  for (const node of edges.keys()) if (state[node]!.index === -1) visit(node);
  return found.toReversed();
}
