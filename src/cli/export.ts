import { Option, type Command } from 'commander';
import { createPool } from '../pg/pool.ts';
import { beginExport, type Export } from '../query/export.ts';
import { EXPORT_FORMATS, EXPORT_WRITERS, type ExportFormat } from '../query/export-format.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { writeOutput } from './output-file.ts';
import { grouped } from './printable.ts';
import { filterOfArguments, QUERY_HELP } from './query-argument.ts';
import { abortOnSignal } from './shutdown.ts';
import { timeOption } from './time-option.ts';

const PROGRESS_INTERVAL_MS = 200;

interface ExportOptions {
  readonly config?: string;
  readonly format: ExportFormat;
  readonly output: string;
  readonly source?: readonly string[];
  readonly table?: readonly string[];
  readonly record?: readonly string[];
  readonly user?: readonly string[];
  readonly action?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

export function exportCommand(context: CliContext): Command {
  return databaseCommand('export', 'write every entry that matches to a file or standard output, oldest first')
    .argument('[query...]', 'a search, as below')
    .addOption(new Option('-f, --format <format>', 'how').choices(EXPORT_FORMATS).default('ndjson'))
    .option('-o, --output <file>', 'where to; - is standard output', '-')
    .option('-t, --table <table>', 'only this table, `orders` or `public.orders` (repeatable)', collect)
    .option('-r, --record <record>', 'only this record (repeatable)', collect)
    .option('-u, --user <user>', 'only this user, by id or name (repeatable)', collect)
    .option('-a, --action <action>', 'only this action (repeatable)', collect)
    .option('--source <source>', 'only this source (repeatable)', collect)
    .option('--from <time>', 'not before this time: RFC 3339, a date, or now-2h', timeOption)
    .option('--to <time>', 'before this time; the same forms', timeOption)
    .addHelpText('after', QUERY_HELP)
    .action(async (words: string[], options: ExportOptions) => {
      const { source, table, record, user, action, from, to } = options;
      const filter = filterOfArguments(words, { source, table, record, user, action, from, to });
      const { store } = await configOf(context, options);
      const pool = createPool(store.url, 'export', { max: 2 });
      const stop = abortOnSignal();
      try {
        const signal = AbortSignal.any([stop.signal, context.terminal.closed]);
        const reader = { pool, schema: store.schema, viewer: EVERYTHING };
        const begun = await beginExport(reader, filter, EXPORT_WRITERS[options.format]);
        const isWhole = await write(begun, options.output, context, signal);
        context.exitCode = isWhole ? EXIT.ok : EXIT.failed;
      } finally {
        stop.ended();
        await pool.end();
      }
    });
}

/** False: it was broken off. A file appears under its name only when it is whole. */
async function write(begun: Export, output: string, context: CliContext, signal: AbortSignal): Promise<boolean> {
  const { progress, note } = context.terminal;
  const started = performance.now();
  const tell = (): string => {
    const seconds = Math.max((performance.now() - started) / 1000, 0.001);
    return `${grouped(begun.count())} entries, ${grouped(Math.round(begun.count() / seconds))} a second`;
  };
  const timer = setInterval(() => progress(`exported ${tell()}`), PROGRESS_INTERVAL_MS);
  const close = (): void => void begun.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    await writeOutput(begun.chunks, output, context.terminal.write);
    progress(null);
    if (output !== '-') note(`Exported ${tell()}, to ${output}.`);
    return true;
  } catch (error) {
    progress(null);
    if (!signal.aborted) throw error;
    return false;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', close);
    await begun.close();
  }
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
