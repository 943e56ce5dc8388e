import { COLUMN_RULES, type ColumnRule } from '../change/column-rule.ts';
import type { TableOptions } from '../config/config.ts';

/**
 * A rule of the configuration that has held for a column of a table. Rules go by names, and names change: the column
 * is known by its number, which does not.
 */
export interface HeldRule {
  /** 0: the table itself went by this name, so that the table's rules go on for columns that are yet to come. */
  readonly attnum: number;
  /** The key in `tableOptions`. */
  readonly table: string;
  /** The name in the rule's list; empty for attnum 0. */
  readonly column: string;
}

export interface RuledTable {
  readonly schema: string;
  readonly name: string;
  /** `attnum` null: which column of the catalog it is can't be told. */
  readonly columns: readonly { readonly name: string; readonly attnum: number | null }[];
}

type Options = Readonly<Record<string, TableOptions>>;

/**
 * What is masked in a table, by position among its columns. `held`: the rules that have held for it so far. A renamed
 * column or table keeps its rule as long as the configuration has it; a new column of the old name falls under it too.
 * Where it is open which column a rule is about, it holds for each that it could be: too little is mended later,
 * a leak is not. Pure.
 */
export function columnRules(table: RuledTable, options: Options, held: readonly HeldRule[]): Map<number, ColumnRule> {
  const tables = ruleTables(table, held);
  const strictest = (column: string): ColumnRule[] => tables.flatMap((name) => ruleOf(options, name, column) ?? []);
  const byName = table.columns.map(({ name }) => strictest(name));
  const byNumber = held
    .filter(({ attnum }) => attnum !== 0)
    .flatMap((rule) => {
      const kind = ruleOf(options, rule.table, rule.column);
      return kind === undefined ? [] : [{ ...rule, kind }];
    });
  const known = new Set(table.columns.map(({ attnum }) => attnum));
  const names = new Set(table.columns.map(({ name }) => name));
  const lost = byNumber.filter(({ attnum, column }) => !known.has(attnum) && !names.has(column));
  const rules = new Map<number, ColumnRule>();
  table.columns.forEach(({ attnum }, i) => {
    const numbered = attnum === null ? lost : byNumber.filter((rule) => rule.attnum === attnum);
    const kinds = new Set([...byName[i]!, ...numbered.map(({ kind }) => kind)]);
    const kind = COLUMN_RULES.find((rule) => kinds.has(rule));
    if (kind !== undefined) rules.set(i, kind);
  });
  return rules;
}

/**
 * The numbers of a table's excluded columns: for a capture that reads rows on the source itself. Of a partition, ask
 * with its root's name, its own columns and the rules held for the root (`held` by number is the root's alone, so
 * leave those out: names are the same in both).
 */
export function excludedColumns(table: RuledTable, options: Options, held: readonly HeldRule[]): number[] {
  const rules = columnRules(table, options, held);
  return table.columns.flatMap(({ attnum }, i) => (attnum !== null && rules.get(i) === 'exclude' ? [attnum] : []));
}

/** The rules that hold for a table now. */
function heldRules(table: RuledTable, options: Options, held: readonly HeldRule[]): HeldRule[] {
  return ruleTables(table, held).flatMap((name) => {
    const option = options[name];
    if (option === undefined || COLUMN_RULES.every((list) => option[list].length === 0)) return [];
    const columns = table.columns.flatMap(({ name: column, attnum }) =>
      attnum !== null && ruleOf(options, name, column) !== undefined ? [{ attnum, table: name, column }] : [],
    );
    return [{ attnum: 0, table: name, column: '' }, ...columns];
  });
}

/** What is wrong with the rules of a configuration, as the source's tables are now. */
export interface RuleFault {
  readonly message: string;
  readonly fix: string;
}

export type RuleOfTable = HeldRule & { readonly oid: number };

export interface FoundTable extends RuledTable {
  readonly oid: number;
  readonly partitions: readonly number[];
  readonly columns: readonly { readonly name: string; readonly attnum: number | null; readonly inKey: boolean }[];
}

/** Rules that name what is not there, and masked columns of a key that need a hash key. Pure. */
export function ruleFaults(
  tables: readonly FoundTable[],
  { tableOptions, hashKey }: { readonly tableOptions: Options; readonly hashKey: string | null },
  held: readonly RuleOfTable[],
): RuleFault[] {
  const heldOf = (table: FoundTable): typeof held => held.filter(({ oid }) => oid === table.oid);
  const missing = Object.entries(tableOptions).flatMap(([name, option]) => {
    const columns = COLUMN_RULES.flatMap((rule) => option[rule].map((column) => ({ rule, column })));
    const spokenOf = tables.filter((table) => ruleTables(table, heldOf(table)).includes(name));
    if (columns.length > 0 && spokenOf.length === 0) {
      return [
        fault(`tableOptions masks columns of ${name}, which is no tracked table`, 'Correct the name in tableOptions.'),
      ];
    }
    return columns
      .filter(({ column }) => !spokenOf.some((table) => isFound(table, name, column, heldOf(table))))
      .map(({ rule, column }) =>
        fault(`${name} has no column ${column}, which tableOptions is to ${rule}`, 'Correct the name in tableOptions.'),
      );
  });
  const unkeyed =
    hashKey !== null
      ? []
      : tables.filter((table) => {
          const rules = columnRules(table, tableOptions, heldOf(table));
          return table.columns.some(({ inKey }, i) => inKey && rules.has(i));
        });
  return [
    ...missing,
    ...unkeyed.map(({ schema, name }) =>
      fault(
        `a column of the key of ${schema}.${name} is masked, and there is no hashKey: its records cannot be told apart`,
        'Set `hashKey`: records are then known by the hash of their key.',
      ),
    ),
  ];
}

function fault(message: string, fix: string): RuleFault {
  return { message, fix };
}

function isFound(table: FoundTable, rules: string, column: string, held: readonly HeldRule[]): boolean {
  return (
    table.columns.some(({ name }) => name === column) ||
    held.some(
      (rule) => rule.table === rules && rule.column === column && table.columns.some((c) => c.attnum === rule.attnum),
    )
  );
}

/**
 * What is to be put on record of the source's tables, beyond what is there. A partition is known to have gone by its
 * root's rules, for the day when it is detached and stands by itself. Pure.
 */
export function rulesToHold(
  tables: readonly FoundTable[],
  options: Options,
  held: readonly RuleOfTable[],
): RuleOfTable[] {
  const known = new Set(held.map(ruleKey));
  return tables
    .flatMap((table) => {
      const own = heldRules(
        table,
        options,
        held.filter(({ oid }) => oid === table.oid),
      );
      const names = own.filter(({ attnum }) => attnum === 0);
      return [
        ...own.map((rule) => ({ ...rule, oid: table.oid })),
        ...table.partitions.flatMap((oid) => names.map((rule) => ({ ...rule, oid }))),
      ];
    })
    .filter((rule) => !known.has(ruleKey(rule)));
}

function ruleKey({ oid, attnum, table, column }: RuleOfTable): string {
  return JSON.stringify([oid, attnum, table, column]);
}

/** The names in `tableOptions` that speak of a table: its own, and those it had before. */
function ruleTables({ schema, name }: RuledTable, held: readonly HeldRule[]): string[] {
  return [...new Set([`${schema}.${name}`, ...held.map(({ table }) => table)])];
}

function ruleOf(options: Options, table: string, column: string): ColumnRule | undefined {
  const option = options[table];
  return option === undefined ? undefined : COLUMN_RULES.find((rule) => option[rule].includes(column));
}
