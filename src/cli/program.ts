import { Command, CommanderError } from 'commander';
import { debugRequested } from '../config/environment.ts';
import { RowtrailError } from '../lib/errors.ts';
import { VERSION } from '../lib/version.ts';
import { checkCommand } from './check.ts';
import type { CliContext } from './context.ts';
import { demoCommand } from './demo.ts';
import { exportCommand } from './export.ts';
import { EXIT, exitCodeOf, renderFailure } from './failure.ts';
import { logCommand } from './log.ts';
import { reportCommand } from './report.ts';
import { revertCommand } from './revert.ts';
import { runCommand } from './run.ts';
import { sealCommand } from './seal.ts';
import { setupCommand } from './setup.ts';
import { showCommand } from './show.ts';
import { statusCommand } from './status.ts';
import { tailCommand } from './tail.ts';
import { teardownCommand } from './teardown.ts';
import { tokenCommand } from './token.ts';
import { verifyCommand } from './verify.ts';
import type { Terminal } from './terminal.ts';
import type { Environment } from '../config/yaml-file.ts';

const EXIT_CODES = `
Exit codes: 0 ok, 1 failed, 2 wrong usage or configuration, 3 \`check\` or \`verify\` found problems.
Without --config it reads rowtrail.yaml, and without that the environment: ROWTRAIL_SOURCE_URL and so on.`;

/** Runs one command line (without `node` and the script) and gives the exit code. Never rejects. */
export async function runCli(args: readonly string[], terminal: Terminal, environment: Environment): Promise<number> {
  const context: CliContext = { terminal, environment, exitCode: EXIT.ok };
  try {
    await createProgram(context).parseAsync([...args], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return fail(error, args, context);
  }
}

function createProgram(context: CliContext): Command {
  const { print, note } = context.terminal;
  const program = new Command('rowtrail')
    .description('The activity log of a PostgreSQL database: every row change, with who, from where and why.')
    .version(VERSION)
    .option('--debug', 'show stack traces of errors (or ROWTRAIL_DEBUG=1)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXIT_CODES);
  for (const create of [
    demoCommand,
    setupCommand,
    checkCommand,
    runCommand,
    statusCommand,
    logCommand,
    showCommand,
    tailCommand,
    exportCommand,
    reportCommand,
    revertCommand,
    verifyCommand,
    sealCommand,
    teardownCommand,
    tokenCommand,
  ]) {
    program.addCommand(create(context));
  }
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of commands) command.copyInheritedSettings(program);
  for (const command of [program, ...commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => note(text.trimEnd()),
      // Usage errors are printed by `fail`, as all others are.
      outputError: () => {},
    });
  }
  return program;
}

function fail(error: unknown, args: readonly string[], { terminal, environment }: CliContext): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  // `rowtrail` alone: commander has printed the help.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
  const known = error instanceof CommanderError ? usageError(error) : error;
  terminal.note(
    renderFailure(known, {
      json: args.includes('--json'),
      debug: args.includes('--debug') || debugRequested(environment),
      paint: terminal.notePaint,
    }),
  );
  return exitCodeOf(known);
}

/** `error: unknown command 'rum'\n(Did you mean run?)` → one of ours. */
function usageError(error: CommanderError): RowtrailError {
  const [message = '', suggestion] = error.message.split('\n');
  return new RowtrailError('RT_USAGE', message.replace(/^error: /, ''), {
    hint:
      suggestion?.replace(/^\((.*)\)$/, '$1') ??
      '`rowtrail --help` and `rowtrail <command> --help` list what there is.',
  });
}
