import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Config } from '../config/config.ts';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { createPool } from '../pg/pool.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { previewJson, resultJson } from '../revert/revert-json.ts';
import {
  RevertMoved,
  type ApplyOptions,
  type OnConflict,
  type PreviewOptions,
  type RevertPreview,
  type RevertProgress,
  type RevertResult,
  type RevertTarget,
} from '../revert/plan.ts';
import { applyRevert, previewRevert } from '../revert/revert.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { userName } from './os-user.ts';
import { grouped } from './printable.ts';
import { filterOfArguments, QUERY_HELP } from './query-argument.ts';
import { previewText, resultText } from './revert-text.ts';
import { abortOnSignal } from './shutdown.ts';
import { timeOption } from './time-option.ts';

interface RevertOptions {
  readonly config?: string;
  readonly query?: string;
  readonly to?: string;
  readonly toEntry?: string;
  readonly source?: string;
  readonly fields?: readonly string[];
  readonly set?: readonly (readonly [column: string, value: string | null])[];
  readonly setNull?: readonly string[];
  readonly onConflict: OnConflict;
  readonly comment?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
  rowtrail revert entry 1042
  rowtrail revert transaction 981 --comment "deployed by mistake"
  rowtrail revert record public.orders 42 --to 2026-11-20T10:00Z
  rowtrail revert --query "user:7 from:now-1h"

It shows what would be done: the statements run on the source and are rolled back. On a terminal it then asks; in a script,
nothing is changed without --apply.`;

export function revertCommand(context: CliContext): Command {
  return databaseCommand('revert', 'take back an entry, a transaction, a record’s changes, or all that a search finds')
    .argument('[what...]', 'entry <id>, transaction <id>, or record <table> <key>')
    .option('-q, --query <search>', 'every entry that this search finds')
    .addOption(new Option('--to <time>', 'a record as it was then: RFC 3339, a date, or now-2h').argParser(timeOption))
    .option('--to-entry <id>', 'a record as this entry left it')
    .option('--source <source>', 'the source of the record; not needed where there is one')
    .option('--fields <columns>', 'only these columns of updates, by comma', (text) => text.split(','))
    .option('--set <column=value>', 'a value of your own in place of the old one (repeatable)', setOption)
    .option('--set-null <column>', 'null in place of the old value (repeatable)', collect)
    .addOption(
      new Option('--on-conflict <what>', 'where a row is not as the entries left it')
        .choices(['abort', 'skip', 'force'])
        .default('abort'),
    )
    .option('-m, --comment <text>', 'why; the new entries carry it')
    .option('--apply', 'do it without asking')
    .option('--json', 'print JSON')
    .addHelpText('after', `${EXAMPLES}\n${QUERY_HELP}`)
    .action(async (what: string[], options: RevertOptions) => {
      const config = await configOf(context, options);
      const pool = createPool(config.store.url, 'revert', { max: 2 });
      const stop = abortOnSignal();
      try {
        await revert(context, options, {
          store: { pool, schema: config.store.schema, viewer: EVERYTHING },
          sources: config.sources.map(({ name, revert: to }) => ({ name, url: to?.url ?? null })),
          request: {
            target: targetOf(what, options, config),
            fields: options.fields ?? null,
            set: setOf(options),
            onConflict: options.onConflict,
            comment: options.comment ?? null,
          },
          caller: { id: userName(), name: null, ip: null, userAgent: 'rowtrail revert', requestId: null },
          onProgress: (progress) => context.terminal.progress(progressLine(progress)),
          signal: stop.signal,
        });
      } finally {
        context.terminal.progress(null);
        stop.ended();
        await pool.end();
      }
    });
}

async function revert(context: CliContext, options: RevertOptions, given: PreviewOptions): Promise<void> {
  const { terminal } = context;
  const preview = await previewRevert(given);
  terminal.progress(null);
  const isQuiet = options.json === true && options.apply === true;
  if (!isQuiet) printPreview(context, options, preview);
  if (options.apply !== true && !(await isWanted(context, options, preview))) return;
  const order = { ...given, plan: preview.plan, idempotencyKey: `cli-${randomUUID()}` };
  const result = await applyKnowingly(order).catch((error: unknown) => {
    terminal.progress(null);
    // What it would do now, before the reason why it was not done.
    if (error instanceof RevertMoved) printPreview(context, options, error.preview);
    throw error;
  });
  terminal.progress(null);
  terminal.print(options.json === true ? resultJson(result) : resultText(result, terminal.paint));
}

/** A connection that is lost with the answer leaves open whether it was done: asked again under its key, the source tells. */
async function applyKnowingly(order: ApplyOptions): Promise<RevertResult> {
  try {
    return await applyRevert(order);
  } catch (error) {
    if (codeOf(error) !== 'RT_CONNECT' || order.signal?.aborted === true) throw error;
    return applyRevert(order);
  }
}

function printPreview({ terminal }: CliContext, options: RevertOptions, preview: RevertPreview): void {
  terminal.print(options.json === true ? previewJson(preview) : previewText(preview, terminal.paint));
}

/** Asks, where there is somebody to ask. */
async function isWanted(context: CliContext, options: RevertOptions, { summary }: RevertPreview): Promise<boolean> {
  const { terminal } = context;
  if (options.json === true) return false;
  if (!summary.applicable || summary.ready + summary.conflict === 0) return false;
  if (!terminal.interactive) {
    terminal.note('Nothing was changed. `--apply` does it.');
    return false;
  }
  const isYes = /^\s*y(es)?\s*$/i.test(await terminal.ask('Do it? [y/N] '));
  if (!isYes) terminal.note('Nothing was changed.');
  return isYes;
}

function targetOf(what: readonly string[], options: RevertOptions, config: Config): RevertTarget {
  const [kind, ...rest] = what;
  if (options.query !== undefined) {
    if (kind !== undefined) throw usage(`--query goes alone: \`${kind}\` is another target`);
    filterOfArguments([options.query]);
    return { query: options.query };
  }
  if (kind !== 'record' && (options.to !== undefined || options.toEntry !== undefined)) {
    throw usage('--to and --to-entry are for a record');
  }
  if ((kind === 'entry' || kind === 'transaction') && rest.length === 1) {
    const id = idOf(rest[0]!);
    return kind === 'entry' ? { entry: id } : { transaction: id };
  }
  if (kind === 'record' && rest.length === 2) {
    const [table, key] = rest as [string, string];
    return { record: { source: sourceOf(options, config), table, key }, to: toOf(options) };
  }
  throw usage(kind === undefined ? 'it takes what to revert' : `\`${what.join(' ')}\` is nothing to revert`);
}

