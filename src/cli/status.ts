import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { createPool } from '../pg/pool.ts';
import { assertServerVersion } from '../pg/server-version.ts';
import { isOpenGap, readStatus, type SourceStatus, type Status } from '../query/status.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import type { Paint } from './paint.ts';
import { byteSize } from '../lib/byte-size.ts';
import { duration } from '../lib/duration.ts';
import { grouped, printable } from './printable.ts';
import { slotState, type SlotState } from './slot-state.ts';

const SHOWN_GAPS = 3;
const SHOWN_BASELINES = 3;
const SHOWN_REMOVALS = 3;
const SHOWN_PERIODS = 4;
const SHORT_OF_PARTITIONS_MS = 6 * 3_600_000;
const LABEL_WIDTH = 14;

export function statusCommand(context: CliContext): Command {
  return databaseCommand('status', 'how far each source is stored, and where its history has gaps')
    .option('--json', 'print JSON')
    .action(async (options: { config?: string; json?: boolean }) => {
      const config = await configOf(context, options);
      const status = await statusOf(config);
      const { print, paint } = context.terminal;
      print(options.json === true ? JSON.stringify(status) : statusText(status, paint, Date.now()));
      context.exitCode = EXIT.ok;
    });
}

/** What the store knows of a source, and the slot as the source's server has it (null with trigger capture). */
export interface SourceReport extends SourceStatus {
  readonly server_slot: SlotState | null;
}

export interface StatusReport {
  readonly store: Status['store'];
  readonly sources: readonly SourceReport[];
}

async function statusOf(config: Config): Promise<StatusReport> {
  const pool = createPool(config.store.url, 'status', { max: 1 });
  try {
    await assertServerVersion(pool, 'the store', config.store.url);
    const slots = await Promise.all(
      config.sources.map(
        async (source) => [source.name, source.capture === 'wal' ? await slotState(source) : null] as const,
      ),
    );
    const status = await readStatus({ pool, schema: config.store.schema, viewer: EVERYTHING });
    const stateOf = new Map(slots);
    const known = new Set(status.sources.map((source) => source.name));
    const waiting = config.sources.filter((source) => !known.has(source.name));
    return {
      store: status.store,
      sources: [...status.sources, ...waiting.map(({ name }) => ({ ...NOTHING_STORED, name }))].map((source) => ({
        ...source,
        server_slot: stateOf.get(source.name) ?? null,
      })),
    };
  } finally {
    await pool.end();
  }
}

/** A source that is configured and was never captured. */
const NOTHING_STORED: Omit<SourceStatus, 'name'> = {
  capture: null,
  epoch: null,
  slot: null,
  end_lsn: null,
  acknowledged_lsn: null,
  committed_at: null,
  updated_at: null,
  open_flushes: { count: 0, oldest: null },
  gaps: { count: 0, latest: [] },
  baseline: { tables: 0, done: 0, rows: 0, open: [] },
  live: null,
};

/** The status for people. */
export function statusText(status: StatusReport, paint: Paint, nowMs: number): string {
  const { schema, entries_estimate: entries } = status.store;
  return [
    row(paint, 'store', `schema ${schema}, ${grouped(entries)} ${entries === 1 ? 'entry' : 'entries'}`),
    ...sizeLines(status.store, paint),
    ...retentionLines(status.store, paint, nowMs),
    ...status.sources.map((source) => sourceText(source, paint, nowMs)),
  ].join('\n');
}

function sizeLines({ bytes, periods }: Status['store'], paint: Paint): string[] {
  if (bytes === null || periods === null) return [];
  const shown = periods
    .slice(0, SHOWN_PERIODS)
    .map((period) => `${period.from.slice(0, 10)} ${byteSize(period.bytes)}`);
  const more = periods.length > SHOWN_PERIODS ? `, ${periods.length - SHOWN_PERIODS} older` : '';
  return [row(paint, 'on disk', `${byteSize(bytes)}${shown.length === 0 ? '' : `: from ${shown.join(', ')}${more}`}`)];
}

