import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import { quoteIdentifier, quoteLiteral } from '../pg/identifier.ts';
import { migrate, storeMigrations } from '../pg/migrate.ts';
import { mapNextKeys } from '../store/key-mapper.ts';
import {
  CONTEXTS_SQL,
  DICTIONARY_SQL,
  ENTRIES_PER_TRANSACTION,
  ENTRIES_SQL,
  LINKS_SQL,
  ROLLUPS_SQL,
  SCRATCH_SQL,
  TRANSACTION_ROWS_SQL,
  TRANSACTIONS_SQL,
  TRUNCATED_ROWS_SQL,
} from './history-sql.ts';

export interface StorePlan {
  readonly schema: string;
  /** About this many, to a percent. */
  readonly entries: number;
  /** Whole days, ending with yesterday (UTC); partitions are months. */
  readonly days: number;
}

export interface BuildOptions {
  /** A connection of its own each time it is called; `buildStore` ends it. */
  readonly connect: () => Promise<pg.Client>;
  /** How many months are made at once. */
  readonly workers: number;
  readonly note: (line: string) => void;
}

const DAY_MS = 86_400_000;
/** Transactions have a second of their own each, and at noon five come at the pace of one. */
const MIN_SECONDS_PER_TRANSACTION = 5.1;

/**
 * A store as the writer would have filled it over `days`, made by set-based SQL: dictionaries, partitions with their
 * indexes, comments and triggers, rollups that count what is there, the id clock. `schema` must not exist yet.
 * Statistics are those autovacuum would have gathered: of partitions, not of their parents.
 */
export async function buildStore(plan: StorePlan, options: BuildOptions, now: Date = new Date()): Promise<void> {
  const perDay = Math.max(1, Math.round(plan.entries / ENTRIES_PER_TRANSACTION / plan.days));
  if ((perDay * MIN_SECONDS_PER_TRANSACTION) / 86_400 > 1) {
    throw new RowtrailError('RT_USAGE', `${plan.entries} entries do not fit into ${plan.days} days`);
  }
  const end = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const start = end - plan.days * DAY_MS;
  const first = await options.connect();
  try {
    await migrate(first, plan.schema, await storeMigrations());
    await first.query(SCRATCH_SQL);
    await first.query(withSchema(DICTIONARY_SQL, plan.schema));
    const months = monthsOf(start, end);
    const waiting = months.map((month) => () => buildMonth(plan, options, { ...month, start, perDay }));
    await Promise.all(
      Array.from({ length: options.workers }, async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
      }),
    );
    await finish(first, plan.schema);
  } finally {
    await first.end();
  }
}

interface Month {
  /** Of the partition; UTC midnights. */
  readonly from: number;
  readonly to: number;
  /** Of its transactions. */
  readonly begin: number;
  readonly end: number;
}

/** Pure. */
export function monthsOf(start: number, end: number): Month[] {
  const months: Month[] = [];
  for (let begin = start; begin < end;) {
    const date = new Date(begin);
    const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    const to = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    months.push({ from, to, begin, end: Math.min(to, end) });
    begin = to;
  }
  return months;
}

