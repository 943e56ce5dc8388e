import type { BaselineStatus } from '../query/baseline.ts';
import { grouped, printable } from './printable.ts';

const BAR_WIDTH = 24;

/** One line: how far the baselines of all sources are, by the files' sizes of the tables that have begun. */
export function progressLine(status: ReadonlyMap<string, BaselineStatus>): string {
  const all = [...status.values()];
  const sum = (of: (source: BaselineStatus) => number): number => all.reduce((total, source) => total + of(source), 0);
  const tables = sum(({ tables: n }) => n);
  const done = sum((source) => source.done);
  const current = all.flatMap(({ open }) => open).find(({ percent }) => percent !== null);
  const share = tables === 0 ? 1 : (done + (current?.percent ?? 0) / 100) / tables;
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
  const at = current === undefined ? '' : `, ${printable(current.table)} ${current.percent} %`;
  return `baseline ${bar} ${done} of ${tables} tables, ${grouped(sum(({ rows }) => rows))} rows${at}`;
}

/** What is to be said at the end, for people and pipes alike. */
export function baselineSummary(status: ReadonlyMap<string, BaselineStatus>): string[] {
  return [...status].flatMap(([name, { tables, done, rows, open }]) => [
    `Baseline of ${printable(name)}: ${done} of ${tables} tables, ${grouped(rows)} rows.`,
    ...open.flatMap(({ table, note }) => (note === null ? [] : [printable(`  ${table} waits: ${note}`)])),
  ]);
}
