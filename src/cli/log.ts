import type { Command } from 'commander';
import { createPool } from '../pg/pool.ts';
import { listActivity, MAX_LIMIT } from '../query/activity.ts';
import type { ActivityFilter } from '../query/filter.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { entryLine } from './entry-line.ts';
import { EXIT } from './failure.ts';
import { countArgument, filterOfArguments, QUERY_HELP } from './query-argument.ts';
import { abortOnSignal } from './shutdown.ts';

const DEFAULT_COUNT = 50;

interface LogOptions {
  readonly config?: string;
  readonly limit?: number;
  readonly after?: string;
  readonly json?: boolean;
}

export function logCommand(context: CliContext): Command {
  return databaseCommand('log', 'print entries that match a search, newest first')
    .argument('[query...]', 'a search, as below')
    .option('-n, --limit <count>', `at most so many entries (default: ${DEFAULT_COUNT})`, countArgument)
    .option('--after <cursor>', 'go on behind an earlier page, with the same search')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', QUERY_HELP)
    .action(async (words: string[], options: LogOptions) => {
      const filter = filterOfArguments(words);
      const { store } = await configOf(context, options);
      const pool = createPool(store.url, 'log', { max: 1 });
      const stop = abortOnSignal();
      try {
        const signal = AbortSignal.any([stop.signal, context.terminal.closed]);
        await printLog({ pool, schema: store.schema, viewer: EVERYTHING }, filter, { options, context, signal });
        context.exitCode = EXIT.ok;
      } finally {
        stop.ended();
        await pool.end();
      }
    });
}

async function printLog(
  store: StoreReader,
  filter: ActivityFilter,
  { options, context, signal }: { options: LogOptions; context: CliContext; signal: AbortSignal },
): Promise<void> {
  const { terminal } = context;
  let missing = options.limit ?? DEFAULT_COUNT;
  let after: string | null = options.after ?? null;
  while (missing > 0 && !signal.aborted) {
    const page = await listActivity(store, {
      filter,
      sort: '-id',
      limit: Math.min(missing, MAX_LIMIT),
      after,
      before: null,
    });
    terminal.progress(null);
    for (const { json } of page.entries) terminal.print(options.json === true ? json : entryLine(json, terminal.paint));
    missing -= page.entries.length;
    after = page.meta.next;
    if (after === null) return;
    if (page.meta.searched !== undefined) terminal.progress(`searched back to ${page.meta.searched.until}`);
  }
  terminal.progress(null);
  if (after !== null) terminal.note(`more: --after ${after}`);
}
