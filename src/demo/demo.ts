import { createServer } from 'node:net';
import { relative } from 'node:path';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { CONFIG_SCHEMA } from '../config/schema.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../embedded/server.ts';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Service } from '../lib/service.ts';
import { openShop, type ShopDatabase } from './database.ts';
import { seededRandom } from './random.ts';
import { openingSteps } from './script.ts';
import { createWorkload } from './workload.ts';

export const DEMO_PORT = 7400;
export const DEMO_DATA_DIR = '.rowtrail/demo';

/** The daemon of the demo, running: capture and HTTP. */
export interface DemoDaemon {
  /** Where it serves: `http://127.0.0.1:7400`. */
  readonly url: string;
  /** Resolves when it has been stopped, rejects when it failed for good. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface DemoOptions {
  /** Of the HTTP server, on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Kept from one run to the next. */
  readonly dataDir: string;
  readonly log: Log;
  /** For people, one line at a time. */
  readonly print: (line: string) => void;
  /** `rowtrail setup`: source objects, publication, slot and store. */
  readonly setup: (config: Config) => Promise<unknown>;
  readonly startDaemon: (config: Config) => Promise<DemoDaemon>;
}

export interface Demo extends Service {
  /** Starts everything. If a step fails, all that was started before is stopped, and the step's error thrown. */
  start(): Promise<void>;
  /** For the impatient: ends the database server at once, whatever `start` or `stop` are waiting for. */
  forceStop(): Promise<void>;
}

const HOST = '127.0.0.1';
const DATABASE = 'shop';
const SEED = 7400;
const SERVER_SETTINGS = { wal_level: 'logical', max_slot_wal_keep_size: '1GB' };

/** A shop on an embedded PostgreSQL, with people and programs changing its data, and Rowtrail watching. */
export function createDemo(options: DemoOptions): Demo {
  return new EmbeddedDemo(options);
}

class EmbeddedDemo implements Demo {
  readonly name = 'demo';
  readonly #options: DemoOptions;
  /** What was started and is to be stopped. */
  readonly #parts: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  readonly #endings: Promise<void>[] = [];
  #postgres: Promise<EmbeddedPostgres> | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#starting ??= this.#startAll().catch(async (error: unknown) => {
      this.#stopping ??= this.#stopAll();
      await this.#stopping.catch((failure: unknown) =>
        this.#options.log.error({ error: messageOf(failure) }, 'the demo failed to start, and then to stop'),
      );
      throw error;
    });
    return this.#starting;
  }

  async run(): Promise<void> {
    await this.start();
    await Promise.race(this.#endings);
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#starting?.catch(() => {});
      await this.#stopAll();
    })();
    return this.#stopping;
  }

  async forceStop(): Promise<void> {
    const server = await this.#postgres?.catch(() => undefined);
    await server?.stop('immediate');
  }

  async #startAll(): Promise<void> {
    const { port, dataDir, log, print } = this.#options;
    await assertPortFree(port);
    this.#postgres = startEmbeddedPostgres({ dataDir, settings: SERVER_SETTINGS, log });
    const server = await this.#postgres;
    this.#started('database server', () => server.stop(), this.#unlessStopping(server.ended(), 'database server'));
    const shop = await openShop(server.url, DATABASE, seededRandom(SEED));
    const config = demoConfig({ url: shop.adminUrl, revertUrl: shop.urls.shop_revert, port, logLevel: log.level });
    await this.#options.setup(config);
    const daemon = await this.#options.startDaemon(config);
    this.#started('daemon', () => daemon.stop(), this.#unlessStopping(daemon.ended, 'daemon'));
    const random = seededRandom(SEED + shop.events);
    const opening = shop.created ? openingSteps(random) : [];
    const workload = createWorkload({ urls: shop.urls, random, opening, log });
    this.#started(workload.name, () => workload.stop(), workload.run());
    greet(print, daemon.url, shop, server.dataDir);
  }

  #started(name: string, stop: () => Promise<void>, ending: Promise<void>): void {
    // One that fails before anybody calls `run` is reported by `run` all the same.
    ending.catch(() => {});
    this.#parts.push({ name, stop });
    this.#endings.push(ending);
  }

  async #unlessStopping(ending: Promise<void>, what: string): Promise<void> {
    await ending;
    if (this.#stopping !== undefined) return;
    throw new RowtrailError('RT_EMBEDDED', `the ${what} of the demo ended by itself`, {
      hint: `What the database server said last is in server.log in ${this.#options.dataDir}. Start the demo again: its data is kept.`,
    });
  }

  /** Last started, first stopped; a part that fails to stop does not keep the others running. */
  async #stopAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const { name, stop } of this.#parts.splice(0).toReversed()) {
      this.#options.log.debug({ part: name }, 'stopping');
      await stop().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, `the demo did not stop cleanly: ${errors.map(messageOf).join('; ')}`);
    }
  }
}

export interface DemoSettings {
  /** The superuser's. */
  readonly url: string;
  readonly revertUrl: string;
  readonly port: number;
  readonly logLevel: string;
}

/** The configuration of the demo: one source, its history beside it, no tokens on loopback. */
export function demoConfig({ url, revertUrl, port, logLevel }: DemoSettings): Config {
  return resolveConfig(
    CONFIG_SCHEMA.parse({
      sources: [{ name: 'shop', url, tables: ['public.*'], revert: { url: revertUrl } }],
      seal: { interval: '10s' },
      http: { host: HOST, port, auth: { mode: 'none' } },
      log: { level: logLevel },
    }),
  );
}

/** Asked before anything is made, and not answered by another port: whoever has a bookmark would look at a stranger. */
function assertPortFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const taken = codeOf(error) === 'EADDRINUSE';
      reject(
        new RowtrailError(
          'RT_LISTEN',
          taken ? `port ${port} is in use` : `cannot listen on port ${port}: ${error.message}`,
          {
            hint: `Choose another one with --port, for example --port ${port < 65_535 ? port + 1 : DEMO_PORT}.`,
            cause: error,
          },
        ),
      );
    });
    probe.listen(port, HOST, () => probe.close(() => resolve()));
  });
}

function greet(print: (line: string) => void, url: string, shop: ShopDatabase, dataDir: string): void {
  const lines = [
    '',
    `Rowtrail watches a small shop on PostgreSQL: ${url}`,
    '',
    'Somebody at the shop has just deleted orders that were real. Who was it, and from where? Take it back: the',
    'Timeline has a button Delete.',
    '',
    `  API and its documentation  ${url}/docs`,
    `  The latest five entries    curl '${url}/api/v1/activity?limit=5'`,
    '',
    'Change a row by hand and look again:',
    `  psql '${shop.urls.shop_dba}' -c "update products set price = price + 1 where id = 1"`,
    '',
    `Ctrl-C stops everything. The data stays in ${shortest(dataDir)} for the next time.`,
    '',
  ];
  for (const line of lines) print(line);
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
