import type pg from 'pg';

/** A plan as `explain (analyze, buffers, format json)` gives it. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** A statement that was run, as it was really planned: with its parameters, or generic where it was prepared. */
export interface RecordedPlan {
  readonly sql: string;
  readonly plan: PlanNode;
}

/**
 * Records the plans of whatever is asked through the pool from here on, by the server's own auto_explain. A
 * superuser's pool; `take` hands over what has come since it was last called.
 * https://www.postgresql.org/docs/current/auto-explain.html
 */
export function recordPlans(pool: pg.Pool): { take(): RecordedPlan[] } {
  let recorded: RecordedPlan[] = [];
  pool.on('connect', (client) => {
    client.on('notice', (notice) => {
      const text = notice.message ?? '';
      const start = text.indexOf('plan:\n');
      if (start < 0) return;
      const found = JSON.parse(text.slice(start + 6)) as { 'Query Text': string; Plan: PlanNode };
      recorded.push({ sql: found['Query Text'], plan: found.Plan });
    });
    void client.query(`load 'auto_explain';
      set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on; set auto_explain.log_buffers = on;
      set auto_explain.log_timing = off; set auto_explain.log_format = json; set auto_explain.log_level = notice;
      set client_min_messages = notice`);
  });
  return {
    take() {
      const taken = recorded;
      recorded = [];
      return taken;
    },
  };
}

/** The node and all below it. */
export function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

export function buffersOf(plan: PlanNode): number {
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}
