import type pg from 'pg';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { ahead, parts } from './ahead.ts';
import type { PlannedStep } from './comparison.ts';
import type { RevertResult } from './plan.ts';
import type { Values } from './table.ts';
import { recordKey } from './value.ts';

/** Rows of one statement. */
const LINK_ROWS = 5_000;

/** The result of an earlier revert with this key; undefined: there is none. Throws RT_REVERT_KEY_REUSED. */
export async function findEarlier(
  client: pg.ClientBase,
  key: string,
  requestHash: string,
): Promise<RevertResult | undefined> {
  const found = await client
    .query<{ hash: string; result: string }>(
      'select r.request_hash as hash, r.result::pg_catalog.text as result from rowtrail.reverts r where r.idempotency_key = $1',
      [key],
    )
    .catch((error: unknown) => {
      throw explainMissing(error);
    });
  const [row] = found.rows;
  if (row === undefined) return undefined;
  if (row.hash !== requestHash) {
    throw new RowtrailError('RT_REVERT_KEY_REUSED', 'this Idempotency-Key was used for another revert', {
      hint: 'Take a new key for each revert, and the same one only to repeat it.',
    });
  }
  return JSON.parse(row.result) as RevertResult;
}

export interface RevertRecord {
  readonly idempotencyKey: string | null;
  readonly requestHash: string;
  readonly requestedBy: string;
  readonly result: RevertResult;
}

/** Puts the revert on record in its own transaction: what it answered, and which records took back which entries. */
export async function recordRevert(
  client: pg.ClientBase,
  { idempotencyKey, requestHash, requestedBy, result }: RevertRecord,
  applied: readonly PlannedStep[],
): Promise<void> {
  const inserted = await client
    .query<{ id: string }>(
      `insert into rowtrail.reverts (idempotency_key, request_hash, requested_by, result) values ($1, $2, $3, $4::pg_catalog.text::pg_catalog.json)
       returning id::pg_catalog.text`,
      [idempotencyKey, requestHash, requestedBy, JSON.stringify(result)],
    )
    .catch((error: unknown) => {
      throw explainMissing(error);
    });
  const { id } = inserted.rows[0]!;
  const write = (steps: readonly PlannedStep[]): Promise<unknown> => {
    const rows = steps.flatMap((step) =>
      keysOf(step).map((key) => ({ oid: String(step.fold.table.oid), key, entries: entriesOf(step) })),
    );
    return client.query(
      `insert into rowtrail.revert_links (revert_id, relation, record_key, entries)
       select $1::pg_catalog.int8, u.relation::pg_catalog.oid, u.record_key, u.entries::pg_catalog.int8[]
       from unnest($2::pg_catalog.text[], $3::pg_catalog.text[], $4::pg_catalog.text[]) as u(relation, record_key, entries)`,
      [id, rows.map(({ oid }) => oid), rows.map(({ key }) => key), rows.map(({ entries }) => entries)],
    );
  };
  for await (const _ of ahead(parts(applied, LINK_ROWS), write));
}

function entriesOf({ fold }: PlannedStep): string {
  return `{${[...new Set(fold.changes.map(({ entry }) => entry))].join(',')}}`;
}

/** What the resulting entries have as `record_key`: after, and (where the key changes, or a row crosses partitions) before. */
function keysOf({ fold, place, verdict }: PlannedStep): string[] {
  const { table } = fold;
  const now = recordKey(table, place) ?? fold.key;
  if (verdict.action !== 'update') return [table.key === null ? fold.key : now];
  const after: Values = [...place];
  for (const position of verdict.write) after[position] = fold.target[position];
  return [...new Set([now, recordKey(table, after) ?? fold.targetKey])];
}

function explainMissing(error: unknown): unknown {
  if (codeOf(error) !== '42P01' && codeOf(error) !== '3F000') return error;
  return new RowtrailError('RT_SETUP_MISSING', 'the source has nowhere to record a revert', {
    hint: 'Nothing was changed. Run `rowtrail setup` again: it brings the source up to date.',
    cause: error,
  });
}
