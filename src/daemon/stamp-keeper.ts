import type pg from 'pg';
import { readStamps, type RelationStamps, type Stamp } from '../capture/wal/relation-stamps.ts';
import type { StreamPosition } from '../change/change.ts';
import type { SourceConfig } from '../config/config.ts';
import type { ImageTrust } from '../entry/image-trust.ts';
import { recordStamps } from '../store/stamp-record.ts';

/** Where a relation is described: its place in the stream and the transaction that it is in. */
export interface DescribedAt extends StreamPosition {
  readonly xid: number;
}

/** How long a description waits for the catalog to show its transaction. */
const SETTLE_LIMIT_MS = 1_000;
const SETTLE_POLL_MS = 5;

/** Knows since when the columns of the source's relations have been what they are. */
export class StampKeeper {
  readonly #source: Pick<SourceConfig, 'publication' | 'slot'>;
  readonly #sourcePool: pg.Pool;
  readonly #store: { readonly pool: pg.Pool; readonly schema: string; readonly epoch: number };
  /** As they were when the attempt began: that is earlier than when the stream comes to them. */
  #first: ReadonlyMap<number, RelationStamps> = new Map();

  constructor(
    source: Pick<SourceConfig, 'publication' | 'slot'>,
    sourcePool: pg.Pool,
    store: { readonly pool: pg.Pool; readonly schema: string; readonly epoch: number },
  ) {
    this.#source = source;
    this.#sourcePool = sourcePool;
    this.#store = store;
  }

  /** Looks at all published relations. To be called before the stream begins. */
  async start(): Promise<void> {
    this.#first = await this.#read(null, null);
  }

  /**
   * Reads the stamps of one relation, or null if it is not published any more. The stream has a transaction as
   * soon as it is flushed, the catalog shows it a moment later (or, with synchronous replication, when the standby
   * has it): that is waited for, for a while.
   */
  async read(oid: number, xid: number): Promise<RelationStamps | null> {
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    for (;;) {
      const stamps = (await this.#read(oid, xid)).get(oid) ?? null;
      if (stamps === null || stamps.settled || performance.now() > deadline) return stamps;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MS));
    }
  }

  /**
   * How far back the images of a relation can be trusted that is described here. The description holds until the
   * next one; beyond it, only the catalog can tell, and only if it was read behind this transaction.
   */
  async trust(
    relation: { oid: number; id: number; key: readonly string[] | null },
    at: DescribedAt,
    stamps: RelationStamps | null,
  ): Promise<ImageTrust> {
    const from = { commitLsn: at.commitLsn, ordinal: at.ordinal };
    const never = new Set([...(stamps?.attnums.keys() ?? [])].filter((name) => stamps?.columns.has(name) === false));
    if (stamps === null || !stamps.settled) return { from, since: new Map(), never };
    const first = this.#first.get(relation.oid);
    // The key as the stream has it: entries under another one are no entries of these records.
    const { stamp, ...seen } = earliest(stamps.relation, first?.relation);
    const whole = { ...seen, stamp: `${stamp} / ${JSON.stringify(relation.key)}` };
    const columns = [...stamps.columns].map(([name, now]) => earliest(now, first?.columns.get(name)));
    const { pool, schema, epoch } = this.#store;
    const since = await recordStamps(pool, schema, { relationId: relation.id, epoch, floor: at.commitLsn + 1n }, [
      whole,
      ...columns,
    ]);
    const all = since.get(0)!;
    return {
      from,
      never,
      since: new Map(
        [...stamps.columns].map(([name, { attnum }]) => {
          const own = since.get(attnum)!;
          return [name, own > all ? own : all];
        }),
      ),
    };
  }

  #read(oid: number | null, xid: number | null): Promise<Map<number, RelationStamps>> {
    const { publication, slot } = this.#source;
    return readStamps(this.#sourcePool, { publication, slot, oid, xid });
  }
}

function earliest(now: Stamp, first: Stamp | undefined): Stamp {
  return first !== undefined && first.stamp === now.stamp && first.since < now.since ? first : now;
}
