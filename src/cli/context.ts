import { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Environment } from '../config/yaml-file.ts';
import type { Terminal } from './terminal.ts';

/** What every command works with. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** What the process will exit with. */
  exitCode: number;
}

/** A command that works on the databases of a configuration. */
export function databaseCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file (default: rowtrail.yaml, else the environment)')
    .allowExcessArguments(false);
}

export function configOf(context: CliContext, options: { readonly config?: string }): Promise<Config> {
  return loadConfig({ file: options.config, environment: context.environment });
}
