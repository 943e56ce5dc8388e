import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';

/** A baseline that is to be made. */
export interface WantedBaseline {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
}

/** How far a part of a table has been read. */
export interface PartProgress {
  /** Null: nothing has been read. */
  readonly filenode: number | null;
  readonly block: number;
  readonly offset: number;
  readonly done: boolean;
}

/** What the store knows of a source's baselines. */
export class BaselineRecord {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #sourceId: number;

  constructor(pool: pg.Pool, schema: string, sourceId: number) {
    this.#pool = pool;
    this.#schema = quoteIdentifier(schema);
    this.#sourceId = sourceId;
  }

  /** Asks for the baselines of tables that have none yet; those that were asked for before stay as they are. */
  async request(
    tables: readonly { readonly oid: number; readonly schema: string; readonly name: string }[],
  ): Promise<void> {
    await this.#pool.query(
      `select ${this.#schema}.request_baseline($1, t.oid, t.schema, t.name)
       from unnest($2::bigint[], $3::text[], $4::text[]) as t(oid, schema, name)`,
      [
        this.#sourceId,
        tables.map(({ oid }) => oid),
        tables.map(({ schema }) => schema),
        tables.map(({ name }) => name),
      ],
    );
  }

  /** Those that are not finished, in the order in which they were asked for. */
  async wanted(): Promise<WantedBaseline[]> {
    const result = await this.#pool.query<{ oid: string; schema: string; table: string }>(
      `select oid, schema_name as schema, table_name as "table" from ${this.#schema}.baselines
       where source_id = $1 and finished_at is null order by requested_at, oid`,
      [this.#sourceId],
    );
    return result.rows.map((row) => ({ ...row, oid: Number(row.oid) }));
  }

  /** Begins, or goes on. Returns the id below which entries were there before it began. */
  async start(oid: number, parts: readonly { readonly oid: number; readonly blocks: number }[]): Promise<bigint> {
    await this.#pool.query(
      `insert into ${this.#schema}.baseline_parts (source_id, oid, part_oid, blocks)
       select $1, $2, p.oid, p.blocks from unnest($3::bigint[], $4::bigint[]) as p(oid, blocks) on conflict do nothing`,
      [this.#sourceId, oid, parts.map((part) => part.oid), parts.map((part) => part.blocks)],
    );
    const result = await this.#pool.query<{ started_id: string }>(
      `update ${this.#schema}.baselines b set started_at = coalesce(b.started_at, clock_timestamp()),
         started_id = coalesce(b.started_id, (select last_id + 1 from ${this.#schema}.id_clock))
       where source_id = $1 and oid = $2 returning started_id`,
      [this.#sourceId, oid],
    );
    return BigInt(result.rows[0]?.started_id ?? 0);
  }

  async progress(oid: number, part: number): Promise<PartProgress> {
    const result = await this.#pool.query<{
      filenode: string | null;
      next_block: string;
      next_offset: number;
      done: boolean;
    }>(
      `select filenode, next_block, next_offset, done from ${this.#schema}.baseline_parts
       where source_id = $1 and oid = $2 and part_oid = $3`,
      [this.#sourceId, oid, part],
    );
    const row = result.rows[0];
    if (row === undefined) return { filenode: null, block: 0, offset: 0, done: false };
    return {
      filenode: row.filenode === null ? null : Number(row.filenode),
      block: Number(row.next_block),
      offset: row.next_offset,
      done: row.done,
    };
  }

  /** `note`: why there was nothing to be done; null where there was. */
  async finish(oid: number, note: string | null): Promise<void> {
    await this.#pool.query(
      `update ${this.#schema}.baselines set finished_at = clock_timestamp(), note = $3 where source_id = $1 and oid = $2`,
      [this.#sourceId, oid, note],
    );
  }

  /** Why it has to wait. */
  async note(oid: number, note: string): Promise<void> {
    await this.#pool.query(`update ${this.#schema}.baselines set note = $3 where source_id = $1 and oid = $2`, [
      this.#sourceId,
      oid,
      note,
    ]);
  }
}
