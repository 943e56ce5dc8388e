import pg from 'pg';
import { migrate, storeMigrations } from '../../../src/pg/migrate.ts';
import { createPool } from '../../../src/pg/pool.ts';
import type { StoreReader } from '../../../src/query/store-reader.ts';
import { EVERYTHING } from '../../../src/query/visibility.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';

export const SCHEMA = 'audit';

/** A store filled by hand, the way the writer fills it. */
export interface History extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly store: StoreReader;
  addSource(name: string): Promise<number>;
  addRelation(sourceId: number, schema: string, table: string, key: string[] | null): Promise<number>;
  addActor(sourceId: number, kind: string, claim: string, name?: string | null): Promise<number>;
  /** Ids as a flush reserves them; the block stays open until `closeBlock`. Returns the first. */
  openBlock(sourceId: number, count: number): Promise<bigint>;
  closeBlock(first: bigint): Promise<void>;
  insert(table: string, rows: readonly object[]): Promise<void>;
  /** Counts what was inserted, anew from the first entry on: as flushes would have, and folded by days. */
  count(): Promise<void>;
}

export const WRITER = '00000000-0000-4000-8000-000000000001';

export async function createHistory(): Promise<History> {
  const database = await createDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await migrate(client, SCHEMA, await storeMigrations());
  await client.end();
  await database.query(`select ${SCHEMA}.ensure_partitions('month', 1)`);
  const pool = createPool(database.url, 'test reader', { max: 3 });
  const one = async (sql: string, parameters: unknown[]): Promise<number> =>
    Number((await database.query(sql, parameters)).rows[0].id);
  return {
    database,
    store: { pool, schema: SCHEMA, viewer: EVERYTHING },
    addSource: (name) => one(`insert into ${SCHEMA}.sources (name) values ($1) returning id`, [name]),
    addRelation: (sourceId, schema, table, key) =>
      one(
        `insert into ${SCHEMA}.relations (source_id, oid, schema_name, table_name, key_columns)
         select $1, coalesce(max(oid), 16000) + 1, $2, $3, $4 from ${SCHEMA}.relations returning id`,
        [sourceId, schema, table, key],
      ),
    addActor: (sourceId, kind, claim, name = null) =>
      one(`insert into ${SCHEMA}.actors (source_id, kind, claim, name) values ($1, $2, $3, $4) returning id`, [
        sourceId,
        kind,
        claim,
        name,
      ]),
    openBlock: async (sourceId, count) => {
      const result = await database.query(`select ${SCHEMA}.reserve_ids($1, $2, $3)::text as first`, [
        sourceId,
        WRITER,
        count,
      ]);
      return BigInt(result.rows[0].first);
    },
    closeBlock: async (first) => {
      await database.query(`delete from ${SCHEMA}.flushes where first_id = $1`, [first]);
    },
    insert: async (table, rows) => {
      const name = `${SCHEMA}.${table}`;
      await database.query(`insert into ${name} select x.* from json_populate_recordset(null::${name}, $1::json) x`, [
        JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
      ]);
    },
    count: async () => {
      await database.query(`truncate ${SCHEMA}.rollups, ${SCHEMA}.rollup_deltas, ${SCHEMA}.source_quarters, ${SCHEMA}.source_days, ${SCHEMA}.relation_days,
        ${SCHEMA}.relation_day_totals, ${SCHEMA}.relation_month_totals, ${SCHEMA}.relation_totals, ${SCHEMA}.actor_day_totals,
        ${SCHEMA}.actor_month_totals, ${SCHEMA}.actor_relation_totals, ${SCHEMA}.relation_actors, ${SCHEMA}.actor_totals`);
      await database.query(
        `select ${SCHEMA}.add_rollups(x.source_id, json_agg(x)) from (
           select coalesce(r.source_id, c.source_id, (select min(id) from ${SCHEMA}.sources)) as source_id,
             date_bin('15 minutes', e.occurred_at, timestamptz '2000-01-01 00:00:00+00') as bucket, coalesce(e.relation_id, 0) as relation_id,
             coalesce(c.actor_id, (select min(id) from ${SCHEMA}.actors)) as actor_id, e.action, coalesce(c.attribution, 'unknown') as attribution,
             count(*) as count, min(e.id) as min_id, max(e.id) as max_id
           from ${SCHEMA}.entries e left join ${SCHEMA}.relations r on r.id = e.relation_id
           left join ${SCHEMA}.contexts c on c.id = e.context_id
           group by 1, 2, 3, 4, 5, 6) x
         group by x.source_id`,
      );
      await database.query(`select ${SCHEMA}.fold_rollups(1000000)`);
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}
