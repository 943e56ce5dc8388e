import { quoteIdentifier, quoteQualified } from '../../pg/identifier.ts';
import { shown } from '../preflight.ts';
import type { RevertRole } from '../revert-role.ts';
import { tableLabel } from '../tables.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/**
 * Whether reverts can be made, and whether the role that makes them could do anything else: triggers on the tables run
 * with its rights, and their owners may have written anything into them. Pure.
 */
export function revertChecks(role: RevertRole, sourceIdentity: string): Finding[] {
  if (role.databaseIdentity !== sourceIdentity) {
    return [
      problem(
        'revert-connection',
        '`revert.url` points to another database than `url`',
        'Give both the same host, port and database: only the role and password differ.',
      ),
    ];
  }
  return [...roleChecks(role), recordCheck(role), rightsCheck(role), ...rowSecurityChecks(role)];
}

function roleChecks(role: RevertRole): Finding[] {
  const name = quoteIdentifier(role.name);
  const own = 'Give `revert.url` a role of its own: README, "Reverts".';
  // Whoever may do everything is a member of every role: one fault is told, not all of them.
  if (role.isSuperuser) return [problem('revert-role', `the revert role ${role.name} is a superuser`, own)];
  const owned = role.tables.filter(({ isOwned }) => isOwned);
  const found = [
    ...role.attributes.map((attribute) =>
      problem(
        'revert-role',
        `the revert role ${role.name} has ${attribute}`,
        `alter role ${name} no${attribute.toLowerCase()};`,
      ),
    ),
    ...role.memberships.map((member) =>
      problem(
        'revert-role',
        `the revert role ${role.name} may act as ${member}`,
        `revoke ${quoteIdentifier(member)} from ${name};`,
      ),
    ),
    ...(owned.length > 0
      ? [
          problem(
            'revert-role',
            `the revert role ${role.name} owns ${shown(owned.map(tableLabel))}: triggers could alter or drop what is its own`,
            own,
          ),
        ]
      : []),
    ...(role.ownsInstallation
      ? [problem('revert-role', `the revert role ${role.name} owns what setup installed in schema rowtrail`, own)]
      : []),
    ...(role.readsSecret && !role.ownsInstallation
      ? [
          problem(
            'revert-role',
            `the revert role ${role.name} may read rowtrail.install: triggers could forge what the source tells the daemon`,
            own,
          ),
        ]
      : []),
    ...(role.writesStore
      ? [
          problem(
            'revert-role',
            `the revert role ${role.name} may write to the store: triggers could change the history`,
            own,
          ),
        ]
      : []),
  ];
  return found.length > 0
    ? found
    : [ok('revert-role', `reverts run as ${role.name}, which may do no more than they need`)];
}

function recordCheck({ mayRecord, name }: RevertRole): Finding {
  if (mayRecord === true) return ok('revert-record', `${name} may write what it reverts into rowtrail.reverts`);
  return problem(
    'revert-record',
    mayRecord === null
      ? 'rowtrail.reverts is not installed: reverts fail'
      : `the revert role ${name} may not write to rowtrail.reverts: reverts fail`,
    'Run `rowtrail setup`: it grants this to the role of `revert.url`.',
  );
}

function rightsCheck(role: RevertRole): Finding {
  const name = quoteIdentifier(role.name);
  const lacking = role.tables.filter(({ hasSchema, missing }) => !hasSchema || missing.length > 0);
  if (lacking.length === 0) return ok('revert-rights', `${role.name} may write to every tracked table`);
  const schemas = [...new Set(lacking.filter(({ hasSchema }) => !hasSchema).map(({ schema }) => schema))];
  return problem(
    'revert-rights',
    `the revert role ${role.name} lacks rights on ${shown(lacking.map(tableLabel))}: changes there cannot be reverted`,
    [
      ...schemas.map((schema) => `grant usage on schema ${quoteIdentifier(schema)} to ${name};`),
      ...lacking
        .filter(({ missing }) => missing.length > 0)
        .map((table) => `grant ${table.missing.join(', ')} on ${quoteQualified(table.schema, table.name)} to ${name};`),
    ].join(' '),
  );
}

/** Without BYPASSRLS, a query under `row_security = off` fails where a policy would hide rows. */
function rowSecurityChecks(role: RevertRole): Finding[] {
  const name = quoteIdentifier(role.name);
  const hidden = role.tables.filter(({ hasRowSecurity }) => hasRowSecurity);
  if (hidden.length > 0 && !role.bypassesRowSecurity && !role.isSuperuser) {
    return [
      problem(
        'revert-row-security',
        `row-level security hides rows of ${shown(hidden.map(tableLabel))} from the revert role ${role.name}: changes there cannot be reverted`,
        `alter role ${name} bypassrls;`,
      ),
    ];
  }
  if (hidden.length === 0 && role.bypassesRowSecurity && !role.isSuperuser) {
    return [
      warning(
        'revert-row-security',
        `the revert role ${role.name} has BYPASSRLS, and no tracked table has row-level security`,
        `alter role ${name} nobypassrls;`,
      ),
    ];
  }
  return [];
}
