import type { Entry } from '../../api/schema.ts';

export type TimelineRow =
  | { readonly kind: 'day'; readonly key: string; readonly time: string }
  | { readonly kind: 'group'; readonly key: string; readonly group: Group; readonly isOpen: boolean }
  | { readonly kind: 'entry'; readonly key: string; readonly entry: Entry; readonly isInGroup: boolean };

/** Entries of one transaction that stand together. */
export interface Group {
  readonly transaction: string;
  readonly entries: readonly [Entry, ...Entry[]];
  /** Of the whole transaction, as far as it is known. */
  readonly size: number;
}

/** A group of more is closed until it is opened. */
const MAX_OPEN = 3;

/**
 * The rows of the list: a head for each day, one for each transaction of several entries, and the entries. `toggled`
 * has the transactions that were opened or closed by hand.
 */
export function timelineRows(
  entries: readonly Entry[],
  dayKey: (time: string) => string,
  toggled: ReadonlySet<string>,
): TimelineRow[] {
  const rows: TimelineRow[] = [];
  let day = '';
  for (const group of groupsOf(entries)) {
    const [first] = group.entries;
    const today = dayKey(first.timestamp);
    if (today !== day) {
      day = today;
      rows.push({ kind: 'day', key: `day ${today} ${first.id}`, time: first.timestamp });
    }
    const isGroup = group.entries.length > 1;
    const isOpen = group.entries.length <= MAX_OPEN !== toggled.has(group.transaction);
    if (isGroup) rows.push({ kind: 'group', key: `group ${group.transaction}`, group, isOpen });
    if (isGroup && !isOpen) continue;
    for (const entry of group.entries) rows.push({ kind: 'entry', key: entry.id, entry, isInGroup: isGroup });
  }
  return rows;
}

function groupsOf(entries: readonly Entry[]): Group[] {
  const groups: Group[] = [];
  let current: { transaction: string; entries: [Entry, ...Entry[]]; size: number } | undefined;
  for (const entry of entries) {
    const transaction = entry.transaction?.id ?? `none ${entry.id}`;
    if (current?.transaction === transaction) {
      current.entries.push(entry);
    } else {
      current = { transaction, entries: [entry], size: entry.transaction?.size ?? 1 };
      groups.push(current);
    }
  }
  return groups;
}

/** `deleted 10 rows: 6 order_items, 4 orders`, in its parts. */
export function groupParts({ entries }: Group): {
  readonly actions: readonly string[];
  readonly tables: readonly { readonly table: string; readonly entry: Entry; readonly count: number }[];
} {
  const tables = new Map<string, { table: string; entry: Entry; count: number }>();
  for (const entry of entries) {
    const table = `${entry.schema}.${entry.table}`;
    const found = tables.get(table);
    if (found === undefined) tables.set(table, { table, entry, count: 1 });
    else found.count += 1;
  }
  return {
    actions: [...new Set(entries.map(({ action }) => action))],
    tables: [...tables.values()].toSorted((one, other) => other.count - one.count),
  };
}
