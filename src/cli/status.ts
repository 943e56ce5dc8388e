import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { createPool } from '../pg/pool.ts';
import { readStatus, type SourceStatus, type Status } from '../query/status.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import type { Paint } from './paint.ts';
import { duration, grouped, printable } from './printable.ts';

const SHOWN_GAPS = 3;
const LABEL_WIDTH = 14;

export function statusCommand(context: CliContext): Command {
  return databaseCommand('status', 'how far each source is stored, and where its history has gaps')
    .option('--json', 'print JSON')
    .action(async (options: { config?: string; json?: boolean }) => {
      const config = await configOf(context, options);
      const pool = createPool(config.store.url, 'status', { max: 1 });
      try {
        const status = await readStatus({ pool, schema: config.store.schema });
        context.terminal.print(
          options.json === true
            ? JSON.stringify(status)
            : statusText(status, config, context.terminal.paint, Date.now()),
        );
        context.exitCode = EXIT.ok;
      } finally {
        await pool.end();
      }
    });
}

/** The status for people; sources that are configured but were never captured are named as well. */
export function statusText(status: Status, config: Config, paint: Paint, nowMs: number): string {
  const known = new Set(status.sources.map((source) => source.name));
  const waiting = config.sources.filter((source) => !known.has(source.name));
  return [
    row(paint, 'store', `schema ${status.store.schema}, ${grouped(status.store.entries_estimate)} entries`),
    ...status.sources.map((source) => sourceText(source, paint, nowMs)),
    ...waiting.map(
      (source) =>
        `\n${paint.bold(source.name)}\n${row(paint, 'stored up to', 'nothing yet: `rowtrail run` captures it')}`,
    ),
  ].join('\n');
}

function sourceText(source: SourceStatus, paint: Paint, nowMs: number): string {
  const lines = [`\n${paint.bold(printable(source.name))}`];
  if (source.capture === null) {
    lines.push(row(paint, 'stored up to', 'nothing yet: `rowtrail run` captures it'));
  } else {
    lines.push(
      row(
        paint,
        'capture',
        source.slot === null ? source.capture : `${source.capture}, slot ${source.slot}, epoch ${source.epoch}`,
      ),
    );
    lines.push(row(paint, 'stored up to', position(source.end_lsn, source.committed_at, nowMs)));
    lines.push(row(paint, 'acknowledged', position(source.acknowledged_lsn, null, nowMs)));
    lines.push(row(paint, 'last write', source.updated_at === null ? 'never' : ago(source.updated_at, nowMs)));
  }
  const { count: open, oldest } = source.open_flushes;
  if (open > 0)
    lines.push(row(paint, 'being written', `${open}, the oldest since ${oldest === null ? '?' : ago(oldest, nowMs)}`));
  lines.push(...gapLines(source, paint));
  return lines.join('\n');
}

function gapLines({ gaps }: SourceStatus, paint: Paint): string[] {
  if (gaps.count === 0) return [row(paint, 'gaps', paint.green('none'))];
  const shown = gaps.latest.slice(0, SHOWN_GAPS).map((gap) => {
    const range = `${gap.from_lsn ?? '?'} to ${gap.to_lsn ?? 'now'}, recorded ${gap.recorded_at}`;
    return row(paint, '', printable(`${gap.reason}: ${range}${gap.detail === null ? '' : ` (${gap.detail})`}`));
  });
  return [row(paint, 'gaps', paint.red(`${gaps.count}: changes may be missing`)), ...shown];
}

function position(lsn: string | null, time: string | null, nowMs: number): string {
  if (lsn === null) return time === null ? 'nothing yet' : `${time}, ${ago(time, nowMs)}`;
  return time === null ? lsn : `${lsn}, committed ${ago(time, nowMs)} (${time})`;
}

function ago(time: string, nowMs: number): string {
  return `${duration((nowMs - Date.parse(time)) / 1000)} ago`;
}

function row(paint: Paint, label: string, value: string): string {
  return `  ${paint.dim(label.padEnd(LABEL_WIDTH))} ${value}`;
}
