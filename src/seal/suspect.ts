import type pg from 'pg';
import type { Problem, ProblemKind } from './chain.ts';
import type { Digest } from './row-digest.ts';
import type { Seal, SealPart } from './seal.ts';
import { factSql } from './sealed-rows.ts';

/** Ids that a problem names. */
const MAX_NAMED = 5;

const NAMES: Readonly<Record<SealPart, string>> = {
  entries: 'entries',
  contexts: 'contexts (who made them)',
  transactions: 'transactions',
  links: 'links between entries',
  truncated_rows: 'rows of truncates',
  facts: 'sources, actors, sessions and table descriptions that they refer to',
};

/**
 * What can be known of a part of a seal that does not match. The seal knows how many rows there were and what they were
 * together; which row it is is found by traces: everything of a flush is written by one transaction of the store, so that
 * a row which was written by another one than its context or its entries was changed or added later.
 */
export async function describeMismatch(
  client: pg.ClientBase,
  schema: string,
  { seal, part, found }: { readonly seal: Seal; readonly part: SealPart; readonly found: Digest },
): Promise<Problem> {
  const expected = seal.parts[part].rows;
  const counted = found.rows - expected;
  const misplaced = part === 'entries' ? await ids(client, misplacedSql(schema), seal) : [];
  const kind = kindOf(counted, misplaced.length > 0);
  const named = await namedIds(client, schema, seal, part, kind);
  const entries = misplaced.length > 0 ? misplaced : named;
  const counts = counted === 0n ? `all ${expected} are there` : `there were ${expected}, and now ${found.rows}`;
  const hint = part === 'facts' ? await factHint(client, schema, seal) : hintOf(part, kind, entries);
  return {
    seal: seal.number,
    kind,
    message: `seal ${seal.number}: ${NAMES[part]} ${VERBS[kind]} (${counts})${hint}`,
    entries: part === 'facts' ? [] : entries,
  };
}

const VERBS: Partial<Record<ProblemKind, string>> = {
  removed: 'removed',
  inserted: 'inserted',
  reordered: 'reordered',
  edited: 'edited',
};

function kindOf(counted: bigint, isMisplaced: boolean): ProblemKind {
  if (counted < 0n) return 'removed';
  if (counted > 0n) return 'inserted';
  return isMisplaced ? 'reordered' : 'edited';
}

function hintOf(part: SealPart, kind: ProblemKind, entries: readonly bigint[]): string {
  if (entries.length === 0) return '';
  const what = part === 'contexts' ? 'of entries from' : part === 'transactions' ? 'the transaction of' : 'entry';
  return kind === 'removed' && part === 'entries'
    ? `; missing from the transaction of ${entries.join(', ')}`
    : `; by its traces, ${what} ${entries.join(', ')}`;
}

async function namedIds(
  client: pg.ClientBase,
  schema: string,
  seal: Seal,
  part: SealPart,
  kind: ProblemKind,
): Promise<readonly bigint[]> {
  if (part === 'entries') return ids(client, kind === 'removed' ? incompleteSql(schema) : lateEntriesSql(schema), seal);
  if (part === 'contexts' || part === 'transactions') return ids(client, lateSql(schema, part), seal);
  return [];
}

async function ids(client: pg.ClientBase, sql: string, { firstId, lastId }: Seal): Promise<bigint[]> {
  const found = await client.query<{ id: string }>(`${sql} limit ${MAX_NAMED + 1}`, [firstId, lastId]);
  const named = found.rows.map(({ id }) => BigInt(id));
  // Of a store that was restored from a dump, every row was written anew: that tells nothing.
  return named.length > MAX_NAMED ? [] : named;
}

/** Entries outside of their context, or against the order of their transaction. */
function misplacedSql(schema: string): string {
  return `select x.id::text as id from (
      select e.id, e.ordinal, lag(e.ordinal) over (partition by e.transaction_id order by e.id) as earlier, c.id as context, c.last_id
      from ${schema}.entries e left join ${schema}.contexts c on c.id = e.context_id
      where e.id between $1 and $2) x
    where x.ordinal < x.earlier or x.id < x.context or x.id > x.last_id order by x.id`;
}

function lateEntriesSql(schema: string): string {
  return `select e.id::text as id from ${schema}.entries e left join ${schema}.contexts c on c.id = e.context_id
    where e.id between $1 and $2 and (c.id is null or c.xmin <> e.xmin) order by e.id`;
}

/** By the first entry of the transaction, or under the context. */
function lateSql(schema: string, part: 'contexts' | 'transactions'): string {
  return `select p.id::text as id from ${schema}.${part} p left join ${schema}.entries e on e.id = p.id
    where p.id between $1 and $2 and (e.id is null or e.xmin <> p.xmin) order by p.id`;
}

/** Transactions that have fewer entries than they had, as far as the range shows it. */
function incompleteSql(schema: string): string {
  return `select t.id::text as id from ${schema}.transactions t
    left join (
      select e.transaction_id, count(*) as found from ${schema}.entries e where e.id between $1 and $2 group by 1
    ) x on x.transaction_id = t.id
    where t.id between $1 and $2 and t.id + t.size - 1 <= $2 and t.size > coalesce(x.found, 0) order by t.id`;
}

async function factHint(client: pg.ClientBase, schema: string, seal: Seal): Promise<string> {
  const found = await client.query<{ kind: string; fact_id: string }>(
    `select f.kind, f.fact_id::text from ${schema}.sealed_facts f
     where f.seal = $1 and sha256(convert_to(coalesce(${factSql(schema, 'f')}, ''), 'UTF8')) <> f.fact_sha256
     order by f.kind, f.fact_id limit ${MAX_NAMED}`,
    [seal.number],
  );
  if (found.rows.length === 0) return '';
  return `; by its digest, ${found.rows.map(({ kind, fact_id: id }) => `${kind} ${id}`).join(', ')}`;
}
