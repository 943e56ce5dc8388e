#!/usr/bin/env node
import { runCli } from './cli/program.ts';
import { renderFailure } from './cli/failure.ts';
import { createTerminal } from './cli/terminal.ts';
import { debugRequested, processEnvironment } from './config/environment.ts';

const environment = processEnvironment();
const terminal = createTerminal(process, environment);
const args = process.argv.slice(2);

function crash(error: unknown): void {
  const options = {
    json: args.includes('--json'),
    debug: args.includes('--debug') || debugRequested(environment),
    paint: terminal.notePaint,
  };
  terminal.note(renderFailure(error, options));
  process.exit(1);
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

const exitCode = await runCli(args, terminal, environment);
await terminal.flush();
process.exit(exitCode);
