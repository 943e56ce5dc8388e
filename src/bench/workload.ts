import type pg from 'pg';
import { parseLsn } from '../pg/lsn.ts';

export type WorkloadName = '100' | '1' | '1m';

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly defaultChanges: number;
  /** Row changes per transaction; null: all in one. */
  readonly perTransaction: number | null;
}

export const WORKLOADS: readonly Workload[] = [
  { name: '100', title: '100-row transactions', defaultChanges: 500_000, perTransaction: 100 },
  { name: '1', title: 'single-row transactions', defaultChanges: 150_000, perTransaction: 1 },
  { name: '1m', title: 'one transaction', defaultChanges: 1_000_000, perTransaction: null },
];

/** Ten changes: the unit in which the shares hold exactly. */
const ROUND = { changes: 10, updates: 6, inserts: 3, deletes: 1 };
/** Rows that updates walk through again and again. */
const UPDATED_ROWS = 100_000;

/** What a workload comes to, worked out before it is written. */
export interface WorkloadPlan {
  readonly changes: number;
  readonly transactions: number;
  readonly updates: number;
  readonly inserts: number;
  readonly deletes: number;
  /** Rows 1 to this are there before; those above `UPDATED_ROWS` are for deletes. */
  readonly seededRows: number;
}

/** Rounds the number of changes up to whole transactions of whole rounds. Pure. */
export function planWorkload(workload: Workload, changes: number): WorkloadPlan {
  const unit = Math.max(ROUND.changes, workload.perTransaction ?? ROUND.changes);
  const total = Math.ceil(changes / unit) * unit;
  const rounds = total / ROUND.changes;
  return {
    changes: total,
    transactions: workload.perTransaction === null ? 1 : total / workload.perTransaction,
    updates: rounds * ROUND.updates,
    inserts: rounds * ROUND.inserts,
    deletes: rounds * ROUND.deletes,
    seededRows: UPDATED_ROWS + rounds * ROUND.deletes,
  };
}

export interface WrittenWorkload {
  /** Lies before the end of the last commit record and after everything else of the workload. */
  readonly endLsn: bigint;
  readonly walBytes: number;
  /** What a row takes in the table, and as text. */
  readonly rowBytes: { readonly stored: number; readonly text: number };
}

/** Makes the table and its rows: before the slot, so that they are no part of what is measured. */
export async function seedWorkload(client: pg.ClientBase, plan: WorkloadPlan): Promise<void> {
  await client.query(TABLE_SQL);
  await client.query(`insert into public.orders select * from public.new_orders(1, ${plan.seededRows})`);
  await client.query('vacuum (freeze, analyze) public.orders');
}

/** Writes the workload, by a procedure on the server. */
export async function writeWorkload(
  client: pg.ClientBase,
  workload: Workload,
  plan: WorkloadPlan,
  context: boolean,
): Promise<WrittenWorkload> {
  const before = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn() as lsn');
  // Nobody reads it before it is whole, and the WAL is the same: its commits need not wait for the disk.
  await client.query('set synchronous_commit = off');
  const size = workload.perTransaction ?? plan.changes;
  const written = await client.query<{ p_end: string }>(
    `call public.write_orders(${plan.changes}, ${size}, ${plan.seededRows}, ${context}, null)`,
  );
  await client.query('set synchronous_commit = on');
  await client.query('checkpoint');
  const endLsn = parseLsn(written.rows[0]!.p_end);
  const row = await client.query<{ stored: number; text: number }>(
    `select avg(pg_column_size(o.*))::integer as stored, avg(octet_length(o::text))::integer as text
     from (select * from public.orders limit 10000) o`,
  );
  return { endLsn, walBytes: Number(endLsn - parseLsn(before.rows[0]!.lsn)), rowBytes: row.rows[0]! };
}

/**
 * Everything follows from the row's number and place: two builds write the same WAL, but for times. Rows
 * within a transaction are mixed: six updates, three inserts, a delete, and so on. An update changes one
 * column or two.
 */
const TABLE_SQL = `
create table public.orders (
  id bigint primary key,
  customer_id integer not null,
  quantity integer not null,
  price numeric(12,2) not null,
  discount numeric(6,4),
  placed_at timestamptz not null,
  shipped_at timestamptz,
  paid boolean not null,
  reference uuid not null,
  status text not null,
  email text not null,
  note text not null,
  details jsonb not null
) with (autovacuum_enabled = off);
alter table public.orders replica identity full;

create function public.new_orders(p_from bigint, p_to bigint) returns setof public.orders language sql stable as $$
  select n, (n * 7919 % 50000)::integer, (1 + n % 40)::integer, (n * 37 % 1000000) / 100.0,
    case when n % 3 = 0 then (n % 2500) / 10000.0 end,
    timestamptz '2025-01-01 00:00:00+00' + n * interval '7.003 seconds',
    case when n % 2 = 0 then timestamptz '2025-01-02 00:00:00+00' + n * interval '7.003 seconds' end,
    n % 5 > 0, md5(n::text)::uuid, 'new', 'customer.' || n * 7919 % 50000 || '@example.com',
    'Leave it with the neighbours at number ' || n % 200 || ', "ring twice" ' || md5((n * 3)::text) || md5((n * 5)::text) || ' before eight in the morning, not on Mondays',
    jsonb_build_object('channel', 'web', 'campaign', md5((n % 1000)::text), 'weight', (n % 9000) / 1000.0,
      'gift', n % 7 = 0, 'tags', jsonb_build_array('sale', 'fragile', n % 100))
  from generate_series(p_from, p_to) as n
$$;

create procedure public.write_orders(
  p_changes bigint, p_per_transaction bigint, p_seeded bigint, p_context boolean, inout p_end pg_lsn
) language plpgsql as $$
declare
  v_update bigint := 0;
  v_insert bigint := p_seeded;
  v_delete bigint := ${UPDATED_ROWS};
  v_rows integer;
  v_step integer := 0;
  v_done bigint := 0;
  v_in_transaction bigint := 0;
begin
  while v_done < p_changes loop
    if p_context and v_in_transaction = 0 then
      perform set_config('rowtrail.user_id', (v_done % 97)::text, true),
        set_config('rowtrail.ip', '203.0.113.' || v_done % 250, true),
        set_config('rowtrail.user_agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', true);
    end if;
    -- Single-row transactions take the same ten changes one at a time.
    if p_per_transaction = 1 then
      v_rows := 1;
    else
      v_rows := case v_step when 0 then ${ROUND.updates} when 6 then ${ROUND.inserts} else 1 end;
    end if;
    if v_step < 6 then
      update public.orders
        set quantity = quantity + 1,
            status = case when id % 2 = 0 then status when status = 'paid' then 'shipped' else 'paid' end
        where id between v_update + 1 and v_update + v_rows;
      v_update := v_update + v_rows;
      if v_update + ${ROUND.updates} > ${UPDATED_ROWS} then
        v_update := 0;
      end if;
    elsif v_step < 9 then
      insert into public.orders select * from public.new_orders(v_insert + 1, v_insert + v_rows);
      v_insert := v_insert + v_rows;
    else
      v_delete := v_delete + 1;
      delete from public.orders where id = v_delete;
    end if;
    v_step := (v_step + v_rows) % ${ROUND.changes};
    v_done := v_done + v_rows;
    v_in_transaction := v_in_transaction + v_rows;
    p_end := pg_current_wal_insert_lsn();
    if v_in_transaction >= p_per_transaction then
      commit;
      v_in_transaction := 0;
    end if;
  end loop;
end
$$;
`;
