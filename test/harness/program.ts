import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/config.ts';

/** Built by `npm test` before it runs any. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const COMMAND_LIMIT_MS = 120_000;

export interface ProgramResult {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A configuration file of its own for the built program. */
export interface Program extends AsyncDisposable {
  /** Runs `rowtrail ARGS --config FILE` to its end. */
  run(...args: string[]): Promise<ProgramResult>;
  /** Starts it, behind `command` if there is one; standard error is a pipe. Whoever calls ends it. */
  spawn(args: readonly string[], command?: readonly string[]): ChildProcess;
}

export async function programFor(config: Config): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-program-'));
  const file = join(folder, 'rowtrail.yaml');
  await writeFile(file, yamlOf(config));
  const commandLine = (args: readonly string[]): string[] => [MAIN, ...args, '--config', file];
  return {
    run: (...args) =>
      new Promise((resolve) => {
        execFile(process.execPath, commandLine(args), { timeout: COMMAND_LIMIT_MS }, (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
          resolve({ code, stdout, stderr });
        });
      }),
    spawn: (args, command = []) => {
      const [program, ...rest] = [...command, process.execPath, ...commandLine(args)];
      return spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** JSON is YAML. */
function yamlOf(config: Config): string {
  return JSON.stringify({
    store: { url: config.store.url, schema: config.store.schema },
    sources: config.sources.map((source) => ({
      name: source.name,
      url: source.url,
      ...(source.adminUrl === null ? {} : { admin: { url: source.adminUrl } }),
      capture: source.capture,
      outbox: source.outbox,
      tables: source.tables,
      tableOptions: Object.fromEntries(
        Object.entries(source.tableOptions).map(([name, { identity, ...lists }]) => [
          name,
          identity === null ? lists : { ...lists, identity },
        ]),
      ),
      ...(source.hashKey === null ? {} : { hashKey: source.hashKey }),
      baseline: source.baseline,
      ...(source.revert === null ? {} : { revert: source.revert }),
      slot: source.slot,
      publication: source.publication,
      allowUnboundedWal: true,
    })),
    http: { host: config.http.host, port: config.http.port, auth: config.http.auth },
    log: config.log,
  });
}
