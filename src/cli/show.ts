import { InvalidArgumentError, type Command } from 'commander';
import { RowtrailError } from '../lib/errors.ts';
import { createPool } from '../pg/pool.ts';
import { detailJson, getEntry, type EntryDetail } from '../query/entry.ts';
import { MAX_ID } from '../query/id-range.ts';
import { EVERYTHING } from '../query/visibility.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { entryDiff } from './entry-diff.ts';
import { entryLine } from './entry-line.ts';
import { EXIT } from './failure.ts';
import type { Paint } from './paint.ts';

const SHOWN_SIBLINGS = 10;

export function showCommand(context: CliContext): Command {
  return databaseCommand('show', 'print one entry: who, when, and what changed from what to what')
    .argument('<id>', "the entry's id", idArgument)
    .option('--json', 'print JSON')
    .action(async (id: bigint, options: { config?: string; json?: boolean }) => {
      const { store } = await configOf(context, options);
      const pool = createPool(store.url, 'show', { max: 1 });
      try {
        const detail = await getEntry({ pool, schema: store.schema, viewer: EVERYTHING }, id);
        if (detail === undefined) {
          throw new RowtrailError('RT_ENTRY_MISSING', `there is no entry ${id}`, {
            hint: 'It never was, or retention has removed it. `rowtrail log --json` prints ids.',
          });
        }
        const { print, paint } = context.terminal;
        print(options.json === true ? detailJson(detail) : detailText(detail, paint));
        context.exitCode = EXIT.ok;
      } finally {
        await pool.end();
      }
    });
}

function detailText({ entry, siblings }: EntryDetail, paint: Paint): string {
  const lines = [entryDiff(entry.json, paint)];
  const total = BigInt(siblings.total);
  if (total > 0n) {
    lines.push('', paint.bold(`${total} other ${total === 1n ? 'entry' : 'entries'} of its transaction`));
    lines.push(...siblings.entries.slice(0, SHOWN_SIBLINGS).map(({ json }) => `  ${entryLine(json, paint)}`));
    if (total > BigInt(SHOWN_SIBLINGS)) lines.push(paint.dim('  …'));
  }
  return lines.join('\n');
}

function idArgument(text: string): bigint {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > MAX_ID) {
    throw new InvalidArgumentError('It takes an id: a 64-bit whole number.');
  }
  return BigInt(text);
}
