import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';

const EXAMPLE = new URL('../../../config/rowtrail.example.yaml', import.meta.url);
const URLS = {
  ROWTRAIL_SOURCE_URL: 'postgres://app@db/shop',
  ROWTRAIL_STORE_URL: 'postgres://audit@db/audit',
  ROWTRAIL_ADMIN_URL: 'postgres://owner@db/shop',
  ROWTRAIL_REVERT_URL: 'postgres://reverter@db/shop',
  ROWTRAIL_HASH_KEY: 'correct horse battery staple',
};

test('the example is valid, and so is what it has commented out', async () => {
  const text = await readFile(EXAMPLE, 'utf8');
  expect(parseConfig(text, 'example', URLS).sources[0]?.name).toBe('shop');
  const all = text
    .replace('  retention: null', '  retention: 400d')
    .replace('# archive:', 'archive:')
    .replaceAll(
      /^( +)# ((?:url|admin|identity|hashKey|context|users|links|revert|keyFile|publicUrl|contact|  user_id):? ?.*)$/gm,
      '$1$2',
    );
  expect(parseConfig(all, 'example', URLS).sources[0]).toMatchObject({
    adminUrl: URLS.ROWTRAIL_ADMIN_URL,
    revert: { url: URLS.ROWTRAIL_REVERT_URL },
    context: { user_id: { setting: 'request.jwt.claims', path: 'sub' } },
  });
});

test('the JSON Schema in config/ is the current one (`npm run config:schema` writes it)', async () => {
  await expect(configJsonSchema()).toMatchFileSnapshot('../../../config/rowtrail.schema.json');
});
