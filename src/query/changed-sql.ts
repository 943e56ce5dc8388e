// What an update changed, in SQL. Most updates do not name it: it is the members of their `old` (entry/changed-columns.ts,
// and the function `changed_columns` of the store, of which the first is the body).

type Parameter = (value: unknown, type: string) => string;

/**
 * The names as text[]. Of the escapes that PostgreSQL can make no text of (`\u0000`), none is left: they are in values only.
 */
export function changedSql(entry: string): string {
  return `case when ${entry}.changed is not null or ${entry}.old is null then ${entry}.changed else ${toldSql(entry)} end`;
}

/** Whether an update changed one of these columns: true, or false or null. */
export function changedAnySql(entry: string, fields: readonly string[], parameter: Parameter): string {
  const names = parameter(fields, 'text[]');
  // Between quotes that are not escaped, before a colon: a member, of `old` itself or of an object in it.
  const members = parameter(
    fields.map((field) => `%${JSON.stringify(field).replaceAll(/[\\%_]/g, '\\$&')}:%`),
    'text[]',
  );
  return `(${entry}.changed && ${names} or ${entry}.changed is null and ${entry}.old::text like any (${members})
    and (${entry}.old::text not like '_%{%' or ${toldSql(entry)} && ${names}))`;
}

function toldSql(entry: string): string {
  return `array(select pg_catalog.json_object_keys(replace(${entry}.old::text, '\\u', '\\b')::json))`;
}
