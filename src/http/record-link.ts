import { membersOf } from '../entry/image.ts';

/** By source, by `schema.table`: the URL of a record in the application, with `{column}` for values. */
export type RecordLinks = ReadonlyMap<string, Readonly<Record<string, string>>>;

const PLACEHOLDER = /\{([^{}]*)\}/g;

/**
 * Where the record of this image (JSON text) is in the application. Null where no link is configured, or the image lacks
 * a value that it needs. Values are percent-encoded, so that none can lead anywhere but where the template says.
 */
export function recordLink(links: RecordLinks, source: string, table: string, image: string | null): string | null {
  const templates = links.get(source);
  const template = templates !== undefined && Object.hasOwn(templates, table) ? templates[table] : undefined;
  if (template === undefined || image === null) return null;
  const values = new Map(membersOf(image).map(({ name, rawValue }) => [name, encoded(rawValue)]));
  let isWhole = true;
  const link = template.replaceAll(PLACEHOLDER, (_whole, column: string) => {
    const value = values.get(column) ?? null;
    if (value === null) isWhole = false;
    return value ?? '';
  });
  return isWhole ? link : null;
}

/** Null for what cannot stand in a path: null, nothing, an object, and dots, which a browser takes for a step upwards. */
function encoded(raw: string): string | null {
  if (raw === 'null' || raw.startsWith('{') || raw.startsWith('[')) return null;
  const text = raw.startsWith('"') ? (JSON.parse(raw) as string) : raw;
  if (/^\.{0,2}$/.test(text) || /\p{Surrogate}/u.test(text)) return null;
  return encodeURIComponent(text);
}
