import type { TestDatabase } from './database.ts';

/** How many transactions the store holds. A checkpoint moves for want of anything to store as well; this does not. */
export async function storedTransactions(store: TestDatabase): Promise<number> {
  return (await store.query('select count(*)::int as count from audit.transactions')).rows[0].count;
}
