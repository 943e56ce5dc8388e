import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { SourceConfig } from '../../src/config/config.ts';
import { explainReplicationError } from '../../src/capture/wal/stream-error.ts';
import { mappedSettings, renderSourceSql } from '../../src/setup/source-sql.ts';

const source = {
  name: "o'shop",
  slot: 'rowtrail_shop',
  publication: 'rowtrail_shop',
  tables: ['public.*', '!public.a_b'],
  identity: 'full',
  truncate: { capture: true, maxBytes: 1024 },
  ddlText: false,
  tableOptions: { "public.o'users": { exclude: ['a'], hash: [], redact: [], identity: null } },

  capture: 'wal',
  outbox: { maxBytes: 1024 },
  context: {
    user_id: { setting: 'request.jwt.claims', path: 'sub' },
    user_name: { setting: 'hasura.user', path: 'name' },
    ip: { setting: 'request.jwt.claims', path: 'ip' },
  },
} as unknown as SourceConfig;

describe('source SQL', () => {
  test('is ASCII: it must load into a database of any encoding', async () => {
    const folder = new URL('../../sql/source/', import.meta.url);
    for (const name of await readdir(folder)) {
      expect(await readFile(new URL(name, folder), 'utf8'), name).toMatch(/^[\n -~]*$/);
    }
  });

  test('fills in every placeholder, quoted', async () => {
    const text = (await renderSourceSql({ source, daemonRole: 'we"ird', revertRole: null, encoding: 'UTF8' })).join(
      '\n',
    );
    const code = text.replaceAll(/^\s*--.*$/gm, '').replaceAll(/'(?:[^']|'')*'/g, "''");
    expect(code.match(/(?<!:):[a-z_]+/g)).toBeNull();
    expect(text).toContain(`'o''shop'`);
    expect(text).toContain('to "we""ird"');
    expect(text).toContain(`array['hasura.user', 'request.jwt.claims']::text[]`);
  });

  test('sends every message to the outbox with trigger capture', async () => {
    const text = (
      await renderSourceSql({
        source: { ...source, capture: 'trigger' },
        daemonRole: 'r',
        revertRole: null,
        encoding: 'LATIN1',
      })
    ).join('\n');
    const code = text.replaceAll(/^\s*--.*$/gm, '');
    expect(code).not.toContain('pg_logical_emit_message');
    expect(code).not.toContain('rowtrail.utf8(v_');
    expect(code.replaceAll(/'(?:[^']|'')*'/g, "''").match(/(?<!:):[a-z_]+/g)).toBeNull();
    expect(code.match(/rowtrail\.send_message\(/g)!.length).toBeGreaterThan(5);
  });

  test('ends context messages with each mapped setting once, sorted', () => {
    expect(mappedSettings(source)).toEqual(['hasura.user', 'request.jwt.claims']);
  });

  test.each([
    ['UTF8', false],
    ['SQL_ASCII', false],
    ['LATIN1', true],
  ])('in %s converts messages: %s', async (encoding, converts) => {
    const text = (await renderSourceSql({ source, daemonRole: 'd', revertRole: null, encoding })).join('\n');
    expect(text.includes('create or replace function rowtrail.utf8(')).toBe(converts);
    expect(/emit_message\([^;]*rowtrail\.utf8\(/.test(text)).toBe(converts);
  });
});

describe('explainReplicationError', () => {
  const url = 'postgres://rep:secret-word@db.example:6432/shop';
  const failure = (message: string, code?: string): Error => Object.assign(new Error(message), { code });

  test.each([
    ['42601', 'syntax error at or near "IDENTIFY_SYSTEM"', 'RT_POOLER'],
    ['08P01', 'unsupported startup parameter: replication', 'RT_POOLER'],
    ['42501', 'permission denied to start WAL sender', 'RT_PRIVILEGE'],
    ['42501', 'must be superuser or replication role to start walsender', 'RT_PRIVILEGE'],
    ['53300', 'number of requested standby connections exceeds "max_wal_senders" (currently 0)', 'RT_RESOURCES'],
    ['28P01', 'password authentication failed for user "rep"', 'RT_AUTH'],
    ['28000', 'no pg_hba.conf entry for replication connection', 'RT_AUTH'],
    ['3D000', 'database "shop" does not exist', 'RT_DATABASE_MISSING'],
    ['ECONNREFUSED', 'connect ECONNREFUSED', 'RT_CONNECT'],
  ])('%s %s: %s', (code, message, expected) => {
    const error = explainReplicationError(failure(message, code), url);
    expect(error.code).toBe(expected);
    expect(error.hint).toBeTruthy();
    expect(`${error.message} ${error.hint}`).not.toContain('secret-word');
  });
});
