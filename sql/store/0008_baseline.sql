-- Masks that follow their columns, and baselines.

-- Which rules of `tableOptions` have held for which columns, by the table's oid on the source and the column's number:
-- a column that is renamed, or whose table is, keeps its rule. attnum 0: the table went by this name.
create table :schema.column_rules (
  source_id integer not null references :schema.sources,
  oid bigint not null,
  attnum smallint not null,
  table_name text not null,              -- as the key in tableOptions has it
  column_name text not null,             -- as the rule has it; empty for attnum 0
  since timestamptz not null default now(),
  primary key (source_id, oid, attnum, table_name, column_name)
);

create function :schema.hold_column_rules(p_source text, p_rules json) returns void
  language sql as $$
  insert into :schema.column_rules (source_id, oid, attnum, table_name, column_name)
    select s.id, x.oid, x.attnum, x."table", x."column"
    from :schema.sources s, json_to_recordset(p_rules) as x(oid bigint, attnum smallint, "table" text, "column" text)
    where s.name = p_source
    on conflict do nothing
$$;
