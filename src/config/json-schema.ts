import { z } from 'zod';
import { CONFIG_SCHEMA } from './schema.ts';

/** The configuration file's JSON Schema (draft 2020-12), for editors. Kept in config/rowtrail.schema.json. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(CONFIG_SCHEMA, { io: 'input' });
  return `${JSON.stringify({ ...schema, title: 'Rowtrail configuration' }, null, 2)}\n`;
}
