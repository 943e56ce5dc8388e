import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { createLog } from '../lib/log.ts';
import type { BaselineStatus } from '../query/baseline.ts';
import { setup } from '../setup/install.ts';
import { baselineSummary, progressLine } from './baseline-progress.ts';
import { createFirstToken } from '../access/token.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { abortOnSignal, runToEnd } from './shutdown.ts';
import { withTokenStore } from './token.ts';

export function setupCommand(context: CliContext): Command {
  return databaseCommand(
    'setup',
    "install what capture needs on the sources, and the store's schema; safe to run again",
  )
    .option('--dry-run', 'print the exact SQL and change nothing')
    .option('--baseline', 'then record the rows that are there already; ends when all are recorded')
    .action(async (options: { config?: string; dryRun?: boolean; baseline?: boolean }) => {
      const config = await configOf(context, options);
      const { print, note } = context.terminal;
      const dryRun = options.dryRun === true;
      const baseline = options.baseline === true && !dryRun;
      const work = setup(config, { dryRun, baseline, print, log: createLog(config.log.level) });
      await runToEnd(work, { note, what: 'setup' });
      context.exitCode = EXIT.ok;
      if (!dryRun && config.http.auth.mode === 'token') await printFirstToken(config, context);
      if (baseline && !(await makeBaselines(config, context))) context.exitCode = EXIT.failed;
      if (!dryRun)
        note('Next: `rowtrail run` captures changes and serves the API; `rowtrail check` looks at everything.');
    });
}

/** Once: whoever sets Rowtrail up is the first who may use it. */
async function printFirstToken(config: Config, { terminal }: CliContext): Promise<void> {
  const made = await withTokenStore(config.store, (store) =>
    createFirstToken(store, { name: 'first admin', role: 'admin', tables: null, expiresAt: null, createdBy: 'setup' }),
  );
  if (made === undefined) return;
  terminal.print(`Admin token for the HTTP API, shown this once: ${made.secret}`);
}

/** Returns whether all of them are complete. */
async function makeBaselines(config: Config, { terminal }: CliContext): Promise<boolean> {
  // Loaded only here: capture takes longer to load than the other commands take to run.
  const { runBaselines } = await import('../daemon/baseline-run.ts');
  let last: ReadonlyMap<string, BaselineStatus> = new Map();
  const onProgress = (status: ReadonlyMap<string, BaselineStatus>): void => {
    last = status;
    terminal.progress(progressLine(status));
  };
  const { signal, ended } = abortOnSignal();
  const complete = await runBaselines(config, { onProgress, signal }).finally(() => {
    terminal.progress(null);
    ended();
  });
  for (const line of baselineSummary(last)) terminal.print(line);
  if (!complete)
    terminal.note('rowtrail: not complete; `rowtrail run` goes on with it, `rowtrail status` shows how far it is');
  return complete;
}
