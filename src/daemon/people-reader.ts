import type pg from 'pg';
import { columnRules } from '../capture/column-rules.ts';
import type { SourceConfig } from '../config/config.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Repeating } from '../lib/repeating.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { createPool } from '../pg/pool.ts';
import { readColumnRules } from '../store/column-rule-record.ts';
import { endPeople, recordPeople, type Person } from '../store/people.ts';

/** How often the users table is read. */
const READ_INTERVAL_MS = 10 * 60_000;
/** After a failure, or while the source has not been captured yet. */
const RETRY_MS = 60_000;
/** Rows of one step: they are stored before the next ones are read. */
const BATCH_ROWS = 5_000;
/** Rows that are read at most. */
const MAX_PEOPLE = 1_000_000;
/** Below what a stop may take: it waits for the statement that runs. */
const STATEMENT_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 5_000;

type Source = Pick<SourceConfig, 'name' | 'url' | 'users' | 'tableOptions'>;
interface Store {
  readonly pool: pg.Pool;
  readonly schema: string;
}

/**
 * Reads a source's configured users table into the store, now and then: its people are users even if they never act.
 * The table itself is read, not its history: most of its rows are older than that, and it need not be tracked.
 */
export function peopleReader(source: Source, store: Store, log: Log): Repeating {
  return new Repeating(`people of ${source.name}`, async (isStopped) => {
    try {
      return (await readPeople(source, store, log, isStopped)) ? READ_INTERVAL_MS : RETRY_MS;
    } catch (error) {
      if (!isStopped()) {
        const table = source.users?.table ?? '';
        log.warn(
          { source: source.name, code: codeOf(error) },
          `cannot read the people of ${table}: ${messageOf(error)}`,
        );
      }
      return RETRY_MS;
    }
  });
}

/** Reads it once, in one snapshot. False: the store does not know the source yet. */
export async function readPeople(
  source: Source,
  store: Store,
  log: Log,
  isStopped: () => boolean = () => false,
): Promise<boolean> {
  const { users } = source;
  if (users === null) return true;
  const pool = createPool(source.url, 'people', { max: 1 });
  try {
    const client = await pool.connect();
    try {
      // https://www.postgresql.org/docs/current/sql-declare.html
      await client.query(
        `begin isolation level repeatable read read only; set local statement_timeout = ${STATEMENT_TIMEOUT_MS}; set local lock_timeout = ${LOCK_TIMEOUT_MS}`,
      );
      const at = await client.query<{ at: string }>('select clock_timestamp()::text as at');
      const readAt = at.rows[0]!.at;
      const sql = await peopleSql(client, source, store);
      if (sql === null) {
        log.warn({ source: source.name }, `the people of ${users.table} are not read: its ${users.id} is masked`);
        return true;
      }
      await client.query(`declare people no scroll cursor for ${sql}`);
      for (let read = 0; read < MAX_PEOPLE && !isStopped();) {
        const { rows } = await client.query<Person>(`fetch ${BATCH_ROWS} from people`);
        read += rows.length;
        if (!(await recordPeople(store.pool, store.schema, source.name, rows, readAt))) return false;
        if (rows.length < BATCH_ROWS) {
          await endPeople(store.pool, store.schema, source.name, readAt);
          return true;
        }
      }
      if (!isStopped())
        log.warn({ source: source.name }, `only the first ${MAX_PEOPLE} people of ${users.table} are listed`);
      return true;
    } finally {
      await client.query('rollback').catch(() => {});
      client.release();
    }
  } finally {
    await pool.end();
  }
}

/** Null: the id must not be told. A masked name is left out, whatever the column was called when it was masked. */
async function peopleSql(client: pg.ClientBase, source: Source, store: Store): Promise<string | null> {
  const { users, tableOptions } = source;
  if (users === null) return null;
  const dot = users.table.indexOf('.');
  const [schema, name] = [users.table.slice(0, dot), users.table.slice(dot + 1)];
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const found = await client.query<{ oid: string; name: string; attnum: number }>(
    `select a.attrelid::text as oid, a.attname::text as name, a.attnum::integer as attnum from pg_catalog.pg_attribute a
     where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  );
  const columns = found.rows;
  const held = await readColumnRules(store.pool, store.schema, source.name, Number(columns[0]?.oid ?? 0));
  const rules = columnRules({ schema, name, columns }, tableOptions, held);
  const isMasked = (column: string): boolean => columns.some((known, i) => known.name === column && rules.has(i));
  if (isMasked(users.id)) return null;
  const id = quoteIdentifier(users.id);
  const named = isMasked(users.name) ? 'null::text' : `${quoteIdentifier(users.name)}::text`;
  return `select ${id}::text as claim, ${named} as name from ${table} where ${id} is not null`;
}
