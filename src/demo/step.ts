import type { Person } from './people.ts';
import { randomUuid, type Random } from './random.ts';
import type { WorkRole } from './schema.ts';

/** SQL with the parameters it takes. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** What the app claims about a transaction; see `rowtrail.*` settings in the README. */
export interface Claims {
  readonly user_id: string;
  readonly user_name?: string;
  readonly ip?: string;
  readonly user_agent?: string;
  readonly comment?: string;
  readonly request_id?: string;
}

/** One transaction of the workload. */
export interface Step {
  readonly name: string;
  readonly role: WorkRole;
  /** Null: nobody says who it was, as with SQL typed by hand. */
  readonly claims: Claims | null;
  readonly statements: readonly Statement[];
}

/** A request of somebody who uses the app. */
export function appStep(
  random: Random,
  name: string,
  person: Person,
  statements: readonly Statement[],
  comment?: string,
): Step {
  const claims: Claims = {
    user_id: person.id,
    user_name: person.name,
    ip: person.ip,
    user_agent: person.userAgent,
    request_id: randomUuid(random),
  };
  return { name, role: 'shop_app', claims: comment === undefined ? claims : { ...claims, comment }, statements };
}

/** The statement that makes the claims, for the transaction only. */
export function claimStatement(claims: Claims): Statement {
  const entries = Object.entries(claims);
  return {
    sql: `select ${entries.map(([name], index) => `set_config('rowtrail.${name}', $${index + 1}, true)`).join(', ')}`,
    params: entries.map(([, value]) => value),
  };
}

/** SQL for the id of one of the rows that meet the condition: the one at the fraction `$n` of them, in order of id. */
export function rowAt(table: string, condition: string, parameter: number): string {
  return `(select id from ${table} where ${condition} order by id limit 1
    offset floor($${parameter}::float8 * (select count(*) from ${table} where ${condition}))::bigint)`;
}
