import type pg from 'pg';
import { readStamps, type RelationStamps, type Stamp } from '../capture/wal/relation-stamps.ts';
import type { StreamPosition } from '../change/change.ts';
import type { SourceConfig } from '../config/config.ts';
import type { ImageTrust } from '../entry/image-trust.ts';
import { recordStamps } from '../store/stamp-record.ts';

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
    this.#first = await this.#read(null);
  }

  /** Reads the stamps of one relation, or null if it is not published any more. */
  async read(oid: number): Promise<RelationStamps | null> {
    return (await this.#read(oid)).get(oid) ?? null;
  }

  /**
   * How far back the images of a relation can be trusted that is described here. The description holds until the
   * next one; beyond it, only the catalog can tell, and only if it showed this transaction by then (`isShown`).
   */
  async trust(
    relation: { oid: number; id: number; key: readonly string[] | null; masks: string | null },
    at: StreamPosition,
    stamps: RelationStamps | null,
    isShown: boolean,
  ): Promise<ImageTrust> {
    const from = { commitLsn: at.commitLsn, ordinal: at.ordinal };
    const never = new Set([...(stamps?.attnums.keys() ?? [])].filter((name) => stamps?.columns.has(name) === false));
    if (stamps === null || !isShown) return { from, since: new Map(), never };
    const first = this.#first.get(relation.oid);
    // The key as the stream has it: entries under another one are no entries of these records. Likewise the masks:
    // a value in clear must not come back, and a hash with another key shows nothing.
    const { stamp, ...seen } = earliest(stamps.relation, first?.relation);
    const masks = relation.masks === null ? '' : ` / ${relation.masks}`;
    const whole = { ...seen, stamp: `${stamp} / ${JSON.stringify(relation.key)}${masks}` };
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

  #read(oid: number | null): Promise<Map<number, RelationStamps>> {
    const { publication, slot } = this.#source;
    return readStamps(this.#sourcePool, { publication, slot, oid });
  }
}

function earliest(now: Stamp, first: Stamp | undefined): Stamp {
  return first !== undefined && first.stamp === now.stamp && first.since < now.since ? first : now;
}
