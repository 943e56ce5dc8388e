import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Binaries } from './binaries.ts';
import { canEnter, runCommand } from './command.ts';
import type { ServerUser } from './server-user.ts';
import { ownFolder, stableName, temporaryFolder } from './temporary-folder.ts';

/** Where everything of one embedded server lies. */
export interface DataFolder {
  readonly path: string;
  /** PGDATA. */
  readonly cluster: string;
  readonly serverLog: string;
  readonly lockFile: string;
  /** Null on Windows. */
  readonly socketDir: string | null;
}

export const ADMIN_USER = 'postgres';

const PASSWORD_FILE = 'rowtrail-password';
const SETTINGS_FILE = 'rowtrail.conf';
const OWN_NAMES = new Set(['cluster', 'cluster.new', 'cluster.broken', 'password.new', 'server.log', 'server.log.1']);
/** The shortest limit of a socket's path among the platforms (macOS 103, Linux 107 bytes). */
const SOCKET_PATH_LIMIT = 103;
const LONGEST_SOCKET_NAME = '/.s.PGSQL.65535.lock';

/**
 * Makes or finds the data folder for `user`: at `dataDir`, or, where that user cannot get there
 * (a clone in /root), in the temporary folder under a name that stays the same for `dataDir`.
 * Throws RT_EMBEDDED where the folder holds something else.
 */
export async function openDataFolder(dataDir: string, user: ServerUser | null, log: Log): Promise<DataFolder> {
  const path = await place(resolve(dataDir), user, log);
  await ownFolder(path, user).catch((error: unknown) => {
    if (error instanceof RowtrailError) throw error;
    throw new RowtrailError('RT_EMBEDDED', `cannot use the data folder ${path}: ${messageOf(error)}`, {
      hint: 'Name another data folder, or remove this one if an earlier run as another user made it.',
      cause: error,
    });
  });
  const socketDir = process.platform === 'win32' ? null : await openSocketFolder(path, user);
  return {
    path,
    cluster: join(path, 'cluster'),
    serverLog: join(path, 'server.log'),
    lockFile: join(path, 'lock'),
    socketDir,
  };
}

/**
 * Sees to it that the folder holds an initialised cluster of the programs' version; `initdb` runs
 * beside it and is renamed into place, so that an interrupted one is never taken for whole.
 * Throws RT_EMBEDDED.
 */
export async function initialise(
  folder: DataFolder,
  binaries: Binaries,
  user: ServerUser | null,
  log: Log,
): Promise<void> {
  const found = await readFile(join(folder.cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  const hasPassword = (await readdir(folder.cluster).catch((): string[] => [])).includes(PASSWORD_FILE);
  if (found !== null && hasPassword) {
    if (Number.parseInt(found, 10) === binaries.major) return;
    throw new RowtrailError(
      'RT_EMBEDDED',
      `${folder.path} was made by PostgreSQL ${found.trim()}, and the programs here are PostgreSQL ${binaries.version}`,
      {
        hint: `Remove the folder to start afresh, name another one, or install the package version for ${found.trim()}.`,
      },
    );
  }
  await setAside(folder.cluster, log);
  await runInitdb(folder, binaries, user);
}

/** The superuser's password of an initialised cluster. */
export async function readPassword(folder: Pick<DataFolder, 'cluster'>): Promise<string> {
  return (await readFile(join(folder.cluster, PASSWORD_FILE), 'utf8')).trim();
}

/**
 * Writes the settings of this start. They are a file and not arguments of the server, so that
 * `alter system` still has the last word. Throws RT_EMBEDDED on a name that is none.
 */
export async function writeSettings(folder: DataFolder, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries({ timezone: 'UTC', log_timezone: 'UTC', ...settings }).map(([name, value]) => {
    if (!/^[a-z_][a-z0-9_.]*$/i.test(name)) {
      throw new RowtrailError('RT_EMBEDDED', `not a name of a PostgreSQL setting: ${name}`);
    }
    return `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`;
  });
  await writeFile(join(folder.cluster, SETTINGS_FILE), lines.join(''));
}

async function place(dataDir: string, user: ServerUser | null, log: Log): Promise<string> {
  const parent = dirname(dataDir);
  await mkdir(parent, { recursive: true }).catch((error: unknown) => {
    throw new RowtrailError('RT_EMBEDDED', `cannot make the data folder ${dataDir}: ${messageOf(error)}`, {
      hint: 'Name a folder that you may write to.',
      cause: error,
    });
  });
  const wanted = join(await realpath(parent), basename(dataDir));
  if (await canEnter(parent, user)) {
    await refuseOthersFiles(wanted);
    return wanted;
  }
  const moved = join(await temporaryFolder(user), stableName(wanted));
  log.warn(
    { wanted, used: moved },
    `the user ${user?.name ?? ''}, who runs PostgreSQL here, cannot get to the data folder: using a temporary one`,
  );
  return moved;
}

/** The folder changes its owner and loses its other readers: never somebody's project by mistake. */
async function refuseOthersFiles(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new RowtrailError('RT_EMBEDDED', `cannot read the data folder ${path}: ${messageOf(error)}`, {
      hint: 'Name another data folder, or remove this one if an earlier run as another user made it.',
      cause: error,
    });
  });
  if (names.length > 0 && !names.some((name) => OWN_NAMES.has(name))) {
    throw new RowtrailError('RT_EMBEDDED', `${path} is not empty, and what is in it is not an embedded server's`, {
      hint: 'Name a data folder that is empty or does not exist yet.',
    });
  }
}