async function buildMonth(
  plan: StorePlan,
  { connect, note }: BuildOptions,
  month: Month & { readonly start: number; readonly perDay: number },
): Promise<void> {
  const client = await connect();
  const dayOf = (time: number): number => Math.round((time - month.start) / DAY_MS);
  try {
    const began = performance.now();
    await client.query(
      "set synchronous_commit = off; set jit = off; set work_mem = '256MB'; set maintenance_work_mem = '512MB'",
    );
    await fillTransactions(client, plan.schema, {
      from: dayOf(month.begin) * month.perDay,
      to: dayOf(month.end) * month.perDay - 1,
      perDay: month.perDay,
      start: new Date(month.start).toISOString(),
    });
    const partition = (parent: string): string => nameOf(plan.schema, parent, month.from);
    for (const [parent, sql] of PARTS) {
      await client.query('begin');
      await client.query(
        `create table ${partition(parent)} (like ${quoteIdentifier(plan.schema)}.${parent} including defaults including constraints)`,
      );
      await client.query(fill(sql, plan.schema, partition, parent));
      await client.query('commit');
      await makeIndexes(client, quoteIdentifier(plan.schema), parent, partition(parent));
    }
    for (const [parent] of PARTS) {
      await client.query(`vacuum (analyze) ${partition(parent)}`);
      await attach(client, plan.schema, parent, { name: partition(parent), ...month });
    }
    await client.query(fill(ROLLUPS_SQL, plan.schema, partition, 'entries'));
    note(`${new Date(month.from).toISOString().slice(0, 7)} in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  } finally {
    await client.end();
  }
}

const PARTS: readonly (readonly [string, string])[] = [
  ['transactions', TRANSACTION_ROWS_SQL],
  ['contexts', CONTEXTS_SQL],
  ['entries', ENTRIES_SQL],
  ['entry_links', LINKS_SQL],
  ['truncated_rows', TRUNCATED_ROWS_SQL],
];

async function fillTransactions(
  client: pg.Client,
  schema: string,
  { from, to, perDay, start }: { from: number; to: number; perDay: number; start: string },
): Promise<void> {
  const values = [`${from}::bigint`, `${to}::bigint`, `${perDay}::bigint`, quoteLiteral(start)];
  await client.query(
    withSchema(TRANSACTIONS_SQL, schema).replaceAll(/\$([1-4])/g, (_match, n: string) => values[Number(n) - 1]!),
  );
  await client.query('analyze tx');
}

function fill(sql: string, schema: string, partition: (parent: string) => string, target: string): string {
  return withSchema(sql, schema)
    .replaceAll(':target', () => partition(target))
    .replaceAll(':entries', () => partition('entries'))
    .replaceAll(':contexts', () => partition('contexts'));
}

/** `s` is the quoted schema. Those of the parent, whichever migration made them: ATTACH takes them over as they are. */
export async function makeIndexes(client: pg.ClientBase, s: string, parent: string, partition: string): Promise<void> {
  const full = `${s}.${parent}`;
  const found = await client.query<{ definition: string; constraint: string | null }>(
    `select pg_get_indexdef(i.indexrelid) as definition, pg_get_constraintdef(c.oid) as constraint
     from pg_catalog.pg_index i left join pg_catalog.pg_constraint c on c.conindid = i.indexrelid
     where i.indrelid = $1::regclass`,
    [full],
  );
  for (const { definition, constraint } of found.rows) {
    await client.query(
      constraint === null
        ? definition.replace(/^(CREATE (?:UNIQUE )?INDEX) .*? ON ONLY .*? USING/s, `$1 ON ${partition} USING`)
        : `alter table ${partition} add ${constraint}`,
    );
  }
}

/** As `ensure_partitions` does it. */
async function attach(
  client: pg.Client,
  schema: string,
  parent: string,
  { name, from, to }: { name: string; from: number; to: number },
): Promise<void> {
  const s = quoteIdentifier(schema);
  const bounds = await client.query<{ low: string; high: string }>(
    `select ${s}.id_at($1::timestamptz)::text as low, ${s}.id_at($2::timestamptz)::text as high`,
    [new Date(from).toISOString(), new Date(to).toISOString()],
  );
  const { low, high } = bounds.rows[0]!;
  await client.query(`comment on table ${name} is '[${low},${high})'`);
  await client.query(`alter table ${s}.${parent} attach partition ${name} for values from (${low}) to (${high})`);
  await client.query(`create trigger refuse_change before update or delete or truncate on ${name}
    for each statement execute function ${s}.refuse_change();
    alter table ${name} enable always trigger refuse_change`);
}

const DAYS_FOLDED_AT_ONCE = 40;

async function finish(client: pg.Client, schema: string): Promise<void> {
  const s = quoteIdentifier(schema);
  await client.query(`select ${s}.ensure_partitions('month', 2)`);
  await client.query(`update ${s}.id_clock set last_id = (select max(id) from ${s}.entries)`);
  await client.query(
    `update ${s}.checkpoints c set committed_at = t.committed_at, commit_lsn = t.commit_lsn, end_lsn = t.commit_lsn, acknowledged_lsn = t.commit_lsn
     from (select committed_at, commit_lsn from ${s}.transactions order by id desc limit 1) t`,
  );
  await foldCounts(client, s);
  await mapKeys(client, schema);
  await vacuumPartitions(client, schema);
  for (const table of [
    'rollups',
    'relation_days',
    'source_days',
    'actor_day_totals',
    'actor_month_totals',
    'actor_relation_totals',
    'actor_totals',
    'relation_actors',
    'relation_day_totals',
    'relation_month_totals',
    'source_quarters',
    'relations',
    'actors',
    'sessions',
    'relation_versions',
    'key_maps',
    'key_map_parts',
  ]) {
    await client.query(`vacuum (analyze) ${s}.${table}`);
  }
}

/**
 * As autovacuum leaves what is not written to any more: all of it is visible to everybody, so that an index alone can
 * answer. While another month was being made, a vacuum could not tell; and what is left over, autovacuum would take up
 * in the middle of a measurement.
 */
async function vacuumPartitions(client: pg.Client, schema: string): Promise<void> {
  const found = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_catalog.pg_class c
     where c.relnamespace = $1::regnamespace and c.relispartition and c.relkind = 'r' and c.relallvisible < c.relpages`,
    [quoteIdentifier(schema)],
  );
  for (const { name } of found.rows) await client.query(`vacuum ${name}`);
}

/** Into the coarser tables, as the daemon folds what flushes have counted. */
async function foldCounts(client: pg.Client, s: string): Promise<void> {
  await client.query(`insert into ${s}.rollup_deltas (source_id, rollups)
    select source_id, json_agg(u) from ${s}.rollups u group by source_id, date_bin('1 day', bucket, timestamptz '2000-01-01 00:00:00+00')`);
  for (;;) {
    const folded = await client.query<{ taken: number }>(`select ${s}.fold_rollups($1) as taken`, [
      DAYS_FOLDED_AT_ONCE,
    ]);
    if (folded.rows[0]?.taken === 0) return;
  }
}

/** Of all partitions that get no more entries, as the daemon makes them in the background. */
export async function mapKeys(client: pg.ClientBase, schema: string): Promise<void> {
  for (let made = await mapNextKeys(client, { schema }); made !== null;) made = await mapNextKeys(client, { schema });
}

function nameOf(schema: string, parent: string, from: number): string {
  const month = new Date(from).toISOString().slice(0, 7).replace('-', '_');
  return `${quoteIdentifier(schema)}.${quoteIdentifier(`${parent}_${month}`)}`;
}

function withSchema(sql: string, schema: string): string {
  return sql.replaceAll(':schema', () => quoteIdentifier(schema));
}
