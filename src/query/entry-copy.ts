import { finished } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { quoteIdentifier } from '../pg/identifier.ts';
import { backendOf, connectionOptions, destroyClient } from '../pg/pool.ts';
import { readSurroundings, type AskPlanned, type NamedSurroundings, type Surroundings } from './entry-surroundings.ts';
import { contextTexts, entryTexts, type ContextTexts, type EntryRecord, type EntryTexts } from './entry-json.ts';
import { MAX_IMAGE_BYTES, sizeOf } from './entry-reader.ts';
import { FieldReader, Int64Texts, TimeTexts } from './field-reader.ts';
import { explainReadError, urlOf, type StoreReader } from './store-reader.ts';
import { visibleEntry } from './visibility.ts';

/**
 * Reads whole entries in bulk, on a connection of its own: what `readEntries` asks for. What each entry has for itself
 * comes as binary COPY, so that a row costs few objects; what entries have in common, once for all of them.
 */
export class EntryCopy {
  readonly #store: StoreReader;
  readonly #client: pg.Client;
  readonly #timeoutMs: number;
  /** Of prepared statements, by their texts. */
  readonly #names = new Map<string, string>();
  #isConnected = false;
  #isDestroyed = false;

  /** `timeoutMs`: of one statement. */
  constructor(store: StoreReader, timeoutMs: number) {
    this.#store = store;
    this.#timeoutMs = timeoutMs;
    this.#client = new pg.Client(connectionOptions(urlOf(store), 'export'));
    this.#client.on('error', () => {});
  }

