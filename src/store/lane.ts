import pg from 'pg';
import { ENTRY_COLUMNS } from '../entry/entry-row.ts';
import { codeOf } from '../lib/errors.ts';
import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { formatLsn } from '../pg/lsn.ts';
import { backendOf, connectionOptions } from '../pg/pool.ts';
import { BinaryRows } from './binary-rows.ts';
import { fenced, type Checkpoint } from './checkpoint.ts';
import { sendBatch } from './copy-batch.ts';
import { copyIn, copyStatement } from './copy-stream.ts';
import { writeStreamedCoverage } from './coverage.ts';
import { actorKey, type Dictionary } from './dictionary.ts';
import { encodeLinks, LINK_COLUMNS, LinkFinder } from './entry-links.ts';
import type { Flush, SealedSegment, Stretch } from './flush.ts';
import { fetchLastImages } from './last-images.ts';
import { completedPieces, isIncomplete } from './segment-completion.ts';
import { encodeRevertLinks, PENDING_REVERT_COLUMNS, type RevertLinks } from './revert-links.ts';
import type { Segment } from './segment.ts';
import { encodeTruncatedRows, TRUNCATED_ROW_COLUMNS, type TruncatedRows } from './truncated-rows.ts';

export interface LaneOptions {
  readonly url: string;
  readonly schema: string;
  readonly sourceId: number;
  readonly epoch: number;
  readonly capture: Checkpoint['capture'];
  readonly writer: string;
  readonly dictionary: Dictionary;
  /** A segment is durable in the open transaction and its bytes are free. */
  readonly onCopied: (segment: Segment) => void;
  /** So many bytes of truncated rows, or of links, are. */
  readonly onRowsCopied: (bytes: number) => void;
  readonly onError: (error: Error) => void;
}