async function openSocketFolder(path: string, user: ServerUser | null): Promise<string> {
  const inside = join(path, 'socket');
  const fits = Buffer.byteLength(inside + LONGEST_SOCKET_NAME) <= SOCKET_PATH_LIMIT;
  const socketDir = fits ? inside : join(await temporaryFolder(user), `${stableName(path)}-socket`);
  await ownFolder(socketDir, user);
  return socketDir;
}

async function setAside(cluster: string, log: Log): Promise<void> {
  const broken = `${cluster}.broken`;
  const names = await readdir(cluster).catch(() => null);
  if (names === null) return;
  await rm(broken, { recursive: true, force: true });
  await rename(cluster, broken);
  log.warn(
    { from: cluster, to: broken },
    'the data folder is not one that initdb finished: set aside, starting afresh',
  );
}

async function runInitdb(folder: DataFolder, binaries: Binaries, user: ServerUser | null): Promise<void> {
  const fresh = `${folder.cluster}.new`;
  const passwordFile = join(folder.path, 'password.new');
  await rm(fresh, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await writeOwn(passwordFile, `${randomBytes(24).toString('base64url')}\n`, user);
  // Sorting and case mapping that are the same on every machine, from the server itself where it has them.
  const locale =
    binaries.major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C'];
  const authentication = ['--auth-local=scram-sha-256', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`];
  const result = await runCommand(
    binaries.initdb,
    ['-D', fresh, '-U', ADMIN_USER, '--encoding=UTF8', ...locale, ...authentication],
    user,
  );
  if (result.code !== 0) {
    throw new RowtrailError('RT_EMBEDDED', `initdb failed in ${folder.path}: ${lastLines(result.output, 6)}`, {
      hint: 'Free disk space, or name another data folder.',
    });
  }
  const configuration = join(fresh, 'postgresql.conf');
  await writeFile(configuration, `\ninclude_if_exists = '${SETTINGS_FILE}'\n`, { flag: 'a' });
  await writeOwn(join(fresh, SETTINGS_FILE), '', user);
  await rename(passwordFile, join(fresh, PASSWORD_FILE));
  await rename(fresh, folder.cluster);
}

/** The end of a program's output, for an error message. */
export function lastLines(text: string, count: number): string {
  return text.trim().split('\n').slice(-count).join('\n');
}

async function writeOwn(path: string, text: string, user: ServerUser | null): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  if (user !== null) await chown(path, user.uid, user.gid);
}
