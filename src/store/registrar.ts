import pg from 'pg';
import { within } from '../lib/within.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { backendOf, connectionOptions } from '../pg/pool.ts';
import { takeCheckpoint, type Checkpoint } from './checkpoint.ts';

export interface RegistrarOptions {
  readonly url: string;
  readonly schema: string;
  readonly sourceId: number;
  /** Whose blocks these are. */
  readonly writer: string;
  /** The connection is lost, or a block can't be had. */
  readonly onError: (error: unknown) => void;
}

/** How long closing waits for a store that may be gone. */
const CLOSE_LIMIT_MS = 1_000;

/**
 * Reserves blocks of ids, one after the other, and registers each in `audit.flushes` until it is written: readers wait
 * for what may still come below it. On a connection of its own. DESIGN §2.3
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #client: pg.Client;
  #lastRequest: Promise<unknown> = Promise.resolve();
  #hasCheckpoint = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#client = new pg.Client(connectionOptions(options.url, 'ids'));
    this.#client.on('error', options.onError);
  }

  connect(): Promise<unknown> {
    return this.#client.connect();
  }

  /** Makes it this writer's own; returns it, which may have moved since it was read. */
  async takeCheckpoint(): Promise<Checkpoint> {
    // A reservation need not be durable before its flush: WAL is written in order, so a durable flush
    // implies a durable reservation, and a lost reservation was used by nothing.
    // https://www.postgresql.org/docs/current/wal-async-commit.html
    await this.#client.query('set synchronous_commit = off; set statement_timeout = 0');
    const { schema, sourceId, writer } = this.#options;
    const checkpoint = await takeCheckpoint(this.#client, schema, sourceId, writer);
    this.#hasCheckpoint = true;
    return checkpoint;
  }

  get backend(): number {
    return backendOf(this.#client);
  }

  /** The first of `count` ids, greater than all that were reserved before. */
  reserve(count: number): Promise<bigint> {
    const { schema, sourceId, writer, onError } = this.#options;
    const reserved = this.#lastRequest
      .then(() =>
        this.#client.query<{ first_id: string }>({
          name: 'reserve_ids',
          text: `select ${quoteIdentifier(schema)}.reserve_ids($1, $2, $3) as first_id`,
          values: [sourceId, writer, count],
        }),
      )
      .then((result) => BigInt(result.rows[0]!.first_id));
    // One after the other: a client that has a query at work is not to be given another.
    this.#lastRequest = reserved;
    // A lane awaits it, perhaps later: until then a failure must not count as unhandled.
    reserved.catch(onError);
    return reserved;
  }

  /** Of ids that no one will use now: readers must not wait for them. If this fails, the next writer does it. */
  async endBlock(firstId: bigint): Promise<void> {
    this.#lastRequest = this.#deleteBlocks('and first_id = $3', [firstId]);
    await this.#lastRequest;
  }

  /** Ends all blocks that are left, and the connection. */
  async end(): Promise<void> {
    if (this.#hasCheckpoint) await within(CLOSE_LIMIT_MS, this.#deleteBlocks('', []), () => {});
    this.#hasCheckpoint = false;
    await this.#client.end().catch(() => {});
  }

  #deleteBlocks(condition: string, parameters: readonly unknown[]): Promise<void> {
    const { schema, sourceId, writer } = this.#options;
    return this.#lastRequest
      .catch(() => {})
      .then(() =>
        this.#client.query(
          `delete from ${quoteIdentifier(schema)}.flushes where source_id = $1 and writer = $2 ${condition}`,
          [sourceId, writer, ...parameters],
        ),
      )
      .then(
        () => {},
        () => {},
      );
  }
}
