import type pg from 'pg';
import { ruleFaults, rulesToHold, type FoundTable, type RuleFault, type RuleOfTable } from '../capture/column-rules.ts';
import { readPublishedTables } from '../capture/published-columns.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import { quoteIdentifier } from '../pg/identifier.ts';

type RuledSource = Pick<SourceConfig, 'name' | 'publication' | 'tableOptions' | 'hashKey'>;

/**
 * Puts on record which columns the rules are about as the source has them now, so that a rename takes no mask off.
 * Returns what is wrong with the rules.
 */
export async function recordRules(
  source: pg.ClientBase,
  store: pg.ClientBase,
  config: RuledSource,
  { schema }: Pick<StoreConfig, 'schema'>,
): Promise<RuleFault[]> {
  const { tables, held } = await readRules(source, store, config, schema);
  const rules = rulesToHold(tables, config.tableOptions, held);
  if (rules.length > 0) {
    await store.query(`select ${quoteIdentifier(schema)}.hold_column_rules($1, $2)`, [
      config.name,
      JSON.stringify(rules),
    ]);
  }
  return ruleFaults(tables, config, held);
}

/** What is wrong with the rules; changes nothing. `store` null: it can't be asked what was renamed. */
export async function readRuleFaults(
  source: pg.ClientBase,
  store: pg.ClientBase | null,
  config: RuledSource,
  { schema }: Pick<StoreConfig, 'schema'>,
): Promise<RuleFault[]> {
  const { tables, held } = await readRules(source, store, config, schema);
  return ruleFaults(tables, config, held);
}

interface FoundRules {
  readonly tables: readonly FoundTable[];
  readonly held: readonly RuleOfTable[];
}

async function readRules(
  source: pg.ClientBase,
  store: pg.ClientBase | null,
  config: RuledSource,
  schema: string,
): Promise<FoundRules> {
  if (Object.keys(config.tableOptions).length === 0) return { tables: [], held: [] };
  const tables = await readPublishedTables(source, config.publication);
  if (store === null) return { tables, held: [] };
  const s = quoteIdentifier(schema);
  const result = await store.query<{ oid: string; attnum: number; table: string; column: string }>(
    `select r.oid, r.attnum, r.table_name as "table", r.column_name as "column"
     from ${s}.column_rules r join ${s}.sources o on o.id = r.source_id where o.name = $1`,
    [config.name],
  );
  return { tables, held: result.rows.map((row) => ({ ...row, oid: Number(row.oid) })) };
}
