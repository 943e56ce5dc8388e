/** What the writing sessions do. */
export interface SourceWorkload {
  readonly name: 'small' | 'tpcb' | 'zero' | 'bulk';
  readonly title: string;
  /** Of pgbench; null: its built-in TPC-B, or no session of pgbench. */
  readonly script: string | null;
}

const ACCOUNTS = 100_000;
const BULK_ROWS = 500_000;

/** The statement of the workload `bulk`, by the number of its run: every row changes each time. */
export function bulkStatement(run: number): string {
  return `update shop.bulk set amount = amount + ${run + 1}, status = 'run ${run}'`;
}

export const SOURCE_WORKLOADS: readonly SourceWorkload[] = [
  {
    name: 'small',
    title: 'begin, two set_configs, update, insert, commit',
    script: small("select set_config('rowtrail.user_id', '42', true), set_config('rowtrail.ip', '203.0.113.9', true);"),
  },
  { name: 'tpcb', title: "pgbench's TPC-B, no claims", script: null },
  {
    name: 'zero',
    title: 'update that touches no row',
    script: 'update shop.accounts set balance = balance + 1 where id = -1;\n',
  },
  { name: 'bulk', title: `one update of ${BULK_ROWS.toLocaleString('en-US')} rows`, script: null },
];

/** The workload `small` of a session that sends its context itself. */
export const EMITTING_SCRIPT = small('select rowtrail.emit_context();');

function small(context: string): string {
  return `\\set account random(1, ${ACCOUNTS})
begin;
${context}
update shop.accounts set balance = balance + 1 where id = :account;
insert into shop.history (account, delta, note) values (:account, 1, 'some text of a usual length');
commit;
`;
}

/** The tables, but those of TPC-B, which `pgbench --initialize` makes. */
export const SOURCE_TABLES = `
create schema shop;
create table shop.accounts (id integer primary key, balance integer not null, filler text not null);
insert into shop.accounts select i, 0, repeat('x', 84) from generate_series(1, ${ACCOUNTS}) i;
create table shop.history (id bigint generated always as identity primary key, account integer not null,
  delta integer not null, note text, at timestamptz not null default now());
create table shop.bulk (id integer primary key, status text not null, amount numeric(12,2) not null, note text not null)
  with (fillfactor = 50);
insert into shop.bulk select i, 'new', i, repeat('y', 150) from generate_series(1, ${BULK_ROWS}) i`;
