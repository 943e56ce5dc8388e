import { inSnapshot, type Snapshot, type StoreReader } from './store-reader.ts';
import { timeText } from '../pg/time-text.ts';

/** What partitions of time the store holds. Names as in the status. */
export interface PartitionStatus {
  /** What was recorded before this time has been removed by retention; null: nothing ever was. */
  readonly kept_since: string | null;
  /** Entries recorded up to here have a partition already; null: there is none at all. */
  readonly partitions_until: string | null;
  /**
   * What the partitioned tables take on disk, with their indexes, and of that each period of time, the newest first. Null
   * for a viewer limited to tables: it tells how much is written to the others.
   */
  readonly bytes: number | null;
  readonly periods: readonly { readonly from: string; readonly to: string; readonly bytes: number }[] | null;
  /** Partitions that retention could not remove yet, the oldest first. */
  readonly removals_waiting: readonly {
    readonly partition: string;
    readonly since: string;
    readonly reason: string | null;
  }[];
}

/** From the catalog, and from what retention has put on record: costs the same at any size. */
export async function readPartitionStatus(snapshot: Snapshot): Promise<PartitionStatus> {
  const rows = await snapshot.query<{ kept_since: string | null; partitions_until: string | null }>(
    `select (select ${timeOfId('max(r.high)')} from :schema.removed_partitions r
         where r.parent = 'entries' and r.removed_at is not null) as kept_since,
       (select ${timeOfId('max(p.high)')} from :schema.partitions p where p.parent = 'entries') as partitions_until`,
  );
  const limited = (await snapshot.visibleRelations()) !== null;
  const waiting = await snapshot.query<{ partition: string; since: string; reason: string | null }>(
    // The reason is what the server said, which may name anything.
    `select r.name as partition, ${timeText('r.begun_at')} as since, case when not $1::boolean then r.note end as reason from :schema.removed_partitions r
     where r.removed_at is null order by r.high, r.name`,
    [limited],
  );
  const periods = limited ? null : await readPeriods(snapshot);
  return {
    kept_since: rows[0]?.kept_since ?? null,
    partitions_until: rows[0]?.partitions_until ?? null,
    bytes: periods === null ? null : periods.reduce((sum, { bytes }) => sum + bytes, 0),
    periods:
      periods === null
        ? null
        : periods
            .filter(({ bytes, isFuture }) => bytes > 0 && !isFuture)
            .map(({ from, to, bytes }) => ({ from, to, bytes })),
    removals_waiting: waiting,
  };
}

async function readPeriods(snapshot: Snapshot) {
  const rows = await snapshot.query<{ from: string; to: string; bytes: string; is_future: boolean }>(
    `select ${timeOfId('p.low')} as "from", ${timeOfId('p.high')} as "to", sum(p.bytes)::text as bytes,
       p.low > :schema.id_at(clock_timestamp()) as is_future
     from :schema.partitions p group by p.low, p.high order by p.low desc`,
  );
  return rows.map(({ from, to, bytes, is_future: isFuture }) => ({ from, to, bytes: Number(bytes), isFuture }));
}

/** How many partitions of entries there are for times to come. Throws what `inSnapshot` throws. */
export function readPartitionsAhead(store: StoreReader, timeoutMs: number): Promise<number> {
  return inSnapshot(
    store,
    async (snapshot) => {
      const rows = await snapshot.query<{ ahead: number }>(
        `select count(*)::integer as ahead from :schema.partitions p
         where p.parent = 'entries' and p.low > :schema.id_at(clock_timestamp())`,
      );
      return rows[0]?.ahead ?? 0;
    },
    timeoutMs,
  );
}

export interface TableSize {
  readonly table: string;
  readonly bytes: number;
}

/** What the partitioned tables take, with their indexes. Throws what `inSnapshot` throws. */
export function readStoreSizes(store: StoreReader, timeoutMs: number): Promise<TableSize[]> {
  return inSnapshot(
    store,
    async (snapshot) => {
      const rows = await snapshot.query<{ table: string; bytes: string }>(
        'select p.parent as table, sum(p.bytes)::text as bytes from :schema.partitions p group by p.parent order by p.parent',
      );
      return rows.map(({ table, bytes }) => ({ table, bytes: Number(bytes) }));
    },
    timeoutMs,
  );
}

function timeOfId(id: string): string {
  return timeText(`:schema.time_of_id(${id})`);
}
