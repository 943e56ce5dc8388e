import type pg from 'pg';
import { quoteIdentifier } from '../pg/identifier.ts';
import type { Verification } from './verification.ts';

/** Keeps what a verification found, so that the state of the chain can tell when it was last looked at. */
export async function recordVerification(
  db: pg.ClientBase | pg.Pool,
  schema: string,
  { outcome, complete, firstSeal, lastSeal, seals, entries, problems }: Verification,
  { begunAt, madeBy }: { readonly begunAt: Date; readonly madeBy: string },
): Promise<void> {
  await db.query(
    `insert into ${quoteIdentifier(schema)}.verifications
       (begun_at, ended_at, made_by, outcome, complete, first_seal, last_seal, seals, entries, problem)
     values ($1, clock_timestamp(), $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      begunAt.toISOString(),
      madeBy,
      outcome,
      complete,
      firstSeal,
      lastSeal,
      seals,
      entries,
      problems[0]?.message ?? null,
    ],
  );
}
