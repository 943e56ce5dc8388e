import type { Column } from '../../change/relation.ts';

type StreamedColumn = Pick<Column, 'name' | 'typeOid'>;

/** A row of pg_attribute, as far as it matters here. */
export interface CatalogColumn {
  /** Never used twice in a table, and in the order in which columns were added. */
  readonly attnum: number;
  readonly name: string;
  /** 0 once dropped. */
  readonly typeOid: number;
  readonly dropped: boolean;
  readonly generated: boolean;
  /** False for generated columns that are not published. */
  readonly streamed: boolean;
  /** Whether this was so before anything that is still to come from the slot. */
  readonly settled: boolean;
}

/**
 * The column number of each streamed column, though columns may have been added, dropped, renamed and retyped
 * since; null where that leaves it open.
 *
 * Both stand in the order of their numbers. A column of the catalog that is not among the streamed ones was dropped
 * before them, or was added after them, as were all behind it. Of all ways of laying the one over the other by these
 * rules, a number counts only if none says otherwise, or none of those that need no renaming.
 */
export function alignColumns(
  streamed: readonly StreamedColumn[],
  catalog: readonly CatalogColumn[],
): (number | null)[] {
  const slots = catalog.filter((slot) => slot.streamed && !(slot.dropped && slot.settled));
  if (slots.every((slot) => slot.settled)) return settledOnly(streamed, slots);
  const placed = place(
    streamed,
    slots,
    mayBe(streamed, slots, () => true),
  );
  if (placed === null) return settledOnly(streamed, slots);
  const sameNames = mayBe(streamed, slots, (column, slot) => slot.dropped || slot.name === column.name);
  const unrenamed = place(streamed, slots, sameNames);
  const find = (attnum: number | null | undefined): CatalogColumn | undefined =>
    slots.find((slot) => slot.attnum === attnum);
  return streamed.map(({ name, typeOid }, i) => {
    const certain = find(placed[i]);
    // Renamed, then? Where another column has that very name and type now, something unusual has happened.
    if (certain !== undefined && certain.name !== name && !certain.dropped) {
      if (slots.some((slot) => slot.name === name && slot.typeOid === typeOid)) return null;
    }
    if (certain !== undefined) return certain.attnum;
    const likely = find(unrenamed?.[i]);
    return likely === undefined || likely.dropped ? null : likely.attnum;
  });
}

/** Where nothing is in doubt; or nothing fits, as with a published column list: what is settled has its name still. */
function settledOnly(streamed: readonly StreamedColumn[], slots: readonly CatalogColumn[]): (number | null)[] {
  const byName = new Map(slots.filter((slot) => slot.settled).map((slot) => [slot.name, slot.attnum]));
  return streamed.map((column) => byName.get(column.name) ?? null);
}

/** Whether the streamed column at `i` can be the one in slot `j`. */
type Placement = (i: number, j: number) => boolean;

function mayBe(
  streamed: readonly StreamedColumn[],
  slots: readonly CatalogColumn[],
  unsettled: (column: StreamedColumn, slot: CatalogColumn) => boolean,
): Placement {
  const settled = new Map(slots.filter((slot) => slot.settled).map((slot) => [slot.name, slot]));
  return (i, j) => {
    const column = streamed[i]!;
    const slot = slots[j]!;
    const only = settled.get(column.name);
    if (only !== undefined || slot.settled) return slot === only;
    return unsettled(column, slot);
  };
}

/** The numbers on which all ways agree; null if there is no way at all. */
function place(
  streamed: readonly StreamedColumn[],
  slots: readonly CatalogColumn[],
  may: Placement,
): (number | null)[] | null {
  const names = new Set(streamed.map((column) => column.name));
  const maySkip = slots.map((slot) => slot.dropped || (slot.settled && !names.has(slot.name)));
  const width = slots.length + 1;
  // before[i, j]: the first i columns can lie in the first j slots; after[i, j]: those from i on in those from j on.
  const before = new Uint8Array((streamed.length + 1) * width);
  const after = new Uint8Array((streamed.length + 1) * width);
  for (let i = 0; i <= streamed.length; i += 1) {
    for (let j = 0; j <= slots.length; j += 1) {
      const placed = i > 0 && j > 0 && before[(i - 1) * width + j - 1] === 1 && may(i - 1, j - 1);
      const skipped = j > 0 && before[i * width + j - 1] === 1 && maySkip[j - 1]!;
      before[i * width + j] = (i === 0 && j === 0) || placed || skipped ? 1 : 0;
    }
  }
  for (let i = streamed.length; i >= 0; i -= 1) {
    for (let j = slots.length; j >= 0; j -= 1) {
      const placed = i < streamed.length && j < slots.length && after[(i + 1) * width + j + 1] === 1 && may(i, j);
      const skipped = j < slots.length && after[i * width + j + 1] === 1 && maySkip[j]!;
      after[i * width + j] = i === streamed.length || placed || skipped ? 1 : 0;
    }
  }
  if (after[0] !== 1) return null;
  return streamed.map((_, i) => {
    const places = slots.filter(
      (__, j) => before[i * width + j] === 1 && after[(i + 1) * width + j + 1] === 1 && may(i, j),
    );
    return places.length === 1 ? places[0]!.attnum : null;
  });
}
