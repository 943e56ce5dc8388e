import type { Command } from 'commander';
import { runChecks } from '../setup/check.ts';
import type { Check } from '../setup/checks/check.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { counted } from '../lib/counted.ts';

export function checkCommand(context: CliContext): Command {
  return databaseCommand('check', 'look at every prerequisite: what is wrong, and the exact fix')
    .option('--json', 'print JSON')
    .action(async (options: { config?: string; json?: boolean }) => {
      const checks = await runChecks(await configOf(context, options));
      const { print, paint } = context.terminal;
      const problems = count(checks, 'problem');
      print(options.json === true ? JSON.stringify({ ok: problems === 0, checks }) : checksText(checks, paint));
      context.exitCode = problems > 0 ? EXIT.foundProblems : EXIT.ok;
    });
}

/** One line a check under the store and each source, with the fix below what needs one, and a summary. */
export function checksText(checks: readonly Check[], paint: Paint): string {
  const lines: string[] = [];
  let group: string | null | undefined;
  for (const { source, status, message, fix } of checks) {
    if (source !== group) {
      lines.push(`${lines.length === 0 ? '' : '\n'}${paint.bold(source === null ? 'store' : printable(source))}`);
      group = source;
    }
    lines.push(`  ${markOf(status, paint)} ${printable(message)}`);
    // A fix may be several statements to copy: its lines stay lines.
    if (fix !== null)
      lines.push(
        ...fix.split('\n').map((line, index) => `    ${index === 0 ? paint.cyan('→') : ' '} ${printable(line)}`),
      );
  }
  return [...lines, '', summary(checks, paint)].join('\n');
}

function markOf(status: Check['status'], paint: Paint): string {
  if (status === 'ok') return paint.green('✓');
  return status === 'warning' ? paint.yellow('!') : paint.red('✗');
}

function summary(checks: readonly Check[], paint: Paint): string {
  const problems = count(checks, 'problem');
  const warnings = count(checks, 'warning');
  if (problems + warnings === 0) return paint.green(`All ${checks.length} checks passed.`);
  const parts = [
    ...(problems === 0 ? [] : [counted(problems, 'problem')]),
    ...(warnings === 0 ? [] : [counted(warnings, 'warning')]),
  ];
  return `${parts.join(', ')} in ${checks.length} checks.`;
}

function count(checks: readonly Check[], status: Check['status']): number {
  return checks.filter((check) => check.status === status).length;
}
