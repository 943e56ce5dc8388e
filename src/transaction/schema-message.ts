import type { SchemaChange, SchemaColumn } from '../change/schema-change.ts';

/** The change that the parts of a schema message say, behind its kind and the secret; null: they say none. */
export function parseSchemaChange(at: (index: number) => string | null): SchemaChange | null {
  const [tag, objectType] = [at(2), at(3)];
  const oid = at(6) === null ? null : Number(at(6));
  if (tag === null || objectType === null || (oid !== null && !Number.isInteger(oid))) return null;
  return {
    tag,
    objectType,
    objectSchema: at(4),
    identity: at(5),
    table: oid === null ? null : { oid, isTracked: at(7) === 'true', schema: at(8), name: at(9) },
    before: jsonOf(at(10)) as readonly SchemaColumn[] | null,
    after: jsonOf(at(11)) as readonly SchemaColumn[] | null,
    detail: (jsonOf(at(12)) ?? {}) as Readonly<Record<string, unknown>>,
    statement: at(13),
  };
}

/** What the source's own functions made; of a message that does not prove itself, anything, and never used. */
function jsonOf(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
