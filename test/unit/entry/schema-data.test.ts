import { describe, expect, test } from 'vitest';
import type { SchemaChange, SchemaColumn } from '../../../src/change/schema-change.ts';
import { schemaData } from '../../../src/entry/schema-data.ts';

const ID: SchemaColumn = { attnum: 1, name: 'id', type: 'integer', notNull: true };
const NOTE: SchemaColumn = { attnum: 2, name: 'note', type: 'text', notNull: false };

function data(overrides: Partial<SchemaChange>, isRewritten = false): Record<string, unknown> {
  const change: SchemaChange = {
    tag: 'ALTER TABLE',
    objectType: 'table',
    objectSchema: 'public',
    identity: 'public.a',
    table: null,
    before: null,
    after: null,
    detail: {},
    statement: null,
    ...overrides,
  };
  return JSON.parse(schemaData(change, isRewritten)) as Record<string, unknown>;
}

describe('the data of a schema entry', () => {
  test('follows columns by their numbers', () => {
    const renamed = { ...NOTE, name: 'remark', default: "'x'::text" };
    expect(data({ before: [ID, NOTE], after: [ID, renamed] })['columns']).toEqual({
      changed: [
        { name: 'remark', from: { name: 'note', default: null }, to: { name: 'remark', default: "'x'::text" } },
      ],
    });
    // Dropped and added under the same name: another column.
    expect(data({ before: [ID, NOTE], after: [ID, { ...NOTE, attnum: 3 }] })['columns']).toEqual({
      added: [{ name: 'note', type: 'text', notNull: false }],
      dropped: [{ name: 'note', type: 'text', notNull: false }],
    });
  });

  test('says nothing of columns that it does not know to have changed', () => {
    expect(data({ before: [ID], after: [ID] })).toEqual({
      tag: 'ALTER TABLE',
      object: { type: 'table', schema: 'public', identity: 'public.a' },
    });
    expect(data({ before: null, after: [ID] })).not.toHaveProperty('columns');
    expect(data({ tag: 'CREATE TABLE', after: [ID] })['columns']).toEqual({
      added: [{ name: 'id', type: 'integer', notNull: true }],
    });
  });

  test('has what else is told', () => {
    expect(data({ statement: 'alter …', detail: { acl: 1 } }, true)).toMatchObject({
      rewrite: true,
      acl: 1,
      statement: 'alter …',
    });
  });
});
