import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { RowtrailError } from '../../lib/errors.ts';
import { connectionOptions } from '../../pg/pool.ts';
import { pause } from '../../lib/backoff.ts';
import type { ChangeHandler } from '../../change/change.ts';
import { copyRows } from './copy-rows.ts';
import type { TableDescription } from './description.ts';
import { OutboxDecoder, type OutboxRow } from './outbox-decoder.ts';

/** Between two looks at an outbox that had nothing. */
const POLL_MS = 100;
/** Taken from the outbox and not yet deleted there: beyond, what is whole is stored and deleted. */
const MAX_UNDELETED_ROWS = 50_000;

/** What could not be captured, for a gap. */
export interface OutboxLoss {
  readonly table: { readonly oid: number; readonly schema: string; readonly name: string };
  readonly atMicros: bigint;
  readonly xid: bigint;
}

/** Where a capture's changes go. Supplied by the daemon. */
export interface OutboxConsumer<R> {
  readonly handler: ChangeHandler<R>;
  /** Where the next transaction is put: the first position that no stored one has. */
  readonly firstPosition: bigint;
  /** Transactions that are stored already: they are only to be deleted. */
  readonly stored: ReadonlySet<bigint>;
  /** Resolves when everything handed over is durable. */
  drain(): Promise<void>;
  /** Resolves when more may be handed over. */
  ready(): Promise<void>;
  /** The outbox has let go of these. */
  onDeleted(xids: readonly bigint[]): Promise<void>;
  /** Rows were too large, or (with the count so far) the outbox was full: puts a gap on record where it is new. */
  onLoss(losses: readonly OutboxLoss[]): Promise<void>;
  onDropped(dropped: bigint, sinceMicros: bigint | null): Promise<void>;
  /** The outbox was read to its end, and all of it is stored. */
  onCaughtUp(): void;
}

export interface OutboxCaptureOptions<R> {
  readonly url: string;
  /** Called once this daemon alone reads the outbox. */
  readonly open: () => Promise<OutboxConsumer<R>>;
}

/**
 * One attempt at capturing by the outbox: one connection, which holds the lock that keeps other daemons away.
 * Each cycle takes every row that one snapshot shows: whole transactions, as a snapshot shows all of one or nothing.
 * Transactions come in the order of their highest id, which each takes while it holds the locks on what it writes: one
 * that builds on another comes after it. They are stored, then deleted; what is stored twice over is passed over.
 */
export class OutboxCapture<R> {
  readonly #options: OutboxCaptureOptions<R>;
  readonly #client: pg.Client;
  readonly #deleter: pg.Client;
  readonly #abort = new AbortController();
  #fail: ((error: unknown) => void) | null = null;
  #halted = false;
  #position = 0n;
  #stored: ReadonlySet<bigint> = new Set();
  /** Of the transactions that are handed over, for messages: position → xid. */
  readonly #xids = new Map<bigint, bigint>();
  #undeleted: bigint[] = [];
  #undeletedRows = 0;
  #descriptions: string[] = [];
  #losses: OutboxLoss[] = [];
  #droppedSince: bigint | null = null;
  #emptied = true;
  #cycles = 0;
  /** Those who wait for a cycle to end, by its number. */
  #waiting: { readonly cycle: number; readonly resolve: () => void }[] = [];

  constructor(options: OutboxCaptureOptions<R>) {
    this.#options = options;
    this.#client = new pg.Client(connectionOptions(options.url, 'outbox'));
    this.#deleter = new pg.Client(connectionOptions(options.url, 'outbox delete'));
  }

  /** The transaction that was handed over at this position, if it is not deleted yet. */
  xidAt(position: bigint): bigint | null {
    return this.#xids.get(position) ?? null;
  }