/**
 * One store connection that writes flushes, one after the other, each in one transaction. Several lanes let the
 * COPY of one flush run while another commits: the store's backend is the bottleneck (ANCHORS §3).
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

  /** The process id of its backend, once it is connected. */
  get backend(): number {
    return backendOf(this.#client);
  }

  async end(): Promise<void> {
    await this.#client.end();
  }

  /**
   * Writes a flush while it is being filled and commits it once `predecessor` is committed: flushes become
   * durable in order, and a flush whose predecessor failed must not exist.
   */
  async write(flush: Flush, predecessor: Promise<void>): Promise<void> {
    this.#linkFinder = new LinkFinder();
    try {
      const first = await flush.next();
      const isSmall = flush.isExhausted && flush.coverage.length === 0 && first !== null && isSmallSegment(first);
      if (isSmall) await this.#writeAtOnce(flush, first, predecessor);
      else await this.#writeStepwise(flush, first, predecessor);
    } catch (error) {
      flush.discard();
      await this.#client.query('rollback').catch(() => {});
      throw error;
    }
  }

  /** While a flush goes over as it comes in, a large transaction has the whole way behind it when it ends. */
  async #writeStepwise(flush: Flush, first: SealedSegment | null, predecessor: Promise<void>): Promise<void> {
    await this.#client.query(BEGIN);
    for (let sealed = first; sealed !== null; sealed = await flush.next()) {
      if (sealed.rows !== null) {
        await this.#writeSegment(flush, sealed.rows.segment, sealed.rows.firstId, predecessor);
      }
      await this.#writeTruncatedRows(flush, sealed.truncatedRows);
      await this.#writeRevertLinks(sealed.revertLinks);
      const contexts = await this.#contextRows(flush, sealed.stretches);
      if (contexts !== null) await copyIn(this.#client, `${this.#schema}.contexts`, CONTEXT_COLUMNS, [contexts]);
    }
    for (const [table, columns, data] of this.#transactionCopies(flush)) {
      await copyIn(this.#client, `${this.#schema}.${table}`, columns, data);
    }
    await predecessor;
    await this.#linkReverts(flush);
    await writeStreamedCoverage(this.#client, this.#options.schema, this.#options, flush.coverage);
    const [call, values] = this.#end(flush);
    await this.#client.query({ name: 'end_flush', text: `select ${call(PARAMETERS)}`, values }).catch(explainEnd);
    await this.#client.query('commit');
  }

  async #writeTruncatedRows(flush: Flush, { rows, byteLength }: TruncatedRows): Promise<void> {
    if (rows.length === 0) return;
    const data = encodeTruncatedRows(rows, flush.idOf);
    await copyIn(this.#client, `${this.#schema}.truncated_rows`, TRUNCATED_ROW_COLUMNS, [data]);
    this.#options.onRowsCopied(byteLength);
  }

  async #writeRevertLinks(links: RevertLinks): Promise<void> {
    if (links.links.length === 0) return;
    const data = encodeRevertLinks(links, this.#options.sourceId);
    await copyIn(this.#client, `${this.#schema}.pending_reverts`, PENDING_REVERT_COLUMNS, [data]);
    this.#options.onRowsCopied(links.byteLength);
  }

  /** With all entries of the flush in place, and links of changed keys: a record goes by each of its keys. */
  async #linkReverts(flush: Flush): Promise<void> {
    if (flush.reverts.length === 0) return;
    for (const { firstRow, head, size } of flush.reverts) {
      if (size === 0) continue;
      await this.#client.query(`select ${this.#schema}.link_reverts($1, $2, $3, $4)`, [
        this.#options.sourceId,
        head.xid,
        flush.idOf(firstRow),
        flush.idOf(firstRow + size - 1),
      ]);
    }
    await this.#client.query(`delete from ${this.#schema}.pending_reverts`);
  }

  /** A small flush is mostly round trips: it goes in one, commit included. */
  async #writeAtOnce(flush: Flush, { rows, stretches }: SealedSegment, predecessor: Promise<void>): Promise<void> {
    const { segment, firstId } = rows!;
    try {
      const id = await firstId;
      flush.holdBlock(id);
      flush.assignIds(segment.firstRow, id);
      const links = this.#linkFinder.linksOf(segment, segment.remarks, segment.endsWithDelete);
      const contexts = await this.#contextRows(flush, stretches);
      const copies: [table: string, columns: readonly string[], data: readonly Buffer[]][] = [
        ['entries', ENTRY_COLUMNS, segment.seal(id, flush.idOf) as Buffer[]],
      ];
      if (links.length > 0) copies.push(['entry_links', LINK_COLUMNS, [encodeLinks(links, flush)]]);
      if (contexts !== null) copies.push(['contexts', CONTEXT_COLUMNS, [contexts]]);
      copies.push(...this.#transactionCopies(flush));
      const [call, values] = this.#end(flush);
      await predecessor;
      await sendBatch(
        this.#client,
        [
          BEGIN,
          ...copies.map(([table, columns]) => copyStatement(`${this.#schema}.${table}`, columns)),
          `select ${call(values.map(quoteLiteral))}`,
          'commit',
        ],
        copies.map(([, , data]) => data),
      ).catch(explainEnd);
    } catch (error) {
      segment.release();
      throw error;
    }
    this.#options.onCopied(segment);
  }

  async #writeSegment(
    flush: Flush,
    segment: Segment,
    reserved: Promise<bigint>,
    predecessor: Promise<void>,
  ): Promise<void> {
    try {
      const firstId = await reserved;
      flush.holdBlock(firstId);
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

  /** Rows of COPY; null without any. */
  async #contextRows(flush: Flush, stretches: readonly Stretch[]): Promise<Buffer | null> {
    if (stretches.length === 0) return null;
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
    return rows.end();
  }

  /** What is copied for the flush's transactions: table, columns, data. */
  #transactionCopies(flush: Flush): [table: string, columns: readonly string[], data: readonly Buffer[]][] {
    const { capture, sourceId, epoch } = this.#options;
    const isOutbox = capture === 'trigger';
    const rows = new BinaryRows(TRANSACTION_COLUMNS.length);
    for (const { firstRow, head, size } of flush.transactions) {
      rows.row().int8(flush.idOf(firstRow)).int4(sourceId).int4(epoch).int8(BigInt(head.xid));
      // What counts as its position with trigger capture is no WAL position.
      rows
        .int8(isOutbox ? null : BigInt.asIntN(64, head.commitLsn))
        .int8(head.committedAtMicros)
        .int8(BigInt(size));
    }
    if (!isOutbox) return [['transactions', TRANSACTION_COLUMNS, [rows.end()]]];
    // Refused by its key if one of them is stored already.
    const drained = new BinaryRows(DRAINED_COLUMNS.length);
    for (const { head } of flush.transactions) drained.row().int4(sourceId).int8(BigInt(head.xid));
    return [
      ['transactions', TRANSACTION_COLUMNS, [rows.end()]],
      ['drained_transactions', DRAINED_COLUMNS, [drained.end()]],
    ];
  }

  /** The call that ends the flush in the store, over its arguments, and these as text. */
  #end(flush: Flush): [call: (given: readonly string[]) => string, values: string[]] {
    const { sourceId, writer } = this.#options;
    const last = flush.last!;
    const rollups = flush.rollups.rows((key) => flush.actorIds.get(key)!, flush.idOf);
    const call = ([source, by, from, commit, end, micros, counts, blocks]: readonly string[]): string =>
      `${this.#schema}.end_flush(${source}::integer, ${by}::uuid, ${from}::pg_lsn, ${commit}::pg_lsn, ${end}::pg_lsn,
        timestamptz '2000-01-01 00:00:00+00' + ${micros}::bigint * interval '1 microsecond', ${counts}::json, ${blocks}::bigint[])`;
    return [
      call,
      [
        String(sourceId),
        writer,
        formatLsn(flush.fromLsn),
        formatLsn(last.commitLsn),
        formatLsn(last.endLsn),
        last.committedAtMicros.toString(),
        JSON.stringify(rollups),
        `{${flush.blocks.join(',')}}`,
      ],
    ];
  }
}

// Each statement must see what the flush before has committed meanwhile.
const BEGIN = 'begin isolation level read committed';
const PARAMETERS = Array.from({ length: 8 }, (_, index) => `$${index + 1}`);
/** Above this, what a flush takes is not its round trips, and it is better copied while the one before commits. */
const SMALL_SEGMENT_BYTES = 256 * 1024;
/** Raised by `end_flush`. */
const FENCED = 'RT001';

function isSmallSegment({ rows, truncatedRows, revertLinks }: SealedSegment): boolean {
  if (rows === null || truncatedRows.rows.length > 0 || revertLinks.links.length > 0) return false;
  const { segment } = rows;
  return segment.byteLength <= SMALL_SEGMENT_BYTES && !segment.hasParts && !isIncomplete(segment);
}

function explainEnd(error: unknown): never {
  throw codeOf(error) === FENCED ? fenced() : error;
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

const DRAINED_COLUMNS = ['source_id', 'xid'] as const;

const TRANSACTION_COLUMNS = ['id', 'source_id', 'epoch', 'xid', 'commit_lsn', 'committed_at', 'size'] as const;
