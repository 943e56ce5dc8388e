import type { RuleFault } from '../../capture/column-rules.ts';
import type { SourceConfig } from '../../config/config.ts';
import { tableLabel, type TablePlan } from '../tables.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/** The column rules of `tableOptions` against the tables. Pure. */
export function ruleChecks(
  faults: readonly RuleFault[],
  plan: TablePlan,
  { tableOptions }: Pick<SourceConfig, 'tableOptions'>,
): Finding[] {
  const ruled = Object.entries(tableOptions).filter(
    ([, { exclude, hash, redact }]) => exclude.length + hash.length + redact.length > 0,
  );
  if (ruled.length === 0) return [];
  // Before setup nothing is tracked, and the rules are about nothing yet.
  const published = plan.tracked.some(({ root }) => root.published);
  const found = published ? faults.map(({ message, fix }) => problem('column-rules', message, fix)) : [];
  const blind = plan.tracked
    .filter(({ root, identity }) => identity === 'existing' && (tableOptions[tableLabel(root)]?.redact.length ?? 0) > 0)
    .map(({ root }) =>
      warning(
        'column-rules',
        `${tableLabel(root)} has redacted columns and keeps its own identity: whether such a column changed is not known`,
        'Set `identity: full` for it in tableOptions, or hash those columns instead.',
      ),
    );
  return [...(found.length > 0 ? found : [ok('column-rules', 'every masked column is there')]), ...blind];
}
