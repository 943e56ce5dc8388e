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
  const { log, print } = options;
  const stops: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  const endings: Promise<void>[] = [];
  let postgres: Promise<EmbeddedPostgres> | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    await assertPortFree(options.port);
    postgres = startEmbeddedPostgres({ dataDir: options.dataDir, settings: SERVER_SETTINGS, log });
    const server = await postgres;
    stops.push({ name: 'database server', stop: () => server.stop() });
    watch(server.ended().then(() => failUnlessStopping('the database server')));
    const shop = await openShop(server.url, DATABASE, seededRandom(SEED));
    const config = demoConfig(shop.adminUrl, options.port, log.level);
    await options.setup(config);
    const daemon = await options.startDaemon(config);
    stops.push({ name: 'daemon', stop: () => daemon.stop() });
    watch(daemon.ended.then(() => failUnlessStopping('the daemon')));
    const random = seededRandom(SEED + shop.events);
    const opening = shop.created ? openingSteps(random) : [];
    const workload = createWorkload({ urls: shop.urls, random, opening, log });
    stops.push({ name: workload.name, stop: () => workload.stop() });
    watch(workload.run());
    greet(print, daemon.url, shop, server.dataDir);
  };

  /** What ends before anybody calls `run` is reported by it all the same. */
  const watch = (ending: Promise<void>): void => {
    ending.catch(() => {});
    endings.push(ending);
  };

  const failUnlessStopping = (what: string): void => {
    if (stopping === undefined) {
      throw new RowtrailError('RT_EMBEDDED', `${what} of the demo ended by itself`, {
        hint: 'What it said last is in server.log in the data folder. Start the demo again: nothing is lost.',
      });
    }
  };

  /** Last started, first stopped; a part that fails to stop does not keep the others running. */
  const unwind = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const { name, stop } of stops.splice(0).toReversed()) {
      log.debug({ part: name }, 'stopping');
      await stop().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0)
      throw new AggregateError(errors, `the demo did not stop cleanly: ${errors.map(messageOf).join('; ')}`);
  };

  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      await starting?.catch(() => {});
      await unwind();
    })());

  const startOnce = (): Promise<void> =>
    (starting ??= start().catch(async (error: unknown) => {
      stopping ??= unwind();
      await unwindingReported();
      throw error;
    }));

  const unwindingReported = async (): Promise<void> => {
    try {
      await stopping;
    } catch (error) {
      log.error({ error: messageOf(error) }, 'the demo failed to start, and then to stop');
    }
  };

  return {
    name: 'demo',
    start: startOnce,
    async run() {
      await startOnce();
      await Promise.race(endings);
    },
    stop,
    async forceStop() {
      const server = await postgres?.catch(() => undefined);
      await server?.stop('immediate');
    },
  };
}

/** The configuration of the demo: one source, its history beside it, no tokens on loopback. */
export function demoConfig(url: string, port: number, logLevel: string): Config {
  return resolveConfig(
    CONFIG_SCHEMA.parse({
      sources: [{ name: 'shop', url, tables: ['public.*'] }],
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
