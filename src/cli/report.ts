import { hostname } from 'node:os';
import { Option, type Command } from 'commander';
import { RowtrailError } from '../lib/errors.ts';
import { VERSION } from '../lib/version.ts';
import { createPool } from '../pg/pool.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { beginReport, REPORT_FORMATS, type Report, type ReportFormat } from '../report/report.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { userName } from './os-user.ts';
import { writeOutput } from './output-file.ts';
import { grouped } from './printable.ts';
import { timeOption } from './time-option.ts';

const PROGRESS_INTERVAL_MS = 200;

interface ReportOptions {
  readonly config?: string;
  readonly format: ReportFormat;
  readonly output: string;
  readonly from?: string;
  readonly to?: string;
  readonly tz: string;
}

export function reportCommand(context: CliContext): Command {
  return databaseCommand('report', 'make the audit-trail report of a record: everything that happened to it')
    .argument('<source>', "the source's configured name")
    .argument('<table>', 'its table, `orders` or `public.orders`')
    .argument('<key>', 'the record, as entries have it: `42`, or `["1","eu"]` for a key of several columns')
    .addOption(new Option('-f, --format <format>', 'how').choices(REPORT_FORMATS).default('pdf'))
    .option('-o, --output <file>', 'where to; - is standard output', '-')
    .option('--from <time>', 'not before this time: RFC 3339, a date, or now-2h', timeOption)
    .option('--to <time>', 'before this time; the same forms', timeOption)
    .option('--tz <zone>', 'the time zone that times are written in, `Europe/Berlin`', 'UTC')
    .action(async (source: string, table: string, key: string, options: ReportOptions) => {
      const { format, output, from = null, to = null, tz } = options;
      if (format === 'pdf' && output === '-' && context.terminal.columns !== undefined) throw needsFile();
      const { store } = await configOf(context, options);
      const pool = createPool(store.url, 'report', { max: 1 });
      try {
        const reader = { pool, schema: store.schema, viewer: EVERYTHING };
        const madeBy = `${userName()}, on the command line of ${hostname()}`;
        const address = { source, table, key, takesBareTable: true };
        const report = await beginReport(reader, { address, from, to, tz, format, madeBy, version: VERSION });
        if (report === undefined) throw unknownRecord(address);
        await write(report, output, context);
      } finally {
        await pool.end();
      }
    });
}

async function write({ chunks, count, trail }: Report, output: string, context: CliContext): Promise<void> {
  const { progress, note, write: put } = context.terminal;
  const total = grouped(trail.ids.length);
  const timer = setInterval(() => progress(`wrote ${grouped(count())} of ${total} entries`), PROGRESS_INTERVAL_MS);
  try {
    await writeOutput(chunks, output, put);
  } finally {
    clearInterval(timer);
    progress(null);
  }
  if (output !== '-') note(`Wrote the report, of ${total} entries, to ${output}.`);
  context.exitCode = EXIT.ok;
}

function needsFile(): RowtrailError {
  return new RowtrailError('RT_USAGE', 'a PDF is nothing to write to a terminal', {
    hint: 'Name a file: --output report.pdf.',
  });
}

function unknownRecord({
  source,
  table,
  key,
}: {
  readonly source: string;
  readonly table: string;
  readonly key: string;
}) {
  return new RowtrailError('RT_RECORD_MISSING', `the history has no record ${key} of ${table} in ${source}`, {
    hint: '`rowtrail tail --json` shows what entries have as source, schema, table and record.',
  });
}
