/** One line of `tables`: `schema.table` with `*`, or `!` and such a pattern. */
export interface TablePattern {
  readonly text: string;
  readonly excludes: boolean;
  /** Names one table: no `*`. */
  readonly exact: boolean;
  /** Regular expressions that PostgreSQL takes as well. */
  readonly schema: RegExp;
  readonly table: RegExp;
  matches(schema: string, table: string): boolean;
}

/** The schema ends at the first dot, as in DESIGN §8: a table's name may hold dots. */
export function parseTablePattern(text: string): TablePattern {
  const excludes = text.startsWith('!');
  const body = excludes ? text.slice(1) : text;
  const dot = body.indexOf('.');
  const schema = glob(dot === -1 ? '*' : body.slice(0, dot));
  const table = glob(body.slice(dot + 1));
  return {
    text,
    excludes,
    exact: !excludes && !body.includes('*'),
    schema,
    table,
    matches: (schemaName, tableName) => schema.test(schemaName) && table.test(tableName),
  };
}

/** Whether the patterns take the table in: the last one that matches decides. */
export function includes(patterns: readonly TablePattern[], schema: string, table: string): boolean {
  const last = patterns.findLast((pattern) => pattern.matches(schema, table));
  return last !== undefined && !last.excludes;
}

function glob(text: string): RegExp {
  const literal = (part: string): string => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${text.split('*').map(literal).join('.*')}$`, 'su');
}
