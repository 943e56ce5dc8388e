import type { StoreConfig } from '../../config/config.ts';
import type { StoreState } from '../store-state.ts';
import { ok, problem, warning, type Finding } from './check.ts';

/** How far partitions reach, as epoch seconds by the store's clock. */
export interface PartitionReach {
  readonly nowSeconds: number;
  /** Null: there are none. */
  readonly untilSeconds: number | null;
}

/** Partitions that end sooner than this are worth a word. */
const AHEAD_WARNING_SECONDS = { day: 86_400, week: 7 * 86_400, month: 28 * 86_400 };

export function storeSchemaCheck(state: StoreState, store: StoreConfig, behind: boolean): Finding {
  const where = `schema ${store.schema} of database ${state.database}`;
  if (state.schema === 'absent') return problem('store-schema', `the store has no ${where}`, 'Run `rowtrail setup`.');
  if (state.schema === 'foreign') {
    return problem('store-schema', `${where} holds something else`, 'Choose another name for `store.schema`.');
  }
  if (!state.mayUseSchema) {
    return problem(
      'store-schema',
      `role ${state.role} may not use ${where}`,
      `Run \`alter schema "${store.schema}" owner to "${state.role}"\` there.`,
    );
  }
  if (behind) {
    return problem('store-schema', `${where} is behind this version of Rowtrail`, 'Run `rowtrail setup`.');
  }
  return ok('store-schema', `${where} is up to date`);
}

export function partitionCheck(reach: PartitionReach, store: StoreConfig): Finding {
  const { nowSeconds, untilSeconds } = reach;
  const fix = 'Run `rowtrail setup`; a running daemon makes them by itself.';
  if (untilSeconds === null || untilSeconds <= nowSeconds) {
    return problem('store-partitions', 'there is no partition for now: nothing can be stored', fix);
  }
  const until = new Date(untilSeconds * 1000).toISOString().slice(0, 10);
  if (untilSeconds - nowSeconds < AHEAD_WARNING_SECONDS[store.partition]) {
    return warning('store-partitions', `partitions end on ${until}`, fix);
  }
  return ok('store-partitions', `partitions reach until ${until}`);
}
