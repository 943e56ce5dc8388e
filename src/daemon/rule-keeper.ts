import type { KeyObject } from 'node:crypto';
import type pg from 'pg';
import { columnRules, rulesToHold, type RuledTable, type RuleOfTable } from '../capture/column-rules.ts';
import { readPublishedTables } from '../capture/published-columns.ts';
import type { ColumnRule } from '../change/column-rule.ts';
import type { SourceConfig } from '../config/config.ts';
import { fingerprintOf, hashKeyOf } from '../entry/mask.ts';
import { readColumnRules, recordColumnRules } from '../store/column-rule-record.ts';

/** Knows which columns of a source's tables are masked, under whatever names they go by now. */
export class RuleKeeper {
  readonly hashKey: KeyObject | null;
  readonly #source: Pick<SourceConfig, 'name' | 'publication' | 'tableOptions' | 'hashKey'>;
  readonly #sourcePool: pg.Pool;
  readonly #store: { readonly pool: pg.Pool; readonly schema: string };

  constructor(
    source: Pick<SourceConfig, 'name' | 'publication' | 'tableOptions' | 'hashKey'>,
    sourcePool: pg.Pool,
    store: { readonly pool: pg.Pool; readonly schema: string },
  ) {
    this.#source = source;
    this.#sourcePool = sourcePool;
    this.#store = store;
    this.hashKey = source.hashKey === null ? null : hashKeyOf(source.hashKey);
  }

  /** Remembers what the rules are about as the catalog has it now, before anything is renamed. */
  async start(): Promise<void> {
    if (Object.keys(this.#source.tableOptions).length === 0) return;
    const tables = await readPublishedTables(this.#sourcePool, this.#source.publication);
    await this.#record(rulesToHold(tables, this.#source.tableOptions, await this.#read(null)));
  }

  /** The rules of a table by position among its columns. */
  async rules(oid: number, table: RuledTable): Promise<ReadonlyMap<number, ColumnRule>> {
    const { tableOptions } = this.#source;
    // Without any options, no rule that has held before can hold now.
    if (Object.keys(tableOptions).length === 0) return NO_RULES;
    const held = await this.#read(oid);
    const columns = table.columns.map((column) => ({ ...column, inKey: false }));
    await this.#record(rulesToHold([{ ...table, oid, columns, partitions: [] }], tableOptions, held));
    return columnRules(table, tableOptions, held);
  }

  /**
   * A text that is another one whenever a column of the table is masked in another way, or with another key. Null:
   * nothing is masked.
   */
  stamp(rules: ReadonlyMap<number, ColumnRule>, table: RuledTable): string | null {
    if (rules.size === 0) return null;
    const masks = [...rules].map(([i, rule]) => [table.columns[i]!.attnum ?? table.columns[i]!.name, rule]);
    return JSON.stringify([masks, this.hashKey === null ? null : fingerprintOf(this.hashKey)]);
  }

  #read(oid: number | null): ReturnType<typeof readColumnRules> {
    return readColumnRules(this.#store.pool, this.#store.schema, this.#source.name, oid);
  }

  #record(rules: readonly RuleOfTable[]): Promise<void> {
    return recordColumnRules(this.#store.pool, this.#store.schema, this.#source.name, rules);
  }
}

const NO_RULES: ReadonlyMap<number, ColumnRule> = new Map();
