import { createLog } from '../lib/log.ts';
import { sealRunner } from '../daemon/seal-runner.ts';
import { SourceAttempt } from '../daemon/source-attempt.ts';
import { messageOf } from '../lib/errors.ts';
import { createPool } from '../pg/pool.ts';
import type { Config } from '../config/config.ts';
import type { CaptureCommand, CaptureFailure } from './capture-message.ts';

/**
 * Rowtrail's capture in a process of its own, so that its CPU time and memory are its own: one attempt, as
 * the daemon makes it, without retries, which would hide a failure. Commands come over IPC; when the
 * benchmark dies, so does this.
 */
const STOP_LIMIT_MS = 5_000;

let stop: (() => Promise<void>) | null = null;

process.on('message', (command: CaptureCommand) => {
  if (command.kind === 'capture') stop = capture(command.config, command.isSealing);
  else process.disconnect();
});
process.on('disconnect', () => {
  const last = stop;
  stop = null;
  void last?.();
});

function capture(config: Config, isSealing: boolean): () => Promise<void> {
  const source = config.sources[0]!;
  const storePool = createPool(config.store.url, 'daemon', { max: 4 });
  const sourcePool = createPool(source.url, 'catalog', { max: 2 });
  const attempt = new SourceAttempt({
    source,
    store: config.store,
    sourcePool,
    storePool,
    log: createLog('silent'),
    onStreaming: () => {},
  });
  const running = attempt.run().catch((error: unknown) => {
    const failure: CaptureFailure = { message: messageOf(error) };
    process.send?.(failure);
    process.exitCode = 1;
  });
  const seals = isSealing
    ? sealRunner({ store: config.store, seal: config.seal, key: null, storePool, log: createLog('silent') })
    : null;
  void seals?.run();
  return async () => {
    await seals?.stop();
    await attempt.stop(STOP_LIMIT_MS);
    await running;
    await Promise.all([sourcePool.end(), storePool.end()]);
  };
}
