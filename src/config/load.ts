import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';
import type { Config } from './config.ts';
import { configFromEnvironment, processEnvironment, variableOf } from './environment.ts';
import { ConfigError, explainIssue, formatPath, type ConfigProblem } from './problem.ts';
import { resolveConfig } from './resolve.ts';
import { CONFIG_SCHEMA, type ConfigFile } from './schema.ts';
import { parseYaml, type Environment } from './yaml-file.ts';

export const DEFAULT_CONFIG_FILE = 'rowtrail.yaml';

export interface LoadOptions {
  /** The file the user named. Default: rowtrail.yaml in `folder` if it is there, else the environment alone. */
  readonly file?: string | undefined;
  readonly folder?: string;
  readonly environment?: Environment;
}

/** Reads the configuration. Throws RT_CONFIG with every problem in it. */
export async function loadConfig(options: LoadOptions = {}): Promise<Config> {
  const environment = options.environment ?? processEnvironment();
  const name = options.file ?? DEFAULT_CONFIG_FILE;
  const text = await readIfThere(resolve(options.folder ?? '.', name), name);
  if (text !== undefined) return parseConfig(text, name, environment);
  if (options.file !== undefined) {
    throw new RowtrailError('RT_CONFIG', `the configuration file ${name} does not exist`, {
      hint: 'Check the path after --config. config/rowtrail.example.yaml is a file to start from.',
    });
  }
  return environmentConfig(environment);
}

/** The configuration in the text of a file called `name`. Throws RT_CONFIG with every problem in it. */
export function parseConfig(text: string, name: string, environment: Environment): Config {
  const file = parseYaml(text, environment);
  if (file.malformed) throw new ConfigError(name, file.problems);
  if (file.value === null || file.value === undefined) {
    throw new ConfigError(name, [{ path: '', line: null, message: 'the file is empty; takes at least sources' }]);
  }
  const unset = new Set(file.problems.map((problem) => problem.path));
  const { config, problems } = validate(file.value);
  const all = [...file.problems];
  for (const { path, message } of problems) {
    const formatted = formatPath(path);
    // What a variable that is not set left behind is no problem of its own.
    if (!unset.has(formatted)) all.push({ path: formatted, line: file.lineOf(path), message });
  }
  if (all.length > 0 || config === undefined) throw new ConfigError(name, all.toSorted(byLine));
  return resolveConfig(config);
}

function environmentConfig(environment: Environment): Config {
  if ((environment['ROWTRAIL_SOURCE_URL'] ?? '') === '') {
    throw new RowtrailError(
      'RT_CONFIG',
      `there is no configuration: no ${DEFAULT_CONFIG_FILE} in this folder, and ROWTRAIL_SOURCE_URL is not set`,
      {
        hint:
          'Set ROWTRAIL_SOURCE_URL=postgres://role:password@host:5432/database, or name a file with --config. ' +
          '`rowtrail demo` needs neither.',
      },
    );
  }
  const { config, problems } = validate(configFromEnvironment(environment));
  if (config !== undefined) return resolveConfig(config);
  throw new ConfigError(
    'the environment',
    problems.map(({ path, message }) => ({ path: variableOf(path) ?? formatPath(path), line: null, message })),
    kubernetesHint(environment),
  );
}

/** Kubernetes gives the pods of a Service called `rowtrail` a ROWTRAIL_PORT of its own. */
function kubernetesHint(environment: Environment): string {
  return (environment['ROWTRAIL_PORT'] ?? '').startsWith('tcp://')
    ? 'Kubernetes set ROWTRAIL_PORT for a Service called rowtrail: set enableServiceLinks: false for the pod.'
    : 'README.md lists the environment variables and what they take.';
}

function validate(value: unknown): {
  config: ConfigFile | undefined;
  problems: readonly ReturnType<typeof explainIssue>[number][];
} {
  const result = CONFIG_SCHEMA.safeParse(value);
  if (result.success) return { config: result.data, problems: [] };
  return { config: undefined, problems: result.error.issues.flatMap((issue) => explainIssue(issue, value)) };
}

function byLine(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? 0) - (b.line ?? 0);
}

async function readIfThere(path: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new RowtrailError('RT_CONFIG', `the configuration file ${name} cannot be read: ${messageOf(error)}`, {
      hint: 'Check that it is a file and that this user may read it.',
      cause: error,
    });
  }
}
