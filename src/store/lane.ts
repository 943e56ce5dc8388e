import pg from 'pg';
import { ENTRY_COLUMNS } from '../entry/entry-row.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { formatLsn } from '../pg/lsn.ts';
import { connectionOptions } from '../pg/pool.ts';
import { BinaryRows } from './binary-rows.ts';
import { fenced } from './checkpoint.ts';
import { copyIn } from './copy-stream.ts';
import { writeStreamedCoverage } from './coverage.ts';
import { actorKey, type Dictionary } from './dictionary.ts';
import { encodeLinks, LINK_COLUMNS, LinkFinder } from './entry-links.ts';
import type { Flush, Stretch } from './flush.ts';
import { fetchLastImages } from './last-images.ts';
import { completedPieces, isIncomplete } from './segment-completion.ts';
import type { Segment } from './segment.ts';

export interface LaneOptions {
  readonly url: string;
  readonly schema: string;
  readonly sourceId: number;
  readonly epoch: number;
  readonly writer: string;
  readonly dictionary: Dictionary;
  /** A segment is durable in the open transaction and its bytes are free. */
  readonly onCopied: (segment: Segment) => void;
  readonly onError: (error: Error) => void;
}

/**
 * One store connection that writes flushes, one after the other, each in one transaction. Two lanes let the
 * COPY of one flush run while the other commits: the store's backend is the bottleneck (ANCHORS §3).
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #client: pg.Client;
  readonly #schema: string;
  #linkFinder = new LinkFinder();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#schema = quoteIdentifier(options.schema);
    this.#client = new pg.Client(connectionOptions(options.url, 'store'));
    this.#client.on('error', options.onError);
  }

  /** Connects. The store's own time limits must not cut a flush off: its size is bounded by ours. */
  async connect(): Promise<void> {
    await this.#client.connect();
    await this.#client.query(
      'set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set synchronous_commit = on',
    );
  }

  async end(): Promise<void> {
    await this.#client.end();
  }

  /**
   * Writes a flush while it is being filled and commits it once `predecessor` is committed: flushes become
   * durable in order, and a flush whose predecessor failed must not exist.
   */
  async write(flush: Flush, predecessor: Promise<void>): Promise<void> {
    // Each statement must see what the flush before has committed meanwhile.
    await this.#client.query('begin isolation level read committed');
    this.#linkFinder = new LinkFinder();
    try {
      for (let sealed = await flush.next(); sealed !== null; sealed = await flush.next()) {
        if (sealed.rows !== null) {
          await this.#writeSegment(flush, sealed.rows.segment, sealed.rows.firstId, predecessor);
        }
        await this.#writeContexts(flush, sealed.stretches);
      }
      await this.#writeTransactions(flush);
      await predecessor;
      await writeStreamedCoverage(this.#client, this.#options.schema, this.#options, flush.coverage);
      await this.#finish(flush);
      await this.#client.query('commit');
    } catch (error) {
      flush.discard();
      await this.#client.query('rollback').catch(() => {});
      throw error;
    }
  }

  async #writeSegment(
    flush: Flush,
    segment: Segment,
    reserved: Promise<bigint>,
    predecessor: Promise<void>,
  ): Promise<void> {
    try {
      const firstId = await reserved;
      if (isIncomplete(segment)) await this.#writeCompleted(flush, segment, firstId, predecessor);
      else await this.#writeEntries(flush, segment, firstId, segment);
    } catch (error) {
      segment.release();
      throw error;
    }
    this.#options.onCopied(segment);
  }

  /** Sends a segment, or a piece of one, with its links. */
  async #writeEntries(flush: Flush, piece: Segment, firstId: bigint, segment: Segment): Promise<void> {
    flush.assignIds(piece.firstRow, firstId);
    const isLast = piece.firstRow + piece.rowCount === segment.firstRow + segment.rowCount;
    const links = this.#linkFinder.linksOf(piece, segment.remarks, !isLast || segment.endsWithDelete);
    await copyIn(this.#client, `${this.#schema}.entries`, ENTRY_COLUMNS, piece.seal(firstId, flush.idOf));
    if (links.length > 0) {
      await copyIn(this.#client, `${this.#schema}.entry_links`, LINK_COLUMNS, [encodeLinks(links, flush)]);
    }
  }

  /**
   * Sends a segment with what its rows lack taken from the last entries of their records: only for that must the
   * flush before be committed.
   */
  async #writeCompleted(flush: Flush, segment: Segment, firstId: bigint, predecessor: Promise<void>): Promise<void> {
    const { epoch } = this.#options;
    const commitLsnOf = (transactionId: bigint): bigint | null => {
      const row = flush.rowOf(transactionId);
      return row === null ? null : flush.commitLsnOf(row);
    };
    const pieces = completedPieces(segment, flush, async (records) => {
      await predecessor;
      return fetchLastImages({ client: this.#client, schema: this.#schema, epoch, commitLsnOf }, records);
    });
    for await (const piece of pieces) {
      await this.#writeEntries(flush, piece, firstId + BigInt(piece.firstRow - segment.firstRow), segment);
      piece.release();
    }
  }

  async #writeContexts(flush: Flush, stretches: readonly Stretch[]): Promise<void> {
    if (stretches.length === 0) return;
    const { dictionary, sourceId } = this.#options;
    await dictionary.resolveActors(
      stretches.map((stretch) => stretch.context.actor),
      flush.actorIds,
    );
    const sessionIds = await dictionary.resolveSessions(
      stretches.flatMap(({ context }) => (context.session === null ? [] : [context.session])),
    );
    const rows = new BinaryRows(CONTEXT_COLUMNS.length);
    for (const { firstRow, lastRow, transactionRow, context } of stretches) {
      rows.row().int8(flush.idOf(firstRow)).int8(flush.idOf(lastRow)).int8(flush.idOf(transactionRow));
      rows
        .int4(sourceId)
        .int4(flush.actorIds.get(actorKey(context.actor))!)
        .text(context.attribution);
      rows.int8(context.session === null ? null : sessionIds.get(context.session.token)!);
      rows.text(context.role).text(context.applicationName);
      const { claims } = context;
      rows
        .text(claims?.userName ?? null)
        .text(claims?.ip ?? null)
        .text(claims?.userAgent ?? null);
      rows
        .text(claims?.comment ?? null)
        .text(claims?.requestId ?? null)
        .text(claims?.context ?? null);
    }
    await copyIn(this.#client, `${this.#schema}.contexts`, CONTEXT_COLUMNS, [rows.end()]);
  }

  async #writeTransactions(flush: Flush): Promise<void> {
    const rows = new BinaryRows(TRANSACTION_COLUMNS.length);
    for (const { firstRow, head, size } of flush.transactions) {
      rows
        .row()
        .int8(flush.idOf(firstRow))
        .int4(this.#options.sourceId)
        .int4(this.#options.epoch)
        .int8(BigInt(head.xid));
      rows.int8(BigInt.asIntN(64, head.commitLsn)).int8(head.committedAtMicros).int8(BigInt(size));
    }
    await copyIn(this.#client, `${this.#schema}.transactions`, TRANSACTION_COLUMNS, [rows.end()]);
  }

  async #finish(flush: Flush): Promise<void> {
    const { sourceId, writer } = this.#options;
    const last = flush.last!;
    const rollups = flush.rollups.rows((key) => flush.actorIds.get(key)!, flush.idOf);
    const result = await this.#client.query<{ finished: boolean }>({
      name: 'finish_flush',
      text: `select ${this.#schema}.finish_flush($1, $2, $3, $4, $5,
        timestamptz '2000-01-01 00:00:00+00' + $6::bigint * interval '1 microsecond', $7, $8) as finished`,
      values: [
        sourceId,
        writer,
        formatLsn(flush.fromLsn),
        formatLsn(last.commitLsn),
        formatLsn(last.endLsn),
        last.committedAtMicros.toString(),
        JSON.stringify(rollups),
        flush.blocks,
      ],
    });
    if (result.rows[0]?.finished !== true) throw fenced();
  }
}

const CONTEXT_COLUMNS = [
  'id',
  'last_id',
  'transaction_id',
  'source_id',
  'actor_id',
  'attribution',
  'session_id',
  'role',
  'application_name',
  'user_name',
  'ip',
  'user_agent',
  'comment',
  'request_id',
  'context',
] as const;

const TRANSACTION_COLUMNS = ['id', 'source_id', 'epoch', 'xid', 'commit_lsn', 'committed_at', 'size'] as const;
