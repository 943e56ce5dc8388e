/** What `audit.finish_flush` takes for one row of `audit.rollups`. */
export interface RollupRow {
  readonly bucket: string;
  readonly relation_id: number;
  readonly actor_id: number;
  readonly action: string;
  readonly attribution: string;
  readonly count: number;
  readonly min_id: string;
  readonly max_id: string;
}

/** Counts under one (relation, action) with the numbers of its first and last row in the flush. */
export interface Tally {
  readonly relationId: number;
  readonly action: string;
  count: number;
  firstRow: number;
  lastRow: number;
}

const BUCKET_MICROS = 15n * 60n * 1_000_000n;
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n;

/** Counts entries as they are encoded; `take` hands them over and starts again. */
export class Tallies {
  readonly #byKey = new Map<string, Tally>();
  #last: Tally | null = null;

  /** Relation 0 stands for entries without a table. */
  add(relationId: number, action: string, row: number): void {
    const last = this.#last;
    if (last !== null && last.relationId === relationId && last.action === action) {
      last.count += 1;
      last.lastRow = row;
      return;
    }
    const key = `${relationId} ${action}`;
    const tally = this.#byKey.get(key);
    if (tally === undefined) {
      const created = { relationId, action, count: 1, firstRow: row, lastRow: row };
      this.#byKey.set(key, created);
      this.#last = created;
    } else {
      tally.count += 1;
      tally.lastRow = row;
      this.#last = tally;
    }
  }

  /** Row numbers from now on begin `rows` later: the rows before have gone. */
  shift(rows: number): void {
    for (const tally of this.#byKey.values()) {
      tally.firstRow -= rows;
      tally.lastRow -= rows;
    }
  }

  take(): Tally[] {
    const taken = [...this.#byKey.values()];
    this.#byKey.clear();
    this.#last = null;
    return taken;
  }
}

/** A flush's rollups, keyed by bucket, actor and attribution; ids come at the end. */
export class RollupFold {
  readonly #folds = new Map<string, Fold>();

  add(occurredAtMicros: bigint, actorKey: string, attribution: string, tallies: readonly Tally[]): void {
    const bucket = occurredAtMicros - (((occurredAtMicros % BUCKET_MICROS) + BUCKET_MICROS) % BUCKET_MICROS);
    for (const tally of tallies) {
      const key = `${bucket} ${tally.relationId} ${tally.action} ${attribution} ${actorKey}`;
      const fold = this.#folds.get(key);
      if (fold === undefined) {
        this.#folds.set(key, { bucket, actorKey, attribution, tally });
      } else {
        fold.tally.count += tally.count;
        fold.tally.lastRow = tally.lastRow;
      }
    }
  }

  /** Sorted by primary key, so that two writers never wait for each other in a circle. */
  rows(actorId: (actorKey: string) => number, idOf: (row: number) => bigint): RollupRow[] {
    return [...this.#folds.values()]
      .map((fold) => ({
        bucket: new Date(Number((fold.bucket + POSTGRES_EPOCH_MICROS) / 1000n)).toISOString(),
        relation_id: fold.tally.relationId,
        actor_id: actorId(fold.actorKey),
        action: fold.tally.action,
        attribution: fold.attribution,
        count: fold.tally.count,
        min_id: idOf(fold.tally.firstRow).toString(),
        max_id: idOf(fold.tally.lastRow).toString(),
      }))
      .toSorted(
        (a, b) =>
          compare(a.bucket, b.bucket) ||
          a.relation_id - b.relation_id ||
          a.actor_id - b.actor_id ||
          compare(a.action, b.action) ||
          compare(a.attribution, b.attribution),
      );
  }
}

interface Fold {
  readonly bucket: bigint;
  readonly actorKey: string;
  readonly attribution: string;
  readonly tally: Tally;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
