import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { ADMIN_USER, readPassword } from '../../src/embedded/data-folder.ts';
import { IS_BROWSER_REQUIRED } from '../harness/environment.ts';
import { MAIN } from '../harness/program.ts';
import { foundEntry } from './found-entry.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Null: there is no browser on this machine, and the tests are skipped. */
    console: {
      /** Of the demo's console. */
      readonly url: string;
      /** Of the shop's database, as its owner. */
      readonly shopUrl: string;
      /** The same as the server's superuser, for the store in it. */
      readonly storeUrl: string;
      /** Of the running browser. */
      readonly browser: string;
    } | null;
  }
}

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const START_LIMIT_MS = 120_000;

/** One demo, as the built program runs it, and one browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) {
    if (IS_BROWSER_REQUIRED) throw new Error(`no browser: there is none of ${CHROMIUM.join(', ')}`);
    process.stderr.write(
      '\n*** The tests of the console are SKIPPED: there is no chromium (Debian: apt-get install chromium) ***\n\n',
    );
    project.provide('console', null);
    return async () => {};
  }
  const [demo, browser] = await Promise.all([
    startDemo(),
    chromium.launchServer({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
  ]);
  const { url, shopUrl, storeUrl } = demo;
  // Lists are loaded once, and show what is new only when asked to: what the demo begins with is in the history, the
  // mistake last.
  await foundEntry(url, 'comment:"removing the test orders"');
  project.provide('console', { url, shopUrl, storeUrl, browser: browser.wsEndpoint() });
  return async () => {
    await browser.close();
    await demo.stop();
  };
}

interface RunningDemo {
  readonly url: string;
  readonly shopUrl: string;
  readonly storeUrl: string;
  stop(): Promise<void>;
}

async function startDemo(): Promise<RunningDemo> {
  const folder = await mkdtemp(join(tmpdir(), `rowtrail-console-${process.pid}-`));
  // The database server may run as another user.
  await chmod(folder, 0o755);
  const child = spawn(process.execPath, [MAIN, 'demo', '--port', '0', '--data', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { url, shopUrl } = await Promise.race([
      greetingOf(child.stdout),
      ended.then(() => Promise.reject(new Error('the demo ended before it had begun'))),
      new Promise<never>((_resolve, reject) => {
        setTimeout(() => reject(new Error('the demo did not start in time')), START_LIMIT_MS).unref();
      }),
    ]);
    const storeUrl = new URL(shopUrl);
    storeUrl.username = ADMIN_USER;
    storeUrl.password = await readPassword({ cluster: join(folder, 'data', 'cluster') });
    return { url, shopUrl, storeUrl: storeUrl.toString(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function greetingOf(output: NodeJS.ReadableStream): Promise<{ url: string; shopUrl: string }> {
  let url: string | undefined;
  for await (const line of createInterface({ input: output })) {
    url ??= /PostgreSQL: (http:\S+)/.exec(line)?.[1];
    const shopUrl = /psql '([^']+)'/.exec(line)?.[1];
    if (url !== undefined && shopUrl !== undefined) {
      // What it says later is read, so that it can go on.
      output.resume();
      return { url, shopUrl };
    }
  }
  throw new Error('the demo did not say where it is');
}
