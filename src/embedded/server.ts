import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pause } from '../lib/backoff.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { findBinaries, type Binaries } from './binaries.ts';
import { SERVER_ENVIRONMENT } from './command.ts';
import {
  ADMIN_USER,
  initialise,
  lastLines,
  openDataFolder,
  readPassword,
  writeSettings,
  type DataFolder,
} from './data-folder.ts';
import { freePort, HOST } from './free-port.ts';
import { acquireLock, type Lock } from './lock.ts';
import { killTree, readPidFile, shutDown, signal, stopLeftover, type StopMode } from './postmaster.ts';
import { prepareLog, readTail } from './server-log.ts';
import { findServerUser, type ServerUser } from './server-user.ts';

export interface EmbeddedOptions {
  /** Made if it does not exist; kept by `stop`. */
  readonly dataDir: string;
  /** On 127.0.0.1. 0 (the default) takes a free one and keeps it over `restart`. */
  readonly port?: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: Log;
  /** A folder with `bin/` of another PostgreSQL version. */
  readonly binaries?: string;
}

/** Crash recovery included. */
const START_LIMIT_MS = 120_000;
/** The last backends of a killed postmaster hold its shared memory until they notice. */
const ORPHANS_LIMIT_MS = 15_000;
const POLL_MS = 20;

