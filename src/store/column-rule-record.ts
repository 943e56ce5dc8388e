import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';

/** A rule that has held for a column of a table of a source. */
export interface RecordedRule {
  readonly oid: number;
  readonly attnum: number;
  readonly table: string;
  readonly column: string;
}

/** The rules on record of one table, or (oid null) of all of a source. */
export async function readColumnRules(
  pool: pg.Pool,
  schema: string,
  source: string,
  oid: number | null,
): Promise<RecordedRule[]> {
  const s = quoteIdentifier(schema);
  const result = await pool.query<Omit<RecordedRule, 'oid'> & { oid: string }>(
    `select r.oid, r.attnum, r.table_name as "table", r.column_name as "column"
     from ${s}.column_rules r join ${s}.sources o on o.id = r.source_id
     where o.name = $1 and ($2::bigint is null or r.oid = $2)`,
    [source, oid],
  );
  return result.rows.map((row) => ({ ...row, oid: Number(row.oid) }));
}

/** Puts rules on record; those that are there stay as they are. */
export async function recordColumnRules(
  pool: pg.Pool,
  schema: string,
  source: string,
  rules: readonly RecordedRule[],
): Promise<void> {
  if (rules.length === 0) return;
  await pool.query(`select ${quoteIdentifier(schema)}.hold_column_rules($1, $2)`, [source, JSON.stringify(rules)]);
}
