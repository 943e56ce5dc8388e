import type pg from 'pg';
import { ahead, parts } from './ahead.ts';
import { readRows, type PlannedStep } from './comparison.ts';
import { positions } from './conflict.ts';
import { writeStatement } from './statement.ts';
import type { Table, TableColumn, Values } from './table.ts';
import { recordKey } from './value.ts';
import { gather } from './write.ts';

/** What the rows are after the run. */
export interface Verification {
  /** Steps whose row is not what it was to be, and why. */
  readonly wrong: ReadonlyMap<number, string>;
  /** By the tables' oids: columns that the database changed in rows of the plan, beyond the plan. */
  readonly touched: ReadonlyMap<number, ReadonlySet<string>>;
  /** By the tables' oids: columns of rows of the plan in which a trigger has put the time of the revert. */
  readonly stamped: ReadonlyMap<number, ReadonlySet<string>>;
  /** By the tables' oids: rows of the plan that are there. */
  readonly present: ReadonlyMap<number, number>;
}

const READ_ROWS = 5_000;

/** Reads all rows again that were written, and compares them with what they were to be. */
export async function verifySteps(
  client: pg.ClientBase,
  steps: readonly PlannedStep[],
  chosen: readonly number[],
  onRead: (done: number) => void,
): Promise<Verification> {
  const wrong = new Map<number, string>();
  const touched = new Names();
  const stamped = new Names();
  const isStamp = await stampJudge(client);
  const present = new Map<number, number>();
  const removes = chosen.some((index) => steps[index]!.verdict.action === 'delete');
  const targets = new Set<string>();
  const groups = new Map<
    string,
    { table: Table; columns: readonly number[]; others: readonly number[]; list: number[] }
  >();
  for (const index of chosen) {
    const { fold, verdict, others } = steps[index]!;
    // Without a key, a row can't be told from others that are the same.
    if (fold.table.key === null) continue;
    const columns =
      verdict.action === 'delete' ? fold.table.key : positions(fold.table).filter((p) => !others.includes(p));
    const hashed = verdict.action === 'update' ? others : [];
    const key = `${fold.table.id} ${columns.join()} ${hashed.join()}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { table: fold.table, columns, others: hashed, list: [index] });
    else group.list.push(index);
    if (removes && verdict.action !== 'delete') targets.add(placeKey(fold.table, placeAfter(steps[index]!)));
  }
  let done = 0;
  for (const { table, columns, others, list } of groups.values()) {
    const read = (part: readonly number[]): ReturnType<typeof readRows> => {
      const places = part.map((index) => placeAfter(steps[index]!));
      return readRows(client, table, places, { columns, hashed: others, used: new Set(), lock: false });
    };
    for await (const [part, rows] of ahead(parts(list, READ_ROWS), read)) {
      const places = part.map((index) => placeAfter(steps[index]!));
      const changed: { place: Values; position: number }[] = [];
      part.forEach((index, i) => {
        const step = steps[index]!;
        const row = rows[i] ?? null;
        if (step.verdict.action === 'delete') {
          if (row !== null && !targets.has(placeKey(table, places[i]!))) {
            wrong.set(index, 'the row is still there afterwards: a trigger keeps it, or puts it back');
          }
          return;
        }
        if (row === null) {
          wrong.set(index, 'the row is not there afterwards: a trigger or a cascade took it away');
          return;
        }
        present.set(table.oid, (present.get(table.oid) ?? 0) + 1);
        const differs = columns.filter((position) => {
          if (!isOther(step, position, row.values)) return false;
          if (!isStamp(table.columns[position]!, row.values[position])) return true;
          stamped.add(table, position);
          return false;
        });
        if (differs.length > 0) {
          const names = differs.map((position) => table.columns[position]!.name).join(', ');
          wrong.set(index, `${names} is not what it was to be afterwards: a trigger or a cascade changed it`);
        }
        if (step.verdict.action !== 'update' || step.hashes === null) return;
        others.forEach((position, n) => {
          if (step.hashes![n] !== row.hashes[n]) changed.push({ place: places[i]!, position });
        });
      });
      for (const { position, value } of await readValues(client, table, changed)) {
        (isStamp(table.columns[position]!, value) ? stamped : touched).add(table, position);
      }
      done += part.length;
      onRead(done);
    }
  }
  return { wrong, touched: touched.byTable, stamped: stamped.byTable, present };
}

/** Names of columns by the oids of their tables. */
class Names {
  readonly byTable = new Map<number, Set<string>>();

  add({ oid, columns }: Table, position: number): void {
    const names = this.byTable.get(oid) ?? new Set();
    this.byTable.set(oid, names.add(columns[position]!.name));
  }
}

/** The values of single columns; of each column and table in one statement. */
async function readValues(
  client: pg.ClientBase,
  table: Table,
  cells: readonly { readonly place: Values; readonly position: number }[],
): Promise<{ readonly position: number; readonly value: string | null | undefined }[]> {
  const values: { position: number; value: string | null | undefined }[] = [];
  for (const position of new Set(cells.map((cell) => cell.position))) {
    const places = cells.flatMap((cell) => (cell.position === position ? [cell.place] : []));
    // What is no time needs no look.
    const rows = STAMP_TYPES.test(table.columns[position]!.type)
      ? await readRows(client, table, places, { columns: [position], hashed: [], used: new Set(), lock: false })
      : places.map(() => null);
    for (const row of rows) values.push({ position, value: row?.values[position] });
  }
  return values;
}

const STAMP_TYPES = /^timestamp(?:\(\d\))? with(?:out)? time zone$/;
/** A column of few digits rounds its time. */
const ROUNDED_MS = 1_000;

/** Whether a value is the time of this transaction: `updated_at`, as a trigger keeps it. */
async function stampJudge(
  client: pg.ClientBase,
): Promise<(column: TableColumn, value: string | null | undefined) => boolean> {
  const result = await client.query<{ start: string; now: string }>(
    `select pg_catalog.floor(extract(epoch from pg_catalog.now()) * 1000)::pg_catalog.text as start,
       pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp()) * 1000)::pg_catalog.text as now`,
  );
  const start = Number(result.rows[0]!.start) - ROUNDED_MS;
  const now = Number(result.rows[0]!.now) + ROUNDED_MS;
  return ({ type }, value) => {
    if (typeof value !== 'string' || !STAMP_TYPES.test(type)) return false;
    // As the pinned settings print it: `2026-11-20 10:00:00.123456+00`, in UTC with a zone or without.
    const time = Date.parse(`${value.replace(' ', 'T').replace(/\+00$/, '')}Z`);
    return time >= start && time <= now;
  };
}

/**
 * Writes rows that came out wrong once more, now that the triggers of the others have fired: a total that a trigger keeps is
 * what it was then.
 */
export async function writeAgain(
  client: pg.ClientBase,
  steps: readonly PlannedStep[],
  wrong: Iterable<number>,
): Promise<void> {
  const groups = gather(
    [...wrong].flatMap((index) => {
      const step = steps[index]!;
      const { fold, verdict } = step;
      if (verdict.action === 'delete' || verdict.write.length === 0) return [];
      const columns = verdict.write.filter((position) => !(fold.table.key ?? []).includes(position));
      if (columns.length === 0) return [];
      const row = { step: index, place: placeAfter(step), pin: null, before: [], values: fold.target };
      return [{ table: fold.table, action: 'update' as const, columns, row }];
    }),
  );
  for (const group of groups) {
    const { text, values } = writeStatement(group);
    await client.query({ text, values: [...values] });
  }
}

/** Where a row is found once it is what it is to be. */
function placeAfter({ fold, verdict, place }: PlannedStep): Values {
  if (verdict.action === 'delete') return place;
  const after = [...place];
  for (const position of fold.table.key ?? []) {
    if (verdict.write.includes(position)) after[position] = fold.target[position];
  }
  return after;
}

function placeKey(table: Table, place: Values): string {
  return `${table.id} ${recordKey(table, place) ?? ''}`;
}

function isOther({ fold, verdict, current }: PlannedStep, position: number, now: Values): boolean {
  if (verdict.write.includes(position)) return now[position] !== fold.target[position];
  return (
    verdict.action === 'update' && current !== null && current !== undefined && now[position] !== current[position]
  );
}
