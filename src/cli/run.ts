import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { createLog, type Log } from '../lib/log.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { runUntilStopped, type Stoppable } from './shutdown.ts';

export function runCommand(context: CliContext): Command {
  return databaseCommand('run', 'capture changes and serve the API, until SIGTERM or Ctrl-C').action(
    async (options: { config?: string }) => {
      const config = await configOf(context, options);
      const log = createLog(config.log.level);
      const outcome = await runUntilStopped(daemonService(config, log), { note: context.terminal.note });
      if (outcome === 'forced') {
        context.terminal.note(
          'rowtrail: stopped before everything was drained; the next start goes on where the store is',
        );
      }
      context.exitCode = outcome === 'ended' ? EXIT.ok : EXIT.failed;
    },
  );
}

/** Loaded only here: capture and HTTP take longer to load than the other commands take to run. */
async function start(config: Config, log: Log): Promise<Daemon> {
  const { startDaemon } = await import('../daemon/daemon.ts');
  return startDaemon(config, { log });
}

function daemonService(config: Config, log: Log): Stoppable {
  let starting: Promise<Daemon> | undefined;
  return {
    start: async () => {
      starting = start(config, log);
      const { url } = await starting;
      log.info({ url }, 'serving');
    },
    run: async () => (await starting)?.run(),
    stop: async () => {
      const daemon = await starting?.catch(() => undefined);
      await daemon?.stop();
    },
  };
}
