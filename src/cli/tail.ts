import { InvalidArgumentError, type Command } from 'commander';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { backoffDelayMs, pause } from '../lib/backoff.ts';
import { createPool } from '../pg/pool.ts';
import { listActivity, MAX_LIMIT } from '../query/activity.ts';
import { NO_FILTER, type ActivityFilter } from '../query/filter.ts';
import type { StoreReader } from '../query/store-reader.ts';
import { entriesAfter, latestId } from '../query/tail.ts';
import { nowMicros, parseTime } from '../query/time.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { entryLine } from './entry-line.ts';
import { EXIT } from './failure.ts';
import { abortOnSignal } from './shutdown.ts';

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
    .option('-t, --table <table>', 'only this table, `orders` or `public.orders` (repeatable)', collect)
    .option('-u, --user <user>', 'only this user, by id or name (repeatable)', collect)
    .option('-s, --since <time>', 'begin at this time: RFC 3339, a date, or now-2h', time)
    .option(
      '-n, --number <count>',
      `how many entries to begin with (default: ${DEFAULT_COUNT}, or all with --since)`,
      count,
    )
    .option('--json', 'one JSON object per line')
    .action(async (options: TailOptions) => {
      const { store } = await configOf(context, options);
      const pool = createPool(store.url, 'tail', { max: 1 });
      const stop = abortOnSignal();
      try {
        const signal = AbortSignal.any([stop.signal, context.terminal.closed]);
        await tail({ pool, schema: store.schema }, options, printer(context, options.json === true), context, signal);
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
  options: TailOptions,
  print: Print,
  context: CliContext,
  signal: AbortSignal,
): Promise<void> {
  const filter: ActivityFilter = {
    ...NO_FILTER,
    table: options.table ?? [],
    user: options.user ?? [],
    from: options.since ?? null,
  };
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
  if (options.since !== undefined && options.number === undefined) return 0n;
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

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It takes a number of entries, 0 or more.');
  return Number(text);
}

/** Checked before a database is asked, and handed on as written: `now-2h` moves on with the clock. */
function time(text: string): string {
  try {
    parseTime(text, nowMicros());
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`It ${messageOf(error)}`);
  }
}
