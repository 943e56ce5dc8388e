import pg from 'pg';
import type { Context } from '../change/context.ts';
import { EncodedRow } from '../entry/encoded-row.ts';
import { ENTRY_COLUMNS, ORDINAL_OFFSET } from '../entry/entry-row.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { connectionOptions, destroyClient } from '../pg/pool.ts';
import { BinaryRows } from './binary-rows.ts';
import { fenced, type Checkpoint } from './checkpoint.ts';
import { copyIn } from './copy-stream.ts';
import { actorKey, type Dictionary } from './dictionary.ts';
import { RollupFold, Tallies } from './rollup.ts';
import { Segment } from './segment.ts';

/** Rows of one part of a table, read in one snapshot and encoded. */
export interface BaselinePiece {
  readonly relationId: number;
  /** Whether its rows have a key; without one, they are told apart by what they hold and by who wrote them. */
  readonly isKeyed: boolean;
  readonly segment: Segment;
  /** The transaction that wrote each row. */
  readonly xmins: readonly number[];
  readonly snapshot: string;
  /** Nothing that the snapshot does not show changed the table's columns before this position. */
  readonly lsn: bigint;
  readonly readAtMicros: bigint;
  readonly startedId: bigint;
  readonly end: {
    readonly oid: number;
    readonly part: number;
    readonly filenode: number;
    readonly block: number;
    readonly offset: number;
    readonly blocks: number;
    readonly done: boolean;
  };
}

export interface BaselineStore {
  readonly url: string;
  readonly schema: string;
  readonly sourceId: number;
  readonly epoch: number;
  /** How the source is captured: the outbox has no WAL positions. */
  readonly capture: Checkpoint['capture'];
  readonly writer: string;
  readonly dictionary: Dictionary;
}

interface PieceIds {
  readonly firstId: bigint;
  readonly actorId: number;
}

/** The snapshot does not show what the stream has told already: the rows are to be read again. */
export class StalePiece extends Error {}

/** Nobody is known to have made these rows. */
const CONTEXT: Context = {
  actor: { kind: 'unknown', claim: '', name: null },
  attribution: 'unknown',
  session: null,
  role: null,
  applicationName: 'rowtrail baseline',
  claims: null,
};

/** Writes pieces of baselines, on a connection of its own. */
export class BaselineWriter {
  readonly #store: BaselineStore;
  readonly #schema: string;
  readonly #client: pg.Client;

  constructor(store: BaselineStore) {
    this.#store = store;
    this.#schema = quoteIdentifier(store.schema);
    this.#client = new pg.Client(connectionOptions(store.url, 'baseline'));
    this.#client.on('error', () => {});
  }

  async connect(): Promise<void> {
    await this.#client.connect();
    await this.#client.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0');
  }

