import type pg from 'pg';
import { RowtrailError } from '../lib/errors.ts';
import type { Catalog } from './catalog.ts';
import type { PlannedStep } from './comparison.ts';
import { executeSteps, type Refusal } from './execution.ts';
import type { Plan } from './plan-maker.ts';
import type { PreviewOptions, RevertRequest, SideEffect } from './plan.ts';
import { setContext, underOwnSearchPath } from './session.ts';
import { beyondPlan, readCounts, sideEffect, withoutPlannedRows, type TableCounts } from './side-effects.ts';
import { verifySteps, writeAgain, type Verification } from './verification.ts';

export interface Run {
  /** Steps that were carried out. */
  readonly applied: readonly number[];
  /** By step: why the database did not let it through, or what it made of it. */
  readonly outcomes: ReadonlyMap<number, string>;
  readonly sideEffects: readonly SideEffect[];
}

/** How often steps that the database refuses are left out, with `skip`, until the rest goes through. */
const MAX_ATTEMPTS = 10;

/** Writes what the plan says, and tells what came of it. Throws RT_REVERT_FAILED, RT_REVERT_TARGET. */
export async function carryOut(client: pg.Client, options: PreviewOptions, plan: Plan): Promise<Run> {
  const { request, caller, signal, onProgress } = options;
  const { steps, catalog } = plan;
  await setContext(client, caller, request.comment);
  const outcomes = new Map<number, string>();
  let chosen = [...steps.keys()].filter((index) => isChosen(steps[index]!, request));
  for (let attempt = 0; chosen.length > 0; attempt += 1) {
    const before = await readCounts(client);
    let written = 0;
    const execution = await underOwnSearchPath(client, () =>
      executeSteps(
        {
          client,
          steps,
          foreignKeys: catalog.foreignKeys,
          signal,
          onWritten: (rows) => {
            written += rows;
            onProgress?.({ phase: 'write', done: written, total: chosen.length });
          },
        },
        chosen,
      ),
    );
    if (execution.refusals.length === 0) {
      const wrong = await verify(client, options, { plan, chosen, before, planned: execution.planned });
      for (const [step, reason] of wrong.outcomes) outcomes.set(step, reason);
      return { applied: chosen, outcomes, sideEffects: wrong.sideEffects };
    }
    const said = execution.refusals.map((refusal) => told(refusal, options));
    for (const { step, message } of said) outcomes.set(step, message);
    if (request.onConflict !== 'skip' || attempt === MAX_ATTEMPTS) return { applied: [], outcomes, sideEffects: [] };
    const refused = new Set(said.map(({ step }) => step));
    chosen = chosen.filter((index) => !refused.has(index));
  }
  return { applied: [], outcomes, sideEffects: [] };
}

function isChosen({ verdict }: PlannedStep, { onConflict }: RevertRequest): boolean {
  if (verdict.action === 'none') return false;
  return verdict.status === 'ready' || (verdict.status === 'conflict' && onConflict === 'force');
}

/** To who sees only some tables, the database's words would tell of others. */
function told(refusal: Refusal, { store }: PreviewOptions): Refusal {
  return store.viewer.tables === null ? refusal : { ...refusal, message: 'the database refuses it' };
}

/** Reads everything again, writes once more what triggers have changed since, and tells what went beyond the plan. */
async function verify(
  client: pg.Client,
  options: PreviewOptions,
  {
    plan: { steps, catalog },
    chosen,
    before,
    planned,
  }: {
    readonly plan: Plan;
    readonly chosen: readonly number[];
    readonly before: ReadonlyMap<number, TableCounts>;
    readonly planned: Parameters<typeof beyondPlan>[2];
  },
): Promise<{ readonly outcomes: ReadonlyMap<number, string>; readonly sideEffects: readonly SideEffect[] }> {
  const onRead = (done: number): void => options.onProgress?.({ phase: 'verify', done, total: chosen.length });
  let verified = await verifySteps(client, steps, chosen, onRead);
  if (verified.wrong.size > 0) {
    await client.query('savepoint rowtrail_again');
    try {
      await underOwnSearchPath(client, async () => {
        await writeAgain(client, steps, verified.wrong.keys());
        await client.query('set constraints all immediate');
      });
      verified = await verifySteps(client, steps, chosen, onRead);
    } catch {
      // It stays as it was found: wrong.
      await client.query('rollback to savepoint rowtrail_again');
    }
  }
  const sideEffects = await tellSideEffects(client, options, { catalog, before, planned, verified });
  return { outcomes: verified.wrong, sideEffects };
}

async function tellSideEffects(
  client: pg.Client,
  { store }: PreviewOptions,
  {
    catalog,
    before,
    planned,
    verified,
  }: {
    readonly catalog: Catalog;
    readonly before: ReadonlyMap<number, TableCounts>;
    readonly planned: Parameters<typeof beyondPlan>[2];
    readonly verified: Verification;
  },
): Promise<SideEffect[]> {
  if (!catalog.countsRows) {
    throw new RowtrailError(
      'RT_REVERT_FAILED',
      'track_counts is off: what triggers do to other rows could not be told',
      {
        hint: 'Set track_counts to on on the source (it is the default).',
      },
    );
  }
  const effects: SideEffect[] = [];
  const { stamped } = verified;
  const touched = new Map(
    [...stamped.keys(), ...verified.touched.keys()].map((oid) => [oid, verified.touched.get(oid) ?? new Set<string>()]),
  );
  for (const extra of beyondPlan(before, await readCounts(client), planned)) {
    const table = catalog.tables.find(({ oid }) => oid === extra.oid);
    const rest =
      table === undefined || table.key === null
        ? extra
        : await withoutPlannedRows(client, extra, table, verified.present.get(extra.oid) ?? 0);
    if (table === undefined && store.viewer.tables !== null) throw hidden();
    if (rest === null) continue;
    effects.push(sideEffect(rest, touched.get(extra.oid), stamped.get(extra.oid)));
    touched.delete(extra.oid);
  }
  for (const [oid, columns] of touched) {
    const { schema, name } = catalog.tables.find((table) => table.oid === oid)!;
    effects.push(sideEffect({ oid, schema, name, ...NO_ROWS }, columns, stamped.get(oid)));
  }
  return effects;
}

const NO_ROWS = { inserted: 0, updated: 0, deleted: 0 };

function hidden(): RowtrailError {
  return new RowtrailError('RT_REVERT_TARGET', 'there is nothing here that you may take back', {
    hint: 'It would change more than the tables that your token is limited to.',
  });
}
