import type pg from 'pg';
import { codeOf, messageOf } from '../lib/errors.ts';
import { ahead, parts } from './ahead.ts';
import type { PlannedStep } from './comparison.ts';
import { positions } from './conflict.ts';
import { exchangesValues, orderGroups, refersToItself } from './order.ts';
import type { RowChange } from './row-change.ts';
import type { RowCounts } from './side-effects.ts';
import { combinedStatement, writeStatement, type Statement } from './statement.ts';
import type { ForeignKey, Table, Values } from './table.ts';
import { gather, type RowWrite, type Stage, type WriteGroup } from './write.ts';

/** Rows of one statement. */
const WRITE_ROWS = 5_000;
/** Rows that may go into one statement where they must. */
const MAX_COMBINED_ROWS = 20_000;

/** What the database refused: which step, and its own words. */
export interface Refusal {
  readonly step: number;
  readonly message: string;
}

export interface Execution {
  /** By the tables' oids: what was to be written. */
  readonly planned: ReadonlyMap<number, RowCounts>;
  /** None: all of it is written. */
  readonly refusals: readonly Refusal[];
}

export interface Run {
  readonly client: pg.ClientBase;
  readonly steps: readonly PlannedStep[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly onWritten: (rows: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes the steps with these numbers: many rows at a time, in an order by what refers to what. Where the database
 * refuses that, on the path back that the application came, change by change: on it, each state was one that the
 * constraints had let through. What it still refuses is narrowed down to steps.
 */
export async function executeSteps(run: Run, chosen: readonly number[]): Promise<Execution> {
  const writes = chosen.map((step) => foldedWrite(run.steps[step]!, step));
  const planned = countRows(writes);
  const groups = gather(writes);
  const { client } = run;
  await client.query('savepoint rowtrail_run');
  await client.query('set constraints all deferred');
  if (!groups.some(exchangesValues)) {
    const error = await attempt(run, async () => {
      for (const stage of orderGroups(groups, run.foreignKeys)) await writeStage(run, stage);
      await client.query('set constraints all immediate');
    });
    if (error === null) return { planned, refusals: [] };
  }
  const path = pathWrites(run.steps, chosen);
  const error = await attempt(run, async () => {
    for (const group of path) await writeGroup(run, group);
    await client.query('set constraints all immediate');
  });
  if (error === null) return { planned: countRows(path.flatMap(rowsOf)), refusals: [] };
  const refusals = await isolate(run, path);
  if (refusals.length > 0) return { planned, refusals };
  return { planned, refusals: [{ step: culprit(run.steps, chosen, error), message: refusalText(error) }] };
}

/** Null: done. What is refused for good reasons is taken back and returned, everything else is thrown. */
async function attempt({ client }: Run, work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await client.query('rollback to savepoint rowtrail_run');
    return error;
  }
}

/**
 * The database's no to a row: a constraint, a value, a right, or what a trigger or function of the application raises.
 * Not what concerns the whole: locks, time, resources.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
function isRefusal(error: unknown): boolean {
  return /^(?:2[1-8]|0[A-Z9]|38|39|3[BF]|42|44|P0)/.test(codeOf(error) ?? '');
}

export function refusalText(error: unknown): string {
  const { detail } = error as { readonly detail?: string };
  return `the database refuses it: ${messageOf(error)}${detail === undefined ? '' : ` (${detail})`}`;
}

type Write = Omit<WriteGroup, 'rows'> & { readonly row: RowWrite };

function foldedWrite({ fold, verdict, place, pin, current }: PlannedStep, step: number): Write {
  const { table } = fold;
  const action = verdict.action === 'none' ? 'update' : verdict.action;
  const row = { step, place, pin, before: current ?? fold.expected, values: fold.target };
  return { table, action, columns: verdict.write, row };
}

async function writeStage(run: Run, stage: Stage): Promise<void> {
  const total = stage.reduce((sum, { rows }) => sum + rows.length, 0);
  const isOne = stage.length > 1 || stage.some(({ table }) => refersToItself(table, run.foreignKeys));
  if (isOne && total <= MAX_COMBINED_ROWS) {
    await send(run, stage.length > 1 ? combinedStatement(stage) : writeStatement(stage[0]!));
    run.onWritten(total);
    return;
  }
  for (const group of stage) {
    // Where rows refer to each other, children are the later ones: the newest entries come first.
    const rows = group.action === 'create' ? group.rows.toReversed() : group.rows;
    await writeGroup(run, { ...group, rows });
  }
}

async function writeGroup(run: Run, group: WriteGroup): Promise<void> {
  const write = (rows: readonly RowWrite[]): Promise<void> => send(run, writeStatement({ ...group, rows }));
  for await (const [rows] of ahead(parts(group.rows, WRITE_ROWS), write)) run.onWritten(rows.length);
}

async function send({ client, signal }: Run, { text, values }: Statement): Promise<void> {
  signal?.throwIfAborted();
  await client.query({ text, values: [...values] });
}

/** Change by change, newest first. Rows that one statement can write without touching one another go together. */
function pathWrites(steps: readonly PlannedStep[], chosen: readonly number[]): WriteGroup[] {
  const writes = chosen.flatMap((step) => {
    const planned = steps[step]!;
    const { fold, verdict } = planned;
    const { changes, table } = fold;
    // Conflicts are overwritten from where they are, and rows without a key are known only as they were read.
    const isWhole = changes.length === 1 || verdict.status !== 'ready' || table.key === null;
    if (isWhole) return [{ entry: changes[0]!.entry, write: foldedWrite(planned, step) }];
    const last = changes.length - 1;
    return changes.map((change, i) => ({
      entry: change.entry,
      write: changeWrite(change, step, i === 0 ? planned.place : null, i === last ? fold.target : null),
    }));
  });
  writes.sort((a, b) => (a.entry > b.entry ? -1 : 1));
  const groups: (WriteGroup & { readonly rows: RowWrite[] })[] = [];
  for (const { write } of writes) {
    const { row, ...rest } = write;
    const last = groups.at(-1);
    if (last !== undefined && isAlike(last, rest) && !last.rows.some(({ step }) => step === row.step))
      last.rows.push(row);
    else groups.push({ rows: [row], ...rest });
  }
  return groups;
}

function isAlike(group: WriteGroup, write: Omit<WriteGroup, 'rows'>): boolean {
  if (group.table !== write.table || group.action !== write.action || group.rows.length >= PATH_ROWS) return false;
  if (group.columns.join() !== write.columns.join()) return false;
  return write.action !== 'update' || !touchesUnique(write.table, write.columns);
}

/** Looked through for each row that is added. */
const PATH_ROWS = 500;

function touchesUnique({ unique }: Table, columns: readonly number[]): boolean {
  return unique.some((index) => index.columns === null || index.columns.some((position) => columns.includes(position)));
}

/** `target`: of the oldest change, what the row is to be in the end, the operator's values included. */
function changeWrite(change: RowChange, step: number, place: Values | null, target: Values | null): Write {
  const { table, row, kind, changed, old } = change;
  const at = { step, pin: null, before: row };
  const there = place ?? row;
  if (kind === 'create') return { table, action: 'delete', columns: [], row: { place: there, values: [], ...at } };
  const values: Values = [];
  const from = kind === 'delete' ? row : old;
  for (const position of positions(table)) {
    const value = target?.[position] !== undefined && kind === 'delete' ? target[position] : from[position];
    if (value !== undefined && (kind === 'delete' || changed.includes(position))) values[position] = value;
  }
  const columns = positions(table).filter((position) => values[position] !== undefined);
  return { table, action: kind === 'delete' ? 'create' : 'update', columns, row: { place: there, values, ...at } };
}

/** Writes what can be written, and halves what can't, down to single rows. Everything is taken back in the end. */
async function isolate(run: Run, path: readonly WriteGroup[]): Promise<Refusal[]> {
  const refused = new Map<number, string>();
  const write = async (group: WriteGroup): Promise<void> => {
    const rows = group.rows.filter(({ step }) => !refused.has(step));
    if (rows.length === 0 || refused.size >= MAX_REFUSALS) return;
    await run.client.query('savepoint rowtrail_part');
    try {
      await send(run, writeStatement({ ...group, rows }));
      await run.client.query('release savepoint rowtrail_part');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await run.client.query('rollback to savepoint rowtrail_part');
      if (rows.length === 1) {
        refused.set(rows[0]!.step, refusalText(error));
        return;
      }
      const half = Math.ceil(rows.length / 2);
      await write({ ...group, rows: rows.slice(0, half) });
      await write({ ...group, rows: rows.slice(half) });
    }
  };
  for (const group of path) await write(group);
  await run.client.query('rollback to savepoint rowtrail_run');
  return [...refused].map(([step, message]) => ({ step, message }));
}

/** Of one run: there will be more of the same kind. */
const MAX_REFUSALS = 100;

/** What a constraint that waited until the end is about: the step with the key that its message has, or else the first of the table. */
function culprit(steps: readonly PlannedStep[], chosen: readonly number[], error: unknown): number {
  const { detail = '', table = '' } = error as { readonly detail?: string; readonly table?: string };
  const match = /\((.+?)\)=\((.+)\)/s.exec(detail);
  const names = match?.[1]?.split(', ') ?? [];
  const values = match?.[2]?.split(', ') ?? [];
  const isKey = (step: number): boolean => {
    const { fold } = steps[step]!;
    return (
      names.length > 0 &&
      names.every((name, i) => {
        const position = fold.table.columns.findIndex((column) => column.name === name.replaceAll('"', ''));
        return (
          position !== -1 && [fold.target[position], fold.expected[position], fold.place[position]].includes(values[i])
        );
      })
    );
  };
  const ofTable = chosen.filter((step) => steps[step]!.fold.table.name === table);
  return ofTable.find(isKey) ?? chosen.find(isKey) ?? ofTable[0] ?? chosen[0]!;
}

function rowsOf({ rows, ...group }: WriteGroup): Write[] {
  return rows.map((row) => ({ row, ...group }));
}

function countRows(writes: readonly Write[]): Map<number, RowCounts> {
  const counts = new Map<number, { inserted: number; updated: number; deleted: number }>();
  for (const { table, action } of writes) {
    const of = counts.get(table.oid) ?? { inserted: 0, updated: 0, deleted: 0 };
    counts.set(table.oid, of);
    if (action === 'create') of.inserted += 1;
    else if (action === 'update') of.updated += 1;
    else of.deleted += 1;
  }
  return counts;
}