  /** At once: what is not committed is rolled back. */
  destroy(): void {
    destroyClient(this.#client);
  }

  /**
   * Writes the rows whose records have no entry yet, with the progress, in one transaction. To be run when everything
   * that came in before is durable, and nothing that comes after. `isAlive`: rows that are still there, where that has to
   * be known. Returns how many were written. Throws StalePiece.
   */
  async write(piece: BaselinePiece, firstId: bigint, isAlive: (n: number) => boolean): Promise<number> {
    await this.#client.query('begin isolation level read committed');
    try {
      if (await this.#isStale(piece)) throw new StalePiece();
      const covered = await this.#covered(piece);
      const kept = keep(piece.segment, (n) => isAlive(n) && !covered.has(n));
      const rows = kept.rowCount;
      try {
        const actorId = await this.#actorId();
        if (rows > 0) await this.#copy(piece, kept, { firstId, actorId });
        await this.#finish(piece, rows, { firstId, actorId });
      } finally {
        kept.release();
      }
      await this.#client.query('commit');
      return rows;
    } catch (error) {
      await this.#client.query('rollback').catch(() => {});
      throw error;
    }
  }

  async #isStale({ relationId, snapshot }: BaselinePiece): Promise<boolean> {
    const result = await this.#client.query<{ stale: boolean }>(
      `select exists (
         select from ${this.#schema}.entries e join ${this.#schema}.transactions t on t.id = e.transaction_id
         cross join lateral (select pg_snapshot_xmax($2::pg_snapshot)::text::bigint as next) s
         cross join lateral (select ((s.next >> 32) << 32) + (t.xid & 4294967295) as near) n
         where e.relation_id = $1 and e.record_key is null and e.action = 'truncate' and t.epoch = $3
           and e.id > ${this.#schema}.id_at(clock_timestamp() - interval '1 day')
           and not pg_visible_in_snapshot((case
             when n.near - s.next > 2147483648 then n.near - 4294967296
             when s.next - n.near > 2147483648 then n.near + 4294967296
             else n.near end)::text::xid8, $2::pg_snapshot)) as stale`,
      [relationId, snapshot, this.#store.epoch],
    );
    return result.rows[0]!.stale;
  }

  /** The rows that the history speaks of already. */
  async #covered({ relationId, isKeyed, segment, xmins, startedId }: BaselinePiece): Promise<ReadonlySet<number>> {
    const keys = Array.from({ length: segment.rowCount }, (_, n) => rowAt(segment, n).recordKey!);
    if (keys.length === 0) return new Set();
    const result = isKeyed
      ? await this.#client.query<{ n: string }>({
          name: 'covered',
          text: coveredSql(this.#schema),
          values: [relationId, keys],
        })
      : await this.#client.query<{ n: string }>({
          name: 'covered_keyless',
          text: coveredKeylessSql(this.#schema),
          values: [relationId, keys, xmins, startedId.toString()],
        });
    return new Set(result.rows.map(({ n }) => Number(n) - 1));
  }

  async #actorId(): Promise<number> {
    const actors = new Map<string, number>();
    await this.#store.dictionary.resolveActors([CONTEXT.actor], actors);
    return actors.get(actorKey(CONTEXT.actor))!;
  }

  async #copy(piece: BaselinePiece, kept: Segment, { firstId, actorId }: PieceIds): Promise<void> {
    const { sourceId, epoch, capture } = this.#store;
    const lastId = firstId + BigInt(kept.rowCount) - 1n;
    const size = BigInt(kept.rowCount);
    await copyIn(
      this.#client,
      `${this.#schema}.entries`,
      ENTRY_COLUMNS,
      kept.seal(firstId, () => firstId),
    );
    await copyIn(
      this.#client,
      `${this.#schema}.transactions`,
      ['id', 'source_id', 'epoch', 'xid', 'commit_lsn', 'committed_at', 'size'],
      [
        new BinaryRows(7)
          .row()
          .int8(firstId)
          .int4(sourceId)
          .int4(epoch)
          .int8(null)
          .int8(capture === 'trigger' ? null : BigInt.asIntN(64, piece.lsn))
          .int8(piece.readAtMicros)
          .int8(size)
          .end(),
      ],
    );
    await copyIn(
      this.#client,
      `${this.#schema}.contexts`,
      ['id', 'last_id', 'transaction_id', 'source_id', 'actor_id', 'attribution', 'application_name'],
      [
        new BinaryRows(7)
          .row()
          .int8(firstId)
          .int8(lastId)
          .int8(firstId)
          .int4(sourceId)
          .int4(actorId)
          .text(CONTEXT.attribution)
          .text(CONTEXT.applicationName)
          .end(),
      ],
    );
  }

  async #finish(
    { relationId, readAtMicros, end }: BaselinePiece,
    rows: number,
    { firstId, actorId }: PieceIds,
  ): Promise<void> {
    const { sourceId, writer } = this.#store;
    const tallies = new Tallies();
    for (let row = 0; row < rows; row += 1) tallies.add(relationId, 'baseline', row);
    const fold = new RollupFold();
    fold.add(readAtMicros, actorKey(CONTEXT.actor), CONTEXT.attribution, tallies.take());
    const rollups = fold.rows(
      () => actorId,
      (row) => firstId + BigInt(row),
    );
    const result = await this.#client.query<{ finished: boolean }>({
      name: 'finish_baseline_piece',
      text: `select ${this.#schema}.finish_baseline_piece($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as finished`,
      values: [
        sourceId,
        writer,
        firstId.toString(),
        JSON.stringify(rollups),
        rows,
        end.oid,
        end.part,
        end.filenode,
        end.block,
        end.offset,
        end.blocks,
        end.done,
      ],
    });
    if (result.rows[0]?.finished !== true) throw fenced();
  }
}

/** The chosen rows, numbered anew. */
function keep(segment: Segment, isKept: (n: number) => boolean): Segment {
  const kept = new Segment(0, segment.pool);
  for (let n = 0; n < segment.rowCount; n += 1) {
    if (!isKept(n)) continue;
    const ordinal = kept.rowCount;
    kept.adopt(segment, n, (target) => {
      const row = rowAt(segment, n);
      row.copyTo(target);
      target.bytes.view.setBigInt64(target.at - row.byteLength + ORDINAL_OFFSET, BigInt(ordinal));
    });
  }
  return kept;
}

function rowAt(segment: Segment, n: number): EncodedRow {
  const { bytes, start } = segment.rowAt(n);
  return new EncodedRow(bytes, start);
}

/** A record has an entry that holds its row (an event about it has none), or had one under this key before it got another. */
function coveredSql(schema: string): string {
  return `select k.n from unnest($2::text[]) with ordinality k(key, n)
    where exists (select from ${schema}.entries e where e.relation_id = $1 and e.record_key = k.key and e.row is not null)
      or exists (select from ${schema}.entry_links l
        where l.relation_id = $1 and l.record_key = k.key and l.kind in ('key', 'move'))`;
}

/**
 * An entry left such a row behind, by the transaction that wrote this one or (a subtransaction has a number of its own) one
 * that began before it. An equal row from before the history is older than that. Of an earlier baseline, every
 * such row counts.
 */
function coveredKeylessSql(schema: string): string {
  return `select k.n from unnest($2::text[], $3::bigint[]) with ordinality k(key, xmin, n)
    where exists (
      select from ${schema}.entries e left join ${schema}.transactions t on t.id = e.transaction_id
      where e.relation_id = $1 and e.record_key = k.key and (
        e.action in ('create', 'update') and (k.xmin - (t.xid & 4294967295) + 4294967296) % 4294967296 < 2147483648
        or e.action = 'baseline' and e.id < $4::bigint))`;
}
