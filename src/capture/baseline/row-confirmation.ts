import type pg from 'pg';
import { quoteQualified } from '../../pg/identifier.ts';
import type { PartFile } from './baseline-catalog.ts';
import type { FilePosition } from './part-reader.ts';

export interface Confirmation {
  /** The numbers of the rows that are there still, as they were. */
  readonly alive: ReadonlySet<number>;
  /** Whether it does not show what a transaction did, known by the low half of its number. */
  readonly isRunning: (xid: number) => boolean;
}

/** Which of these rows of a part another snapshot shows. */
export async function confirmRows(
  pool: pg.Pool,
  part: Pick<PartFile, 'schema' | 'name' | 'filenode'> & { readonly oid: number },
  rows: readonly { readonly position: FilePosition; readonly xmin: number }[],
): Promise<Confirmation> {
  const result = await pool.query<{ n: string | null; snapshot: string; filenode: string | null }>(
    `select k.n, pg_catalog.pg_current_snapshot()::text as snapshot, pg_catalog.pg_relation_filenode($1::oid)::text as filenode
     from (select 1) one left join (
       select k.n from unnest($2::tid[], $3::text[]) with ordinality k(tid, xmin, n)
       join only ${quoteQualified(part.schema, part.name)} t on t.ctid = k.tid and t.xmin::text = k.xmin) k on true`,
    [
      part.oid,
      rows.map(({ position }) => `(${position.block},${position.offset})`),
      rows.map(({ xmin }) => String(xmin)),
    ],
  );
  const { snapshot, filenode } = result.rows[0]!;
  const [, end, list] = snapshot.split(':');
  const low = (xid: string): number => Number(BigInt(xid) & 0xffff_ffffn);
  const running = new Set(
    list!
      .split(',')
      .filter((xid) => xid !== '')
      .map(low),
  );
  const next = low(end!);
  const isSameFile = Number(filenode) === part.filenode;
  return {
    alive: new Set(isSameFile ? result.rows.flatMap(({ n }) => (n === null ? [] : [Number(n) - 1])) : []),
    // Numbers go round: what lies less than half a round ahead comes later.
    isRunning: (xid) => running.has(xid) || (xid - next) >>> 0 < 0x8000_0000,
  };
}
