import type pg from 'pg';
import { createPool } from '../../../src/pg/pool.ts';
import { EVERYTHING, type Viewer } from '../../../src/query/visibility.ts';
import {
  type PreviewOptions,
  type RevertCaller,
  type RevertPreview,
  type RevertRequest,
  type RevertResult,
  type RevertTarget,
} from '../../../src/revert/plan.ts';
import { applyRevert, previewRevert } from '../../../src/revert/revert.ts';
import { prepareCapture, type Capture, type CaptureOptions } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';

export const CALLER: RevertCaller = { id: 'op', name: 'Olga', ip: '203.0.113.9', userAgent: null, requestId: null };

export interface RevertScene extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly capture: Capture;
  readonly pool: pg.Pool;
  options(target: RevertTarget, rest?: Partial<RevertRequest>): PreviewOptions;
  preview(target: RevertTarget, rest?: Partial<RevertRequest>, viewer?: Viewer): Promise<RevertPreview>;
  /** Previews, and applies what that showed. */
  apply(target: RevertTarget, rest?: Partial<RevertRequest>): Promise<RevertResult>;
  /** The audit id of the newest transaction with an entry of the table. */
  lastTransaction(table: string): Promise<RevertTarget & { readonly transaction: string }>;
  lastEntry(table: string): Promise<RevertTarget & { readonly entry: string }>;
  /** Rows as text, sorted. */
  rows(table: string): Promise<string[]>;
}

/** A source whose tables are captured, its history, and reverts on it. `tables`: those that `schema` makes. */
export async function revertScene(
  schema: string,
  options: Omit<CaptureOptions, 'tables'> & { readonly tables?: readonly string[] } = {},
): Promise<RevertScene> {
  const database = await createDatabase();
  await database.query(schema);
  const made = await database.query(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
       and relname !~ '_untracked$' order by relname`,
  );
  const tables = options.tables ?? made.rows.map((row) => row.relname as string);
  const capture = await prepareCapture(database, { ...options, tables });
  // As setup leaves it: the columns are known before the first change of the schema.
  await database.query(`update rowtrail.tables set columns = rowtrail.columns_of(relid) where root = relid`);
  await database.query(REVERTS);
  const daemon = await capture.start();
  const pool = createPool(database.url, 'test reader', { max: 4 });
  const scene: RevertScene = {
    database,
    capture,
    pool,
    options: (target, rest = {}) => ({
      store: { pool, schema: 'audit', viewer: EVERYTHING },
      sources: [{ name: 'shop', url: database.url }],
      request: { target, fields: null, set: null, onConflict: 'abort', comment: null, ...rest },
      caller: CALLER,
    }),
    preview: (target, rest, viewer = EVERYTHING) => {
      const given = scene.options(target, rest);
      return previewRevert({ ...given, store: { ...given.store, viewer } });
    },
    apply: async (target, rest) => {
      const given = scene.options(target, rest);
      const { plan } = await previewRevert(given);
      return applyRevert({ ...given, plan, idempotencyKey: null });
    },
    lastTransaction: async (table) => {
      await capture.caughtUp();
      const result = await database.query(
        `select e.transaction_id::text as id from audit.entries e join audit.relations r on r.id = e.relation_id
         where r.table_name = $1 and e.action <> 'schema' order by e.id desc limit 1`,
        [table],
      );
      return { transaction: result.rows[0].id as string };
    },
    lastEntry: async (table) => {
      await capture.caughtUp();
      const result = await database.query(
        `select e.id::text from audit.entries e join audit.relations r on r.id = e.relation_id
         where r.table_name = $1 and e.action <> 'schema' order by e.id desc limit 1`,
        [table],
      );
      return { entry: result.rows[0].id as string };
    },
    rows: async (table) => {
      const result = await database.query(`select t::text as row from ${table} t order by t::text collate "C"`);
      return result.rows.map((row) => row.row as string);
    },
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
  return scene;
}

/** As setup makes them. */
const REVERTS = `
create table if not exists rowtrail.reverts (id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(), idempotency_key text, request_hash text, requested_by text not null,
  created_at timestamptz not null default clock_timestamp(), result json not null, unique (idempotency_key));
create table if not exists rowtrail.revert_links (revert_id bigint references rowtrail.reverts, relation oid, record_key text, entries bigint[]);
`;
