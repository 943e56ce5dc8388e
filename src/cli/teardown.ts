import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { RowtrailError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { redactUrl } from '../pg/pool.ts';
import { teardown } from '../setup/teardown.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { runToEnd } from './shutdown.ts';
import type { Terminal } from './terminal.ts';

interface TeardownOptions {
  readonly config?: string;
  readonly dropHistory?: boolean;
  readonly yes?: boolean;
}

export function teardownCommand(context: CliContext): Command {
  return databaseCommand('teardown', 'remove slot, publication, triggers and schema rowtrail from the sources')
    .option('--drop-history', "also drop the store's schema, with all history in it")
    .option('-y, --yes', 'do not ask')
    .action(async (options: TeardownOptions) => {
      const config = await configOf(context, options);
      const dropHistory = options.dropHistory === true;
      const { terminal } = context;
      if (options.yes !== true && !(await confirmed(terminal, whatGoes(config, dropHistory)))) {
        terminal.note('rowtrail: nothing was changed');
        context.exitCode = EXIT.failed;
        return;
      }
      const { print, note } = terminal;
      const work = teardown(config, { dropHistory, print, log: createLog(config.log.level) });
      await runToEnd(work, { note, what: 'teardown' });
      context.exitCode = EXIT.ok;
    });
}

/** What the user is asked to agree to. */
export function whatGoes(config: Config, dropHistory: boolean): string {
  const lines = config.sources.map(
    (source) =>
      `  source ${source.name} (${redactUrl(source.adminUrl ?? source.url)}): slot ${source.slot}, publication ${source.publication}, triggers, schema rowtrail`,
  );
  if (dropHistory)
    lines.push(`  store (${redactUrl(config.store.url)}): schema ${config.store.schema} WITH ALL HISTORY`);
  return `This removes\n${lines.join('\n')}`;
}

async function confirmed(terminal: Terminal, what: string): Promise<boolean> {
  if (!terminal.interactive) {
    throw new RowtrailError(
      'RT_USAGE',
      'teardown asks before it removes anything, and there is no terminal to ask on',
      {
        hint: 'Add --yes if you mean it.',
      },
    );
  }
  terminal.note(what);
  return /^\s*y(es)?\s*$/i.test(await terminal.ask('Go on? [y/N] '));
}
