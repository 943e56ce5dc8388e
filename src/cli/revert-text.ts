import { counted } from '../lib/counted.ts';
import type { RevertPreview, RevertResult, RevertStep, RevertSummary, SideEffect, StepChange } from '../revert/plan.ts';
import type { Brush, Paint } from './paint.ts';
import { grouped, printable } from './printable.ts';

/** A plan for people: what becomes of each record, column by column, and what stands against it. */
export function previewText({ steps, summary, sideEffects }: RevertPreview, paint: Paint): string {
  return [
    ...stepLines(steps, summary, paint),
    ...sideEffectLines(sideEffects, paint),
    summaryLine(summary, paint),
  ].join('\n');
}

/** What was done, in a few lines: the plan has told the rest. */
export function resultText({ transaction, summary, sideEffects }: RevertResult, paint: Paint): string {
  const { applied, overwritten, skipped } = summary;
  const more = [
    overwritten === 0 ? '' : `, ${grouped(overwritten)} of them over a conflict`,
    skipped === 0 ? '' : `; ${grouped(skipped)} left out`,
  ].join('');
  return [
    ...sideEffectLines(sideEffects, paint),
    `${paint.green('Reverted')} ${counted(applied, 'record')}${more}, in transaction ${transaction}.`,
  ].join('\n');
}

function stepLines(steps: readonly RevertStep[], summary: RevertSummary, paint: Paint): string[] {
  const lines = steps.flatMap((step) => [stepHead(step, paint), ...changeLines(step, paint), '']);
  const left = summary.steps - steps.length;
  return left > 0 ? [...lines, paint.dim(`… and ${counted(left, 'step')} more, all of them ready`), ''] : lines;
}

function stepHead({ action, table, record, status, reason, entries }: RevertStep, paint: Paint): string {
  const brush: Readonly<Record<RevertStep['status'], Brush>> = {
    ready: paint.green,
    noop: paint.dim,
    conflict: paint.yellow,
    impossible: paint.red,
  };
  const what = action === 'none' ? 'nothing' : action;
  const name = `${table}${record === null ? '' : ` ${record}`}`;
  const of = paint.dim(entries.length === 1 ? `entry ${entries[0]}` : `${grouped(entries.length)} entries`);
  const why = reason === null ? '' : `\n  ${brush[status](printable(reason))}`;
  return `${paint.bold(what.padEnd(6))} ${printable(name)}  ${brush[status](status)}  ${of}${why}`;
}

function changeLines({ action, changes, status }: RevertStep, paint: Paint): string[] {
  const width = Math.max(0, ...changes.map(({ column }) => printable(column).length));
  const line = (sign: string, column: string, value: string): string =>
    `  ${sign} ${printable(column).padEnd(width)}  ${printable(value)}`;
  return changes.flatMap((change: StepChange) => {
    const { column, current, target, expected } = change;
    const lines: string[] = [];
    if (action !== 'create') lines.push(paint.red(line('-', column, current ?? '?')));
    if (status === 'conflict' && expected !== null && expected !== current) {
      lines.push(paint.yellow(line('!', column, `${expected} was expected`)));
    }
    if (action !== 'delete') lines.push(paint.green(line('+', column, target ?? '?')));
    return lines;
  });
}

function sideEffectLines(sideEffects: readonly SideEffect[], paint: Paint): string[] {
  if (sideEffects.length === 0) return [];
  const lines = sideEffects.map(({ table, inserted, updated, deleted, columns, stamped }) => {
    const counts = [
      [inserted, 'inserted'],
      [updated, 'updated'],
      [deleted, 'deleted'],
    ] as const;
    const rows = counts.flatMap(([count, what]) => (count === 0 ? [] : [`${grouped(count)} ${what}`]));
    const also = columns.length === 0 ? [] : [`columns ${columns.join(', ')}`];
    const time = stamped.length === 0 ? [] : [`the time of the revert in ${stamped.join(', ')}`];
    return `  ${printable(table)}: ${printable([...rows, ...also, ...time].join(', '))}`;
  });
  return [paint.yellow('Beyond the plan, by triggers or foreign keys:'), ...lines, ''];
}

function summaryLine(summary: RevertSummary, paint: Paint): string {
  const { entries, ignored, steps, ready, noop, conflict, impossible, applicable } = summary;
  const counts = [
    [ready, 'ready'],
    [noop, 'already as wanted'],
    [conflict, 'in conflict'],
    [impossible, 'impossible'],
  ] as const;
  const parts = counts.flatMap(([count, what]) => (count === 0 ? [] : [`${grouped(count)} ${what}`]));
  const rest = ignored === 0 ? '' : `; ${counted(ignored, 'entry', 'entries')} of no row left out`;
  const text = `${counted(entries, 'entry', 'entries')} in ${counted(steps, 'step')}: ${parts.join(', ')}${rest}.`;
  return applicable ? paint.bold(text) : paint.bold(`${text} It cannot be applied.`);
}
