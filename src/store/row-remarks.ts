import type { Change } from '../change/change.ts';
import { hasPartialOldTuple, INCOMPLETE_ROW, KEY_CHANGED, keyBefore } from '../entry/entry-row.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';

/** A row whose record may be known better by its last entry. */
export interface IncompleteRow {
  readonly plan: RelationPlan;
  /** The record's key before the change; null: the same as after it. */
  readonly keyBefore: string | null;
}

/** An update that gave its record another key. */
export interface KeyChange {
  readonly relationId: number;
  readonly before: string;
  /** Null: the one that the encoded row has. */
  readonly after: string | null;
}

/** What is to be done about single rows of a segment once they are all there. Rows are numbers in the flush. */
export class RowRemarks {
  readonly incomplete = new Map<number, IncompleteRow>();
  readonly keyChanges = new Map<number, KeyChange>();
  /** Creates that directly follow a delete of the same partitioned relation. */
  readonly afterDelete = new Map<number, RelationPlan>();

  /** `traits`: what `writeRowEntry` returned for this change just now. */
  note(row: number, change: Change<RelationPlan>, traits: number): void {
    const plan = change.relation;
    const before = change.action === 'update' ? oldKey(change) : null;
    if ((traits & KEY_CHANGED) !== 0) this.#noteKey(row, plan, before, null);
    // Without the old key, an update whose key may have changed would be taken for one of another record.
    const known = change.action === 'delete' || change.old === null || before !== null;
    if ((traits & INCOMPLETE_ROW) !== 0 && plan.trust !== null && known) {
      this.incomplete.set(row, { plan, keyBefore: before });
    }
  }

  /** Of a row too large for memory, whose new key the encoded row does not show. */
  noteLargeKey(row: number, change: Change<RelationPlan>, after: string): void {
    this.#noteKey(row, change.relation, oldKey(change), after);
  }

  #noteKey(row: number, { relationId }: RelationPlan, before: string | null, after: string | null): void {
    if (before !== null) this.keyChanges.set(row, { relationId, before, after });
  }

  /** Gives up what is noted of the rows from number `row` on, for a flush that begins with that row. */
  splitAt(row: number): RowRemarks {
    const moved = new RowRemarks();
    moveFrom(row, this.incomplete, moved.incomplete);
    moveFrom(row, this.keyChanges, moved.keyChanges);
    moveFrom(row, this.afterDelete, moved.afterDelete);
    return moved;
  }
}

function oldKey({ relation, old, oldHasKeyOnly }: Change<RelationPlan>): string | null {
  return keyBefore(relation, old, oldHasKeyOnly || hasPartialOldTuple(relation, old));
}

function moveFrom<T>(first: number, from: Map<number, T>, to: Map<number, T>): void {
  for (const [row, noted] of from) {
    if (row < first) continue;
    to.set(row - first, noted);
    from.delete(row);
  }
}