function retentionLines(store: Status['store'], paint: Paint, nowMs: number): string[] {
  const { kept_since: since, removals_waiting: waiting, partitions_until: until } = store;
  const lines = since === null ? [] : [row(paint, 'kept since', since)];
  for (const { partition, reason } of waiting.slice(0, SHOWN_REMOVALS)) {
    lines.push(
      row(paint, '', paint.yellow(printable(`${partition} is to be removed and waits: ${reason ?? 'its turn'}`))),
    );
  }
  if (until !== null && Date.parse(until) - nowMs < SHORT_OF_PARTITIONS_MS) {
    lines.push(row(paint, 'partitions', paint.red(`until ${until} only: a running daemon makes more`)));
  }
  return lines;
}

function sourceText(source: SourceReport, paint: Paint, nowMs: number): string {
  const lines = [`\n${paint.bold(printable(source.name))}`];
  if (source.end_lsn === null && source.committed_at === null) {
    lines.push(row(paint, 'stored up to', 'nothing yet: `rowtrail run` captures it'));
  } else {
    lines.push(row(paint, 'stored up to', position(source.end_lsn, source.committed_at, nowMs)));
    lines.push(row(paint, 'acknowledged', position(source.acknowledged_lsn, null, nowMs)));
    lines.push(row(paint, 'last write', source.updated_at === null ? 'never' : ago(source.updated_at, nowMs)));
  }
  if (source.server_slot !== null) lines.push(row(paint, 'slot', slotText(source.server_slot, source.slot, paint)));
  const { count: open, oldest } = source.open_flushes;
  if (open > 0) {
    lines.push(row(paint, 'being written', `${open}, the oldest since ${oldest === null ? '?' : ago(oldest, nowMs)}`));
  }
  lines.push(...baselineLines(source, paint), ...gapLines(source, paint));
  return lines.join('\n');
}

function slotText(state: SlotState, name: string | null, paint: Paint): string {
  if (state.error !== null) return paint.red(printable(state.error));
  if (!state.found) return paint.red('missing on the server: `rowtrail setup` makes it');
  const use =
    state.active_pid === null
      ? paint.yellow('no daemon reads it')
      : paint.green(`read by process ${state.active_pid} of the server`);
  const kept = state.retained_bytes === null ? '' : `, keeps ${byteSize(state.retained_bytes)} of WAL`;
  const lost = state.wal_status === 'lost' ? paint.red(', LOST: the server removed WAL it needed') : '';
  return `${name === null ? '' : `${name}, `}${use}${kept}${lost}`;
}

function baselineLines({ baseline }: SourceStatus, paint: Paint): string[] {
  const { tables, done, rows, open } = baseline;
  if (tables === 0) return [];
  const summary = `${grouped(done)} of ${grouped(tables)} tables, ${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}`;
  const shown = open.slice(0, SHOWN_BASELINES).map(({ table, percent, note }) => {
    const state = percent === null ? 'not begun' : `${percent} %`;
    return row(paint, '', printable(`${table}: ${state}${note === null ? '' : ` (${note})`}`));
  });
  return [row(paint, 'baseline', done === tables ? paint.green(summary) : summary), ...shown];
}

function gapLines({ gaps }: SourceStatus, paint: Paint): string[] {
  if (gaps.count === 0) return [row(paint, 'gaps', paint.green('none'))];
  const shown = gaps.latest.slice(0, SHOWN_GAPS).map((gap) => {
    const from = gap.from_lsn ?? gap.from_time ?? '?';
    const range = isOpenGap(gap)
      ? `OPEN since ${from}, recorded ${gap.recorded_at}`
      : `${from} to ${gap.to_lsn ?? gap.to_time ?? 'now'}, recorded ${gap.recorded_at}`;
    return row(paint, '', printable(`${gap.reason}: ${range}${gap.detail === null ? '' : ` (${gap.detail})`}`));
  });
  const said = gaps.latest.some(isOpenGap)
    ? 'changes are missing, and nothing is captured now: see `rowtrail check`'
    : 'changes may be missing';
  return [row(paint, 'gaps', paint.red(`${gaps.count}: ${said}`)), ...shown];
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
