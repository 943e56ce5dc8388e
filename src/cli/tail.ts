import type { Command } from 'commander';
import { RowtrailError } from '../lib/errors.ts';
import { backoffDelayMs, pause } from '../lib/backoff.ts';
import { createPool } from '../pg/pool.ts';
import { listActivity, MAX_LIMIT } from '../query/activity.ts';
import type { ActivityFilter } from '../query/filter.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { entriesAfter, latestId } from '../query/tail.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { entryLine } from './entry-line.ts';
import { EXIT } from './failure.ts';
import { countArgument, filterOfArguments, QUERY_HELP } from './query-argument.ts';
import { abortOnSignal } from './shutdown.ts';
import { timeOption } from './time-option.ts';

const DEFAULT_COUNT = 10;
const POLL_INTERVAL_MS = 250;
const BATCH_SIZE = 500;
const RETRY_LIMITS = { minDelayMs: 500, maxDelayMs: 10_000 };

interface TailOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly table?: readonly string[];
  readonly user?: readonly string[];
  readonly since?: string;
  readonly number?: number;
}

export function tailCommand(context: CliContext): Command {
  return databaseCommand('tail', 'print the latest entries, and new ones as they come')
    .argument('[query...]', 'a search, as below')
    .option('-t, --table <table>', 'only this table, `orders` or `public.orders` (repeatable)', collect)
    .option('-u, --user <user>', 'only this user, by id or name (repeatable)', collect)
    .option('-s, --since <time>', 'begin at this time: RFC 3339, a date, or now-2h', timeOption)
    .option(
      '-n, --number <count>',
      `how many entries to begin with (default: ${DEFAULT_COUNT}, or all with --since)`,
      countArgument,
    )
    .option('--json', 'one JSON object per line')
    .addHelpText('after', QUERY_HELP)
    .action(async (words: string[], options: TailOptions) => {
      const filter = filterOfArguments(words, {
        table: options.table ?? [],
        user: options.user ?? [],
        from: options.since,
      });
      const { store } = await configOf(context, options);
      const pool = createPool(store.url, 'tail', { max: 1 });
      const stop = abortOnSignal();
      try {
        const signal = AbortSignal.any([stop.signal, context.terminal.closed]);
        const reader = { pool, schema: store.schema, viewer: EVERYTHING };
        await tail(reader, filter, { options, print: printer(context, options.json === true), context, signal });
        context.exitCode = EXIT.ok;
      } finally {
        stop.ended();
        await pool.end();
      }
    });
}

type Print = (json: string) => void;

async function tail(
  store: StoreReader,
  filter: ActivityFilter,
  { options, print, context, signal }: { options: TailOptions; print: Print; context: CliContext; signal: AbortSignal },
): Promise<void> {
  let lastId = await begin(store, filter, options, print);
  let failures = 0;
  while (!signal.aborted) {
    try {
      const next = await entriesAfter(store, lastId, filter, BATCH_SIZE);
      failures = 0;
      for (const entry of next.entries) print(entry.json);
      lastId = next.lastId;
      if (!next.more) await pause(POLL_INTERVAL_MS, signal);
    } catch (error) {
      if (!(error instanceof RowtrailError) || error.code !== 'RT_CONNECT') throw error;
      failures += 1;
      if (failures === 1) context.terminal.note(`rowtrail: ${error.message}; trying again`);
      await pause(backoffDelayMs(failures, RETRY_LIMITS), signal);
    }
  }
}

/** Prints what is there already, and gives the id from which on entries are new. */
async function begin(store: StoreReader, filter: ActivityFilter, options: TailOptions, print: Print): Promise<bigint> {
  if (filter.from !== null && options.number === undefined) return 0n;
  const lastId = await latestId(store, filter);
  const wanted = options.number ?? DEFAULT_COUNT;
  const found: string[] = [];
  let after: string | null = null;
  while (found.length < wanted) {
    const limit = Math.min(MAX_LIMIT, wanted - found.length + BATCH_SIZE);
    const page = await listActivity(store, { filter, sort: '-id', limit, after, before: null });
    // What lies above the safe horizon comes when it is followed.
    for (const { id, json } of page.entries) if (id <= lastId && found.length < wanted) found.push(json);
    after = page.meta.next;
    if (after === null) break;
  }
  for (const json of found.toReversed()) print(json);
  return lastId;
}

function printer({ terminal }: CliContext, json: boolean): Print {
  return json ? terminal.print : (text) => terminal.print(entryLine(text, terminal.paint));
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
