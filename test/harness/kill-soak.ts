import { expect } from 'vitest';
import { prepareCapture, type Capture, type DaemonProcess } from './capture.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { createLoadSchema, Load, LOAD_TABLES, Random } from './load.ts';
import { assertSealsHold, EAGER_SEALS } from './seals.ts';
import { assertStoreInvariants, compareWithOracle, installOracle } from './oracle.ts';
import { until } from './poll.ts';
import { startServer, type TestServer } from './server.ts';

const VICTIMS = ['daemon', 'source', 'store'] as const;
type Victim = (typeof VICTIMS)[number];

const CLIENTS = 3;
const LOAD_PAUSE_MS = 120;
/** However fast the kills follow each other. */
const MIN_COMMITTED = 100;
/** How often two of them die at once. */
const TWO_AT_ONCE = 0.25;
/** How often the next kill waits until something has been stored: the others hit what is still starting. */
const AFTER_PROGRESS = 0.75;
const PROGRESS_LIMIT_MS = 90_000;
const PROGRESS_ROUNDS = 10;
/** As a supervisor of services would: a daemon that finds no database at its start ends, and is started again. */
const RESPAWN_PAUSE_MS = 250;

export interface SoakReport {
  readonly seed: number;
  readonly kills: Readonly<Record<Victim, number>>;
  readonly changes: number;
  readonly transactions: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reconnects: number;
  /** The daemon ended by itself, for want of a database at its start. */
  readonly failedStarts: number;
  readonly seconds: number;
}

/**
 * Kills the daemon, the source's server and the store's with -9 under load, `rounds` times, one or two at a time
 * (the first three times each of them once), and lets them come back. Then compares what is stored with the oracle's
 * account, entry by entry. `progress` is told of the kills from time to time.
 */
export async function soakWithKills(
  rounds: number,
  seed: number,
  progress: (text: string) => void = () => {},
): Promise<SoakReport> {
  const startedAt = performance.now();
  await using source = await startServer();
  await using store = await startServer();
  await using database = await createDatabase(source.url);
  await using history = await createDatabase(store.url);
  await createLoadSchema(database);
  await installOracle(database, LOAD_TABLES);
  const capture = await prepareCapture(database, {
    tables: LOAD_TABLES.map(({ name }) => name),
    store: history,
    seal: EAGER_SEALS,
  });
  const random = new Random(seed);
  const connect = (): ReturnType<TestDatabase['connect']> => database.connect();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, connect));
  await using load = new Load(clients, seed + 1, LOAD_PAUSE_MS, connect);
  await using daemon = new KeptDaemon(capture);
  const kills = { daemon: 0, source: 0, store: 0 };
  const kill = (victim: Victim): Promise<void> => {
    kills[victim] += 1;
    if (victim === 'daemon') return daemon.kill();
    return killAndRestart(victim === 'source' ? source : store, random.next() * 500);
  };
  let stored = '';
  let round = 0;
  for (const victims of plan(rounds, random)) {
    if (random.next() < AFTER_PROGRESS) {
      await until(async () => (await storedUpTo(history)) !== stored, {
        timeoutMs: PROGRESS_LIMIT_MS,
        what: `something is stored after ${JSON.stringify(kills)}; the daemon says: ${daemon.tail()}`,
      });
    }
    await pause(random.next() * 1_000);
    await Promise.all(victims.map(kill));
    stored = await until(() => storedUpTo(history));
    round += 1;
    if (round % PROGRESS_ROUNDS === 0)
      progress(`${round} of ${rounds}: ${JSON.stringify(kills)}, stored up to ${stored}`);
  }
  await until(() => load.committed >= MIN_COMMITTED, { timeoutMs: PROGRESS_LIMIT_MS });
  await load.stop();
  await capture.caughtUp({ timeoutMs: PROGRESS_LIMIT_MS });
  await daemon.stop();
  const verdict = await judge(database, history, capture);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return { seed, kills, ...verdict, reconnects: load.reconnected, failedStarts: daemon.failedStarts, seconds };
}

function plan(rounds: number, random: Random): Victim[][] {
  const shuffled = [...VICTIMS];
  for (let i = shuffled.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return Array.from({ length: rounds }, (_, round) => {
    const first = shuffled[round] ?? random.pick(VICTIMS);
    if (round < VICTIMS.length || random.next() >= TWO_AT_ONCE) return [first];
    return [first, random.pick(VICTIMS.filter((victim) => victim !== first))];
  });
}

async function judge(
  database: TestDatabase,
  history: TestDatabase,
  capture: Capture,
): Promise<Pick<SoakReport, 'changes' | 'transactions' | 'lost' | 'doubled'>> {
  const entries = await capture.entries();
  const { rows } = await database.query('select xid, count(*)::int as changes from oracle.shadow group by xid');
  const balance = new Map<string, number>(rows.map(({ xid, changes }) => [xid, -changes]));
  for (const { xid } of entries) balance.set(xid, (balance.get(xid) ?? 0) + 1);
  const differences = [...balance.values()];
  const lost = differences.reduce((sum, difference) => sum + Math.max(-difference, 0), 0);
  const doubled = differences.reduce((sum, difference) => sum + Math.max(difference, 0), 0);
  expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 });
  const compared = await compareWithOracle(database, LOAD_TABLES, entries);
  await assertStoreInvariants(history);
  expect(await assertSealsHold(history)).toBeGreaterThan(0n);
  expect((await history.query('select reason, detail from audit.gaps')).rows).toEqual([]);
  return { ...compared, lost, doubled };
}

/** The built daemon, started again whenever it ends. */
class KeptDaemon implements AsyncDisposable {
  readonly #capture: Capture;
  readonly #kept: Promise<void>;
  #current: DaemonProcess | null = null;
  #lastWords = '';
  #stopping = false;
  failedStarts = 0;

  constructor(capture: Capture) {
    this.#capture = capture;
    this.#kept = this.#keep();
    this.#kept.catch(() => {});
  }

  /** Kills the one that runs; between two, the one that comes. */
  async kill(): Promise<void> {
    const current = await until(() => this.#current);
    current.kill('SIGKILL');
    await current.exited;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#current?.kill('SIGTERM');
    await this.#kept;
  }

  tail(): string {
    return (this.#current?.stderr() ?? this.#lastWords).slice(-2_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#current?.kill('SIGKILL');
    await this.#kept.catch(() => {});
  }

  async #keep(): Promise<void> {
    while (!this.#stopping) {
      await using daemon = await this.#capture.spawn();
      this.#current = daemon;
      const { code, signal } = await daemon.exited;
      this.#current = null;
      this.#lastWords = daemon.stderr();
      if (this.#stopping || signal === 'SIGKILL') continue;
      // Only a database that cannot be had yet is a reason to end.
      if (code !== 1 || !/RT_CONNECT/.test(this.#lastWords)) {
        throw new Error(`the daemon ended with ${code ?? signal}: ${this.#lastWords.slice(-2_000)}`);
      }
      this.failedStarts += 1;
      await pause(RESPAWN_PAUSE_MS);
    }
  }
}

async function killAndRestart(server: TestServer, pauseMs: number): Promise<void> {
  await server.postgres.kill();
  await pause(pauseMs);
  await server.postgres.restart();
}

async function storedUpTo(history: TestDatabase): Promise<string> {
  return (await history.query('select end_lsn from audit.checkpoints')).rows[0].end_lsn;
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
