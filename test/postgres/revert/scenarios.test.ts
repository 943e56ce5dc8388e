import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoteIdentifier } from '../../../src/pg/identifier.ts';
import { createPool } from '../../../src/pg/pool.ts';
import { EVERYTHING } from '../../../src/query/visibility.ts';
import {
  RevertMoved,
  type PreviewOptions,
  type RevertRequest,
  type RevertStep,
  type RevertTarget,
  type SideEffect,
} from '../../../src/revert/plan.ts';
import { applyRevert, previewRevert } from '../../../src/revert/revert.ts';
import { revertScene, type RevertScene } from './fixture.ts';
import { CHOICES } from './scenario/choice.ts';
import { CONSTRAINTS } from './scenario/constraint.ts';
import { FOREIGN_KEYS } from './scenario/foreign-key.ts';
import { MASKED_TABLES, MASKS } from './scenario/mask.ts';
import type { Found } from './scenario/scenario.ts';
import { SCHEMA_CHANGES } from './scenario/schema-change.ts';
import { TRIGGERS } from './scenario/trigger.ts';
import { VALUES } from './scenario/value.ts';

let scene: RevertScene;
let client: pg.Client;
let pool: pg.Pool;
let number = 0;

beforeAll(async () => {
  scene = await revertScene('wal', '', {
    tables: ['public.*', 'case_*.*', 'masked.*'],
    tableOptions: MASKED_TABLES,
    hashKey: 'a key of the tests',
    truncate: { capture: true, maxBytes: 64 * 1024 * 1024 },
  });
  await scene.database.query(`alter default privileges grant usage on schemas to "${scene.role.name}";
    alter default privileges grant select, insert, update, delete on tables to "${scene.role.name}"`);
  await scene.start();
  client = await scene.database.connect();
  pool = createPool(scene.database.url, 'test reader', { max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await scene?.[Symbol.asyncDispose]();
});

describe.each([
  ['values', VALUES],
  ['foreign keys', FOREIGN_KEYS],
  ['constraints', CONSTRAINTS],
  ['triggers', TRIGGERS],
  ['changes of the schema', SCHEMA_CHANGES],
  ['masks', MASKS],
  ['choices', CHOICES],
] as const)('%s', (_, scenarios) => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (name, scenario) => {
    const schema = `case_${(number += 1)}`;
    await client.query(`create schema ${schema}; set search_path = ${schema}, public`);
    await client.query(scenario.schema);
    const start = await rowsOf(schema);
    const startedAt = (await client.query('select clock_timestamp()::text as now')).rows[0].now as string;
    const role = quoteIdentifier(scene.role.name);
    await client.query(`alter role ${role} set search_path = ${schema}, public`);
    await client.query(`alter role ${role} ${scenario.bypassesRls === true ? '' : 'no'}bypassrls`);
    await run(scenario.workload, schema);
    await scene.caughtUp();
    await run(scenario.since ?? [], 'since');
    await scene.caughtUp();
    const before = await stateOf(schema);
    const found = await findWorkload(schema, startedAt);
    const target = scenario.target?.(found) ?? { query: `request_id:${schema}` };
    const given = optionsOf(target, scenario.rest);
    const preview = await previewRevert(given);
    expect(preview.steps.map(stepLine)).toEqual(scenario.steps);
    expect(preview.sideEffects.map(effectLine)).toEqual(scenario.sideEffects ?? []);
    expect(await stateOf(schema)).toEqual(before);
    const applied = applyRevert({ ...given, plan: preview.plan, idempotencyKey: null });
    if (scenario.applies === false) {
      await expect(applied).rejects.toThrow(RevertMoved);
      expect(await stateOf(schema)).toEqual(before);
      return;
    }
    const { transaction, summary } = await applied;
    expect(summary.overwritten, name).toBe(scenario.overwritten ?? 0);
    const after = await stateOf(schema);
    expect(after.sequences).toEqual(before.sequences);
    expect(after.rows).toMatchObject(scenario.end ?? start);
    if (scenario.back === null) return;
    await scene.caughtUp();
    const { rows } = await pool.query('select id::text from audit.transactions where xid = $1', [transaction]);
    const again = optionsOf({ transaction: rows[0].id as string }, { onConflict: scenario.back ?? 'abort' });
    const { plan } = await previewRevert(again);
    await applyRevert({ ...again, plan, idempotencyKey: null });
    expect(await stateOf(schema)).toEqual(before);
  });
});

function optionsOf(target: RevertTarget, rest: Partial<RevertRequest> = {}): PreviewOptions {
  return {
    store: { pool, schema: 'audit', viewer: EVERYTHING },
    sources: [{ name: 'shop', url: scene.config.sources[0]!.revert!.url }],
    request: { target, fields: null, set: null, onConflict: 'abort', comment: null, ...rest },
    caller: { id: 'op', name: 'Olga', ip: null, userAgent: null, requestId: null },
  };
}

async function run(transactions: string | readonly string[], request: string): Promise<void> {
  for (const sql of typeof transactions === 'string' ? [transactions] : transactions) {
    await client.query(`begin; select set_config('rowtrail.request_id', '${request}', true); ${sql}; commit`);
  }
}

/** Rows by table as text, sorted. */
async function rowsOf(schema: string): Promise<Record<string, string[]>> {
  const tables = await client.query(
    `select relname as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
    [schema],
  );
  const rows: Record<string, string[]> = {};
  for (const { name } of tables.rows) {
    const result = await client.query(
      `select whole::text as row from ${schema}.${quoteIdentifier(name as string)} whole order by whole::text collate "C"`,
    );
    rows[name] = result.rows.map(({ row }) => (row as string).replace(scene.role.name, 'ROLE'));
  }
  return rows;
}

async function stateOf(schema: string): Promise<{ rows: Record<string, string[]>; sequences: string[] }> {
  const sequences = await client.query(
    `select sequencename || ' ' || coalesce(last_value::text, '') as line from pg_sequences where schemaname = $1 order by 1`,
    [schema],
  );
  return { rows: await rowsOf(schema), sequences: sequences.rows.map(({ line }) => line as string) };
}

async function findWorkload(schema: string, startedAt: string): Promise<Found> {
  const { rows } = await pool.query(
    `select e.id::text, e.transaction_id::text as transaction from audit.entries e join audit.contexts c on c.id = e.context_id
     where c.request_id = $1 order by e.id`,
    [schema],
  );
  return {
    schema,
    startedAt,
    entries: rows.map(({ id }) => id as string),
    transactions: [...new Set(rows.map(({ transaction }) => transaction as string))],
  };
}

function stepLine({ action, table, record, status, reason }: RevertStep): string {
  const name = `${table.replace(/^case_\d+\./, '')}${record === null ? '' : ` ${record.replace(/^~.*/, '~')}`}`;
  return `${action} ${name} ${status}${reason === null ? '' : `: ${reason.replaceAll(/case_\d+\./g, '')}`}`;
}

function effectLine({ table, inserted, updated, deleted, columns, stamped }: SideEffect): string {
  const counts = `+${inserted} ~${updated} -${deleted}`;
  return [table.replace(/^case_\d+\./, ''), counts, ...columns, ...stamped.map((name) => `stamped ${name}`)].join(' ');
}
