import pg from 'pg';
import { expect } from 'vitest';
import { connectionOptions } from '../../src/pg/pool.ts';
import { verifyHistory } from '../../src/seal/verification.ts';
import type { TestDatabase } from './database.ts';

/** So often that most seals are made while something is on its way. */
export const EAGER_SEALS = { enabled: true, intervalMs: 100, maxEntries: 200, keyFile: null } as const;

/** Everything that was sealed meanwhile is still what it was, and nothing came in under a seal. Returns how many seals there are. */
export async function assertSealsHold(store: TestDatabase): Promise<bigint> {
  const found = await verifyHistory({
    schema: 'audit',
    connect: async () => {
      const client = new pg.Client(connectionOptions(store.url, 'test verify'));
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    workers: 2,
    fromId: null,
    toId: null,
    head: null,
    publicKeys: [],
  });
  expect(found.problems).toEqual([]);
  expect(found).toMatchObject({ outcome: 'consistent', complete: true, removedSeals: 0n });
  return found.seals;
}