  /** Runs until `stop`, or rejects with what went wrong. `onReading` is called when the outbox is this one's to read. */
  async run(onReading: () => void): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    try {
      await Promise.race([this.#run(onReading), failed]);
    } finally {
      this.#halted = true;
      this.#abort.abort();
      await Promise.all([this.#client.end().catch(() => {}), this.#deleter.end().catch(() => {})]);
    }
  }

  /** Ends the attempt with an error from elsewhere. */
  fail(error: unknown): void {
    this.#fail?.(error);
  }

  /** Resolves when all that is committed now has been handed over; never, if the attempt ends before. */
  passed(): Promise<void> {
    // The next cycle's snapshot comes after this call; that of one at work may have come before.
    return new Promise((resolve) => {
      this.#waiting.push({ cycle: this.#cycles + 1, resolve });
    });
  }

  /** No more changes are wanted. `run` resolves once what is whole has been stored and deleted. */
  halt(): void {
    this.#halted = true;
    this.#abort.abort();
  }

  async #run(onReading: () => void): Promise<void> {
    for (const client of [this.#client, this.#deleter]) client.on('error', (error) => this.fail(error));
    await Promise.all([this.#client.connect(), this.#deleter.connect()]);
    await this.#client.query('set statement_timeout = 0; set idle_session_timeout = 0');
    const locked = await this.#client.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtext('rowtrail.outbox'), 0) as locked",
    );
    if (locked.rows[0]?.locked !== true) {
      throw new RowtrailError('RT_FENCED', 'another daemon reads the outbox of this source', {
        hint: 'Only one daemon captures a source at a time. This one stands by and takes over when the other ends.',
      });
    }
    const consumer = await this.#options.open();
    const decoder = new OutboxDecoder<R>({
      handler: consumer.handler,
      describe: (oid) => this.#describe(oid),
      onTooLarge: (root, row) => this.#losses.push(loss(root, row)),
    });
    this.#position = consumer.firstPosition;
    this.#stored = consumer.stored;
    const known = await this.#client.query<{ description: string }>('select description from rowtrail.described');
    for (const { description } of known.rows) decoder.describe(description);
    onReading();
    while (!this.#halted) {
      this.#cycles += 1;
      const rows = await this.#cycle(consumer, decoder);
      if (this.#halted) break;
      this.#tellWaiting();
      // After the first cycle, what was stored before is not in the outbox any more.
      if (this.#stored.size > 0) await consumer.onDeleted([...this.#stored]);
      this.#stored = new Set();
      consumer.onCaughtUp();
      if (rows === 0) {
        await this.#rest();
        await pause(POLL_MS, this.#abort.signal);
      }
    }
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ cycle }) => cycle > this.#cycles);
    for (const { cycle, resolve } of waiting) if (cycle <= this.#cycles) resolve();
  }

  /** Takes what is there; returns how many rows that were. */
  async #cycle(consumer: OutboxConsumer<R>, decoder: OutboxDecoder<R>): Promise<number> {
    // Before the rows: what is dropped from here on is told by the next cycle, and again if it is told now.
    const dropped = await this.#deleter.query<{ dropped: string }>(
      'select case when is_called then last_value else 0 end::text as dropped from rowtrail.outbox_dropped',
    );
    const stream = this.#client.query(copyTo(DRAIN_SQL));
    let rows = 0;
    let open: bigint | null = null;
    const close = (): void => {
      if (open !== null) this.#commit(consumer);
      open = null;
    };
    for await (const fields of copyRows(stream)) {
      const row = outboxRow(fields);
      if (this.#halted) {
        // The connection is of no more use in the middle of a COPY.
        stream.destroy();
        // A transaction that is not whole is not stored, nor may what shares its flush be: all stay where they are.
        if (row.xid === open) return rows;
        break;
      }
      if (row.xid !== open) {
        close();
        await consumer.ready();
        if (this.#undeletedRows >= MAX_UNDELETED_ROWS) await this.#settle(consumer);
        open = row.xid;
        this.#undeleted.push(row.xid);
        this.#begin(consumer, row);
      }
      rows += 1;
      this.#undeletedRows += 1;
      if (row.kind === 'r' && row.message !== null) this.#descriptions.push(row.message.toString('utf8'));
      if (row.kind === 'x') this.#droppedSince ??= row.writtenAtMicros;
      if (!this.#stored.has(row.xid) || row.kind === 'r') await decoder.row(row);
      // A huge transaction waits for the store like many small ones.
      if (rows % 256 === 0) await consumer.ready();
    }
    close();
    if (rows > 0) await this.#settle(consumer);
    await consumer.onDropped(BigInt(dropped.rows[0]?.dropped ?? 0), this.#droppedSince);
    this.#droppedSince = null;
    return rows;
  }

  #begin({ handler }: OutboxConsumer<R>, row: OutboxRow): void {
    this.#xids.set(this.#position, row.xid);
    handler.begin({ commitLsn: this.#position, committedAtMicros: row.writtenAtMicros, xid: Number(row.xid) });
  }

  #commit({ handler }: OutboxConsumer<R>): void {
    handler.commit({ commitLsn: this.#position, endLsn: this.#position + 1n });
    this.#position += 1n;
  }

  /** Makes what was handed over durable, and only then deletes it from the outbox. */
  async #settle(consumer: OutboxConsumer<R>): Promise<void> {
    await consumer.drain();
    if (this.#losses.length > 0) await consumer.onLoss(this.#losses.splice(0));
    const xids = this.#undeleted;
    if (xids.length === 0) return;
    await this.#deleter.query(DELETE_SQL, [xids.map(String), this.#descriptions]);
    this.#undeleted = [];
    this.#undeletedRows = 0;
    this.#descriptions = [];
    this.#xids.clear();
    this.#emptied = false;
    await consumer.onDeleted(xids);
  }

  /** Nothing is left: whatever size the outbox has is room to be used again. */
  async #rest(): Promise<void> {
    if (this.#emptied) return;
    await this.#deleter.query("update rowtrail.outbox_state set emptied_bytes = pg_table_size('rowtrail.outbox')");
    this.#emptied = true;
  }

  async #describe(oid: number): Promise<string | null> {
    const found = await this.#deleter.query<{ description: string | null }>(DESCRIBE_SQL, [oid]);
    const description = found.rows[0]?.description ?? null;
    if (description !== null) this.#descriptions.push(description);
    return description;
  }
}

function outboxRow(fields: readonly (Buffer | null)[]): OutboxRow {
  const [xid, at, kind, relid, message, image] = fields;
  return {
    xid: xid!.readBigInt64BE(),
    writtenAtMicros: at!.readBigInt64BE(),
    kind: kind!.toString('latin1'),
    relid: relid === null || relid === undefined ? 0 : relid.readUInt32BE(),
    message: message ?? null,
    image: image ?? null,
  };
}

function loss(table: TableDescription, row: OutboxRow): OutboxLoss {
  return { table, atMicros: row.writtenAtMicros, xid: row.xid };
}

/** A small statement's rows are one row of the outbox: here they are as many as it had. What is not a start is the application's doing. */
const DRAIN_SQL = `
copy (
  select o.xid::text::bigint, o.written_at, r.kind, o.relid, r.message, r.image
  from (
    select o.*, max(o.id) over (partition by o.xid) as last,
      case when o.start ~ '^[0-9]{1,10} [0-9A-F]{1,8}/[0-9A-F]{1,8}( captured)?$' then split_part(o.start, ' ', 2)::pg_lsn else o.id end as began,
      (extract(epoch from max(o.at) over (partition by o.xid) - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint as written_at
    from rowtrail.outbox o
  ) o
  cross join lateral (
    select o.position::bigint as position, o.kind::text as kind, o.message, o.image where o.kind <> 's'
    union all
    select u.position, case when o.images is null then 'd' else 'o' end, case u.position when 1 then o.message end, u.image
      from unnest(o.old_images) with ordinality as u(image, position)
    union all
    select u.position, case when o.old_images is null then 'i' else 'n' end,
        case when u.position = 1 and o.old_images is null then o.message end, u.image
      from unnest(o.images) with ordinality as u(image, position)
  ) r
  order by o.last, o.xid, o.began, o.depth, o.id, r.position, r.kind desc
) to stdout (format binary)`;

/** The last description of each table in the order given stays. */
const DELETE_SQL = `
with described as (
  insert into rowtrail.described (relid, description)
    select distinct on (d.relid) d.relid, d.description
      from (select (u.text::json ->> 'oid')::bigint::oid as relid, u.text as description, u.position
        from unnest($2::text[]) with ordinality as u(text, position)) d
      order by d.relid, d.position desc
    on conflict (relid) do update set description = excluded.description
)
delete from rowtrail.outbox where xid = any ($1::text[]::xid8[])`;

const DESCRIBE_SQL = `
select rowtrail.table_description($1) as description
from rowtrail.tables t where t.relid = coalesce(pg_partition_root($1::oid)::oid, $1::oid) and t.relid = t.root`;
