import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import { makeIndexes } from './generated-store.ts';

export interface StoreSize {
  /** Everything: entries, contexts, transactions, links, rollups, dictionaries, with their indexes. */
  readonly bytesPerEntry: number;
  /** By table, largest first, indexes included. */
  readonly parts: readonly { readonly table: string; readonly bytesPerEntry: number }[];
  /** The same entries with both rows whole, as jsonb, under the same indexes. */
  readonly wide: {
    readonly entries: number;
    readonly bytesPerEntry: number;
    /** Of Rowtrail's own, for just those. */
    readonly oursPerEntry: number;
    readonly ratio: number;
  };
}

/** Enough that the fill of pages does not matter. */
const WIDE_ENTRIES = 1_000_000;

/** As the rollups count them. */
export async function countEntries(client: pg.ClientBase, schema: string): Promise<number> {
  const total = await client.query<{ entries: string }>(
    `select sum(count)::bigint as entries from ${quoteIdentifier(schema)}.rollups`,
  );
  return Number(total.rows[0]!.entries);
}

/** Weighs entries, and builds the other design from whole partitions of them, up to a million entries or so. */
export async function measureSize(
  client: pg.ClientBase,
  schema: string,
  note: (line: string) => void,
): Promise<StoreSize> {
  const s = quoteIdentifier(schema);
  const counted = await client.query<{ name: string; entries: string; bytes: string }>(
    `select p.name, c.reltuples::bigint as entries, p.bytes from ${s}.partitions p
     join pg_class c on c.oid = ('${schema}.' || quote_ident(p.name))::regclass
     where p.parent = 'entries' and c.reltuples > 0 order by c.reltuples desc`,
  );
  const entries = await countEntries(client, schema);
  const parts = await client.query<{ table: string; bytes: string }>(
    `select coalesce(p.parent, c.relname) as table, sum(pg_total_relation_size(c.oid))::bigint as bytes
     from pg_class c left join ${s}.partitions p on p.name = c.relname
     where c.relnamespace = $1::regnamespace and c.relkind = 'r' group by 1 order by 2 desc`,
    [schema],
  );
  const chosen: string[] = [];
  let sampled = 0;
  for (const { name, entries: rows } of counted.rows) {
    if (sampled >= WIDE_ENTRIES) break;
    chosen.push(name);
    sampled += Number(rows);
  }
  note(`building the other design from ${chosen.join(', ')}`);
  const wide = await buildWide(client, s, chosen);
  const ours = counted.rows
    .filter(({ name }) => chosen.includes(name))
    .reduce((sum, { bytes }) => sum + Number(bytes), 0);
  return {
    bytesPerEntry: parts.rows.reduce((sum, { bytes }) => sum + Number(bytes), 0) / entries,
    parts: parts.rows
      .map(({ table, bytes }) => ({ table, bytesPerEntry: Number(bytes) / entries }))
      .filter(({ bytesPerEntry }) => bytesPerEntry >= 0.5),
    wide: {
      entries: wide.entries,
      bytesPerEntry: wide.bytes / wide.entries,
      oursPerEntry: ours / wide.entries,
      ratio: ours / wide.bytes,
    },
  };
}

/**
 * Everything else is as it is, but that what an update changed is named: two whole rows tell it to nobody who does not
 * compare them. `old` is the whole row before, `row` the one after, both as jsonb.
 */
async function buildWide(
  client: pg.ClientBase,
  s: string,
  partitions: readonly string[],
): Promise<{ readonly entries: number; readonly bytes: number }> {
  await client.query(`set jit = off; set maintenance_work_mem = '512MB'; drop table if exists bench.wide;
    create table bench.wide (like ${s}.entries including defaults);
    alter table bench.wide alter column row type jsonb using row::jsonb, alter column old type jsonb using old::jsonb`);
  const columns =
    'id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, unknown, data';
  for (const partition of partitions) {
    await client.query(
      `insert into bench.wide (${columns}, changed, old, row)
       select ${columns}, ${s}.changed_columns(changed, old), case action when 'update' then row::jsonb || old::jsonb when 'delete' then row::jsonb end,
         case when action <> 'delete' then row::jsonb end
       from ${s}.${quoteIdentifier(partition)}`,
    );
  }
  await makeIndexes(client, s, 'entries', 'bench.wide');
  const found = await client.query<{ entries: string; bytes: string }>(
    "select count(*) as entries, pg_total_relation_size('bench.wide') as bytes from bench.wide",
  );
  await client.query('drop table bench.wide');
  return { entries: Number(found.rows[0]!.entries), bytes: Number(found.rows[0]!.bytes) };
}
