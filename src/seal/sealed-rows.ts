import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { RowDigest, type Digest } from './row-digest.ts';
import type { SealPart } from './seal.ts';

/** A seal's range, of ids and of seals. */
export interface SealedRange {
  readonly number: bigint;
  readonly firstId: bigint;
  readonly lastId: bigint;
}

const HISTORY_COLUMNS: Readonly<
  Record<Exclude<SealPart, 'facts'>, readonly [table: string, columns: string, order: string]>
> = {
  entries: [
    'entries',
    'id, occurred_at, transaction_id, context_id, ordinal, relation_id, action, record_key, changed, unknown, row, old, data',
    'id',
  ],
  contexts: [
    'contexts',
    'id, last_id, transaction_id, source_id, actor_id, attribution, session_id, role, application_name, user_name, ip, user_agent, comment, request_id, context',
    'id',
  ],
  transactions: ['transactions', 'id, source_id, epoch, xid, commit_lsn, committed_at, size', 'id'],
  links: [
    'entry_links',
    'entry_id, kind, relation_id, record_key, entry_key, linked_id',
    'entry_id, kind collate "C", relation_id, record_key collate "C", entry_key collate "C", linked_id',
  ],
  truncated_rows: ['truncated_rows', 'entry_id, position, relation_id, record_key, row', 'entry_id, position'],
};

/**
 * Digests of one part of consecutive seals, one a seal. `schema` is quoted. The client is used alone meanwhile. What is
 * below the safe horizon does not change, so whoever reads it reads the same.
 */
export async function digestRows(
  client: pg.ClientBase,
  schema: string,
  part: SealPart,
  ranges: readonly SealedRange[],
): Promise<readonly Digest[]> {
  const digest = new RowDigest(ranges.map(({ number, lastId }) => (part === 'facts' ? number : lastId)));
  const stream = client.query(copyTo(`copy (${rowsSql(schema, part, ranges)}) to stdout (format binary)`));
  stream.on('data', (chunk: Buffer) => digest.push(chunk));
  await finished(stream);
  return digest.finish();
}

function rowsSql(schema: string, part: SealPart, ranges: readonly SealedRange[]): string {
  const first = ranges[0]!;
  const last = ranges.at(-1)!;
  if (part === 'facts') return factsSql(schema, first.number, last.number);
  const [table, columns, order] = HISTORY_COLUMNS[part];
  const [key = 'id'] = columns.split(',', 1);
  return `select ${columns} from ${schema}.${table} where ${key} between ${first.firstId} and ${last.lastId} order by ${order}`;
}

function factsSql(schema: string, first: bigint, last: bigint): string {
  return `select f.seal, f.kind, f.fact_id, f.version, ${factSql(schema, 'f')} from ${schema}.sealed_facts f
    where f.seal between ${first} and ${last} order by f.seal, f.kind collate "C", f.fact_id, f.version`;
}

/** What a row of `sealed_facts` is about, as text: what of it never changes. Null: it is gone. */
export function factSql(schema: string, fact: string): string {
  return `case ${fact}.kind
    when 'source' then (select json_build_array(x.name)::text from ${schema}.sources x where x.id = ${fact}.fact_id)
    when 'actor' then (select json_build_array(x.source_id, x.kind, x.claim)::text from ${schema}.actors x where x.id = ${fact}.fact_id)
    when 'session' then (select json_build_array(x.source_id, encode(x.token_hash, 'hex'), x.session_role, x.client_addr, x.pid,
        (extract(epoch from x.started_at) * 1000000)::bigint)::text from ${schema}.sessions x where x.id = ${fact}.fact_id)
    when 'relation' then (select json_build_array(x.source_id, x.oid)::text from ${schema}.relations x where x.id = ${fact}.fact_id)
    when 'version' then (select json_build_array(x.schema_name, x.table_name, array_to_json(x.key_columns), x.columns::text)::text
        from ${schema}.relation_versions x where x.relation_id = ${fact}.fact_id and x.version = ${fact}.version)
    end`;
}
