import type { Command } from 'commander';
import { createLog } from '../lib/log.ts';
import { setup } from '../setup/install.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { runToEnd } from './shutdown.ts';

export function setupCommand(context: CliContext): Command {
  return databaseCommand(
    'setup',
    "install what capture needs on the sources, and the store's schema; safe to run again",
  )
    .option('--dry-run', 'print the exact SQL and change nothing')
    .action(async (options: { config?: string; dryRun?: boolean }) => {
      const config = await configOf(context, options);
      const { print, note } = context.terminal;
      const dryRun = options.dryRun === true;
      const work = setup(config, { dryRun, print, log: createLog(config.log.level) });
      await runToEnd(work, { note, what: 'setup' });
      if (!dryRun)
        note('Next: `rowtrail run` captures changes and serves the API; `rowtrail check` looks at everything.');
      context.exitCode = EXIT.ok;
    });
}