/**
 * Starts a real PostgreSQL server on loopback, initialised at the first start. It is not bound
 * to this process: without `stop` it lives on, and the next start on the folder ends it.
 * Throws RT_EMBEDDED; nothing is left running then.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const user = await findServerUser(options.dataDir, log);
  const binaries = await findBinaries(user, options.binaries, log);
  const folder = await openDataFolder(options.dataDir, user, log);
  const lock = await acquireLock(folder.lockFile);
  try {
    await stopLeftover(folder.cluster, log);
    await initialise(folder, binaries, user, log);
    const password = await readPassword(folder);
    const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
    const server = new EmbeddedPostgres({ folder, binaries, user, port, password, log }, options.settings ?? {});
    await server.launch(lock);
    return server;
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Parts {
  readonly folder: DataFolder;
  readonly binaries: Binaries;
  readonly user: ServerUser | null;
  readonly port: number;
  readonly password: string;
  readonly log: Log;
}

/** A running server. Made by `startEmbeddedPostgres`. */
export class EmbeddedPostgres {
  readonly adminUser = ADMIN_USER;
  /** A superuser's URL of the database `postgres`, over TCP. */
  readonly url: string;
  /** Where the data really is: not always where it was asked for. */
  readonly dataDir: string;
  readonly port: number;
  /** Null where there are no unix sockets. */
  readonly socketDir: string | null;
  /** `18.4` */
  readonly version: string;
  readonly #parts: Parts;
  #settings: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #exit: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  constructor(parts: Parts, settings: Readonly<Record<string, string>>) {
    this.#parts = parts;
    this.#settings = settings;
    this.port = parts.port;
    this.dataDir = parts.folder.path;
    this.socketDir = parts.folder.socketDir;
    this.version = parts.binaries.version;
    this.url = `postgres://${ADMIN_USER}:${parts.password}@${HOST}:${parts.port}/postgres`;
  }

  /** The postmaster's process id; null while none runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when the server that runs now ends, for whatever reason; at once when none does. */
  async ended(): Promise<void> {
    await this.#exit;
  }

  /**
   * Stops the server and keeps its data. `fast` (the default) ends sessions and writes everything
   * out, and becomes `immediate` after 15 s; a second call with `immediate` hurries a first one. Safe to call twice.
   */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    const child = this.#child;
    if (child?.pid !== undefined) {
      if (this.#stopping === null) {
        this.#stopping = shutDown(child.pid, mode, (limitMs) => this.#endsWithin(limitMs));
      } else if (mode === 'immediate') {
        signal(child.pid, 'SIGQUIT');
      }
      await this.#stopping;
    }
    await this.#removeOuterSocketFolder();
  }

  /** kill -9 of every process of the server, as when the machine dies. `restart` recovers. */
  async kill(): Promise<void> {
    if (this.pid === null) return;
    await killTree(this.pid);
    await this.#exit;
  }

  /** Stops the server if it runs and starts it again, on the same port, with other settings if any are given. */
  async restart(options: { mode?: StopMode; settings?: Readonly<Record<string, string>> } = {}): Promise<void> {
    await this.stop(options.mode);
    this.#settings = options.settings ?? this.#settings;
    const { folder, user, log } = this.#parts;
    await openDataFolder(folder.path, user, log);
    const lock = await acquireLock(folder.lockFile);
    try {
      await this.launch(lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Starts the server's process and waits until it takes connections. The lock goes with the process. */
  async launch(lock: Lock): Promise<void> {
    const { folder, port } = this.#parts;
    await writeSettings(folder, this.#settings);
    const giveUpAt = performance.now() + ORPHANS_LIMIT_MS;
    for (let held = lock; ; held = await acquireLock(folder.lockFile)) {
      const logStart = await this.#spawn(held);
      const ready = await this.#becomesReady();
      if (ready) return;
      const tail = await readTail(folder.serverLog, logStart);
      if (/pre-existing shared memory block/.test(tail) && performance.now() < giveUpAt) {
        await pause(POLL_MS * 10);
        continue;
      }
      throw startError(tail, port, folder);
    }
  }

  async #spawn(lock: Lock): Promise<number> {
    const { folder, binaries, user, port, log } = this.#parts;
    const logStart = await prepareLog(folder.serverLog);
    // A file, not a pipe: the server must not die of our end.
    const output = await open(folder.serverLog, 'a', 0o600);
    const child = spawn(
      binaries.postgres,
      ['-D', folder.cluster, '-h', HOST, '-p', String(port), '-k', folder.socketDir ?? ''],
      {
        cwd: dirname(folder.cluster),
        env: SERVER_ENVIRONMENT,
        stdio: ['ignore', output.fd, output.fd],
        // A group of its own: Ctrl-C on the terminal reaches us, and we stop the server when its clients are done.
        detached: true,
        windowsHide: true,
        ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
      },
    );
    const spawned = once(child, 'spawn');
    this.#child = child;
    this.#stopping = null;
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code, by) => {
        lock.release();
        if (this.#child === child) this.#child = null;
        log.debug({ code, signal: by }, 'the embedded PostgreSQL ended');
        resolve(undefined);
      });
    });
    try {
      await spawned;
    } catch (error) {
      this.#child = null;
      this.#exit = Promise.resolve();
      throw new RowtrailError('RT_EMBEDDED', `cannot start ${binaries.postgres}: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      await output.close();
    }
    return logStart;
  }

  /** False: it ended instead. Throws when it does neither in time. */
  async #becomesReady(): Promise<boolean> {
    const { folder } = this.#parts;
    const deadline = performance.now() + START_LIMIT_MS;
    while (this.#child !== null) {
      const file = await readPidFile(folder.cluster);
      if (file?.pid === this.#child?.pid && file?.status === 'ready') return true;
      if (performance.now() > deadline) {
        await this.stop('immediate');
        throw new RowtrailError('RT_EMBEDDED', `PostgreSQL was not ready within ${START_LIMIT_MS / 1000} s`, {
          hint: `It may need longer to recover. What it says is in ${folder.serverLog}; then start again.`,
        });
      }
      await Promise.race([this.#exit, pause(POLL_MS)]);
    }
    return false;
  }

  async #endsWithin(limitMs: number): Promise<boolean> {
    const waiting = new AbortController();
    const ended = this.#exit.then(() => true);
    const result = await Promise.race([ended, pause(limitMs, waiting.signal).then(() => false)]);
    waiting.abort();
    return result;
  }

  async #removeOuterSocketFolder(): Promise<void> {
    if (this.socketDir !== null && !this.socketDir.startsWith(this.dataDir)) {
      await rm(this.socketDir, { recursive: true, force: true });
    }
  }
}

function startError(tail: string, port: number, folder: DataFolder): RowtrailError {
  if (/could not bind .*Address already in use/i.test(tail)) {
    return new RowtrailError('RT_EMBEDDED', `port ${port} on ${HOST} is in use, so PostgreSQL cannot listen there`, {
      hint: 'Stop what listens there, or choose another port for the database.',
    });
  }
  return new RowtrailError('RT_EMBEDDED', `PostgreSQL did not start: ${lastLines(tail, 8)}`, {
    hint: `All it said is in ${folder.serverLog}.`,
  });
}