function toOf({ to, toEntry }: RevertOptions): { readonly entry: string } | { readonly time: string } {
  if (to !== undefined && toEntry === undefined) return { time: to };
  if (toEntry !== undefined && to === undefined) return { entry: idOf(toEntry) };
  throw usage('a record takes where it goes back to: --to <time> or --to-entry <id>');
}

function sourceOf({ source }: RevertOptions, config: Config): string {
  const names = config.sources.map(({ name }) => name);
  if (source !== undefined && names.includes(source)) return source;
  if (source === undefined && names.length === 1) return names[0]!;
  throw usage(
    source === undefined ? 'a record takes its --source' : `there is no source ${source}`,
    `There are ${names.join(', ')}.`,
  );
}

function idOf(text: string): string {
  if (/^\d{1,19}$/.test(text)) return text;
  throw usage(`${text} is no id`, '`rowtrail log --json` prints ids.');
}

function usage(message: string, hint = '`rowtrail revert --help` has examples.'): RowtrailError {
  return new RowtrailError('RT_USAGE', message, { hint });
}

/** Values of one's own, by column. */
function setOf({ set = [], setNull = [] }: RevertOptions): PreviewOptions['request']['set'] {
  const values = [...set, ...setNull.map((column): Setting => [column, null])];
  return values.length === 0 ? null : Object.fromEntries(values);
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

type Setting = readonly [column: string, value: string | null];

function setOption(text: string, earlier: readonly Setting[] = []): readonly Setting[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It takes a column and its value: status=paid.');
  return [...earlier, [text.slice(0, at), text.slice(at + 1)]];
}

const PHASES: Readonly<Record<RevertProgress['phase'], string>> = {
  resolve: 'reading what is to be taken back',
  compare: 'comparing with what is there',
  write: 'writing',
  verify: 'looking at what came of it',
};

function progressLine({ phase, done, total }: RevertProgress): string {
  return `${PHASES[phase]}: ${grouped(done)}${total === null ? '' : ` of ${grouped(total)}`}`;
}
