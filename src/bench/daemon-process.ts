import type { Config } from '../config/config.ts';
import { startDaemon } from '../daemon/daemon.ts';
import { createLog } from '../lib/log.ts';

// A daemon in a process of its own: takes its configuration as a message, answers with its URL, ends on SIGTERM.
process.once('message', (config) => {
  void serve(config as Config);
});

async function serve(config: Config): Promise<void> {
  const daemon = await startDaemon(config, { log: createLog(config.log.level) });
  process.once('SIGTERM', () => {
    void daemon.stop().then(() => process.disconnect());
  });
  process.send?.(daemon.url);
  await daemon.run();
}
