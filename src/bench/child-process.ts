import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Config } from '../config/config.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';

/** Starts a program of `dist/bench`; it leaves `children` when it ends. */
export function startChild(program: URL, children: Set<ChildProcess>, execArgv: readonly string[] = []): ChildProcess {
  const child = fork(program, { execArgv: [...execArgv], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Gives the child its task and waits for its first answer. */
export function firstMessage<Answer>(child: ChildProcess, task: object, what: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Answer));
    child.once('exit', (code) => reject(new RowtrailError('RT_INTERNAL', `${what} ended with code ${code}`)));
    child.send(task, (error) => {
      if (error !== null) reject(new RowtrailError('RT_INTERNAL', messageOf(error)));
    });
  });
}

/** The daemon as its own process: `dist/bench/daemon-process.js`, which tells where it serves. */
export async function startDaemonProcess(
  config: Config,
  children: Set<ChildProcess>,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const child = startChild(new URL('./daemon-process.js', import.meta.url), children);
  const url = await firstMessage<string>(child, config, 'the daemon');
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
