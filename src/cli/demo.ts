import { Command, InvalidArgumentError } from 'commander';
import { createDemo, DEMO_DATA_DIR, DEMO_PORT } from '../demo/demo.ts';
import { createLog } from '../lib/log.ts';
import { setup } from '../setup/install.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { runUntilStopped } from './shutdown.ts';

export function demoCommand(context: CliContext): Command {
  return new Command('demo')
    .description('a small shop on a PostgreSQL of its own, watched by Rowtrail: needs nothing installed')
    .option('-p, --port <port>', 'port on 127.0.0.1; 0 takes a free one', port, DEMO_PORT)
    .option('-d, --data <folder>', 'where the database is kept between runs', DEMO_DATA_DIR)
    .allowExcessArguments(false)
    .action(async (options: { port: number; data: string }, command: Command) => {
      const { print, note } = context.terminal;
      const { debug } = command.optsWithGlobals<{ debug?: boolean }>();
      const log = createLog(debug === true ? 'debug' : 'warn');
      const demo = createDemo({
        port: options.port,
        dataDir: options.data,
        log,
        print,
        setup: (config) => setup(config, { dryRun: false, print: (line) => log.debug(line), log }),
        startDaemon: async (config) => {
          const { startDaemon } = await import('../daemon/daemon.ts');
          const daemon = await startDaemon(config, { log });
          return { url: daemon.url, ended: daemon.run(), stop: () => daemon.stop() };
        },
      });
      const outcome = await runUntilStopped(
        { start: () => demo.start(), run: () => demo.run(), stop: () => demo.stop(), force: () => demo.forceStop() },
        { note },
      );
      context.exitCode = outcome === 'ended' ? EXIT.ok : EXIT.failed;
    });
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= 65_535)) throw new InvalidArgumentError('It takes a port from 0 (any free one) to 65535.');
  return number;
}