  /** Throws what `inSnapshot` throws. */
  async connect(): Promise<void> {
    await this.#explained(async () => {
      await this.#client.connect();
      await this.#client.query(
        `set statement_timeout = ${this.#timeoutMs}; set default_transaction_read_only = on;
         set default_transaction_isolation = 'repeatable read'; set search_path = pg_catalog; set jit = off;
         set plan_cache_mode = force_generic_plan`,
      );
      // A schema that is not there is told before the first byte is.
      await this.#client.query(`select from (${this.#sql([], null)}) x limit 0`);
      this.#isConnected = true;
    });
  }

  /**
   * The entries with these ids, which ascend, less those whose relation is not among `visible` (null: all). Fewer come
   * back when their images would exceed `MAX_IMAGE_BYTES` (never fewer than one). Each is made as it is taken, so
   * that one is garbage when the next one is made: that is most of what an export costs.
   */
  read(ids: readonly bigint[], visible: readonly number[] | null): Promise<CopiedEntries> {
    return this.#explained(async () => {
      await this.#client.query('begin');
      const stream = this.#client.query(copyTo(`copy (${this.#sql(ids, visible)}) to stdout (format binary)`));
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await finished(stream);
      const data = Buffer.concat(chunks);
      const { lastId, ...named } = namedIn(data);
      const surroundings = await readSurroundings(this.#asker(), named);
      await this.#client.query('commit');
      return { lastId, texts: textsOf(data, surroundings, visible === null) };
    });
  }

  /** The process id of its backend, once it is connected. */
  get backend(): readonly number[] {
    return this.#isConnected ? [backendOf(this.#client)] : [];
  }

  /** At once; what the server is doing for it goes on. */
  destroy(): void {
    this.#isDestroyed = true;
    destroyClient(this.#client);
  }

  /** One statement after the other: a client that copies can't have several under way. */
  #asker(): AskPlanned {
    let last: Promise<unknown> = Promise.resolve();
    return (sql, parameters) => {
      const asked = last.then(async () => {
        const name = this.#names.get(sql) ?? `surroundings ${this.#names.size}`;
        this.#names.set(sql, name);
        const text = this.#inSchema(sql);
        return (await this.#client.query({ name, text, values: [...parameters] })).rows;
      });
      last = asked.catch(() => {});
      return asked;
    };
  }

  /**
   * The sizes of the images first, and then the entries: no entry is copied, as a window over whole ones would have it (which took
   * the server longer than all the rest, and memory that it had to ask the system for each time). COPY takes no
   * parameters; the ids stand in a question of their own, as the planner would compare each literal with all that it knows
   * of each partition. The bounds say again what the ids say, so that partitions are left out of the plan.
   */
  #sql(ids: readonly bigint[], visible: readonly number[] | null): string {
    const asked = `e.id = any((select a.ids from asked a)::bigint[]) and e.id between ${ids[0] ?? 0} and ${ids.at(-1) ?? 0}
      and ${visibleEntry('e', visible === null ? 'null' : `'{${visible.join(',')}}'`)}`;
    return this.#inSchema(`with asked as materialized (
        select '{${ids.join(',')}}'::bigint[] as ids
      ), sized as materialized (
        select e.id, ${sizeOf('e.row')} + ${sizeOf('e.old')} as bytes from :schema.entries e where ${asked}
      )
      select e.id, e.occurred_at, e.context_id, e.transaction_id, e.ordinal, e.relation_id, e.action, e.record_key,
        e.changed::text, e.unknown::text, e.row::text, e.old::text, e.data::text
      from :schema.entries e where ${asked} and ((select sum(z.bytes) from sized z) < ${MAX_IMAGE_BYTES} or e.id <= (
        select max(s.id) from (select z.id, sum(z.bytes) over (order by z.id) - z.bytes as bytes_before from sized z) s
        where s.bytes_before < ${MAX_IMAGE_BYTES}))
      order by e.id`);
  }

  #inSchema(sql: string): string {
    const quoted = quoteIdentifier(this.#store.schema);
    return sql.replaceAll(':schema', () => quoted);
  }

  async #explained<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      throw this.#isDestroyed ? error : explainReadError(error, this.#store, this.#timeoutMs);
    }
  }
}

export interface CopiedEntries {
  /** Null without any. */
  readonly lastId: bigint | null;
  readonly texts: Iterable<EntryTexts>;
}

const HEADER_BYTES = 19;
/** Of the query. */
const COLUMN_COUNT = 13;

/** https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT */
function* textsOf(data: Buffer, surroundings: Surroundings, whole: boolean): Generator<EntryTexts> {
  const fields = new FieldReader(data, HEADER_BYTES);
  const ofContext = new Map<string | null, ContextTexts>();
  const times = new TimeTexts();
  // Entries that follow each other mostly have one context and one transaction.
  const [contextIds, transactionIds] = [new Int64Texts(), new Int64Texts()];
  let contextId: string | null | undefined;
  let transactionId: string | null | undefined;
  let [context, transaction] = [surroundings.context(null), surroundings.transaction(null)];
  let common = contextTexts(context);
  while (fields.beginRow()) {
    const id = fields.int64Text() as string;
    const timestamp = fields.through(times) as string;
    const nextContextId = fields.through(contextIds);
    if (nextContextId !== contextId) {
      contextId = nextContextId;
      context = surroundings.context(contextId);
      const known = ofContext.get(contextId);
      common = known ?? contextTexts(context);
      if (known === undefined) ofContext.set(contextId, common);
    }
    const nextTransactionId = fields.through(transactionIds);
    if (nextTransactionId !== transactionId) {
      transactionId = nextTransactionId;
      transaction = surroundings.transaction(transactionId);
    }
    const ordinal = fields.int64Text();
    const relation = surroundings.relation(fields.integer());
    const record: EntryRecord = {
      id,
      timestamp,
      source: relation.source ?? context.source ?? transaction.source,
      action: fields.text() as string,
      record_key: fields.text(),
      changed: fields.names(),
      unknown: fields.names(),
      row: fields.text(),
      old: fields.text(),
      data: fields.text(),
      after_gap: surroundings.afterGap(id),
      transaction_id: transactionId,
      ordinal: whole ? ordinal : null,
      size: whole ? transaction.size : null,
      relation,
      context,
      transaction,
    };
    yield entryTexts(record, common);
  }
}

/** Which contexts, transactions and relations the entries name, and which are incomplete. Of the other fields, most are jumped over. */
function namedIn(data: Buffer): NamedSurroundings & { readonly lastId: bigint | null } {
  const [contextIds, transactionIds, relationIds] = [new Set<bigint>(), new Set<bigint>(), new Set<number>()];
  const incompleteIds: bigint[] = [];
  let lastId: bigint | null = null;
  const fields = new FieldReader(data, HEADER_BYTES);
  while (fields.beginRow()) {
    const id = fields.int64() as bigint;
    lastId = id;
    fields.skip(1);
    const [contextId, transactionId] = [fields.int64(), fields.int64()];
    fields.skip(1);
    const relationId = fields.integer();
    fields.skip(3);
    if (fields.hasValue()) incompleteIds.push(id);
    fields.skip(COLUMN_COUNT - 10);
    if (contextId !== null) contextIds.add(contextId);
    if (transactionId !== null) transactionIds.add(transactionId);
    if (relationId !== null) relationIds.add(relationId);
  }
  return {
    lastId,
    contextIds: [...contextIds],
    transactionIds: [...transactionIds],
    relationIds: [...relationIds],
    incompleteIds,
  };
}
