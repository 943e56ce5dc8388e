import { RowtrailError, type ErrorCode } from '../../lib/errors.ts';
import { quoteLiteral } from '../../pg/identifier.ts';
import { formatLsn } from '../../pg/lsn.ts';

/** Why capture stops at one transaction: it can't be sent, decoded or stored, however often it is tried. */
export type BlockingCode = 'RT_UNSENDABLE' | 'RT_DECODE' | 'RT_STORE_REFUSED';

const BLOCKING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RT_UNSENDABLE',
  'RT_DECODE',
  'RT_STORE_REFUSED',
] satisfies BlockingCode[]);

export function isBlocking(code: ErrorCode): code is BlockingCode {
  return BLOCKING.has(code);
}

/** A transaction that capture can't get past, with the runbook as its hint. */
export class BlockedTransaction extends RowtrailError {
  /** A slot that is advanced to here has passed over this transaction alone; null: where it ends is not known. */
  readonly skipLsn: bigint | null;

  /** `commitLsn`: that of the transaction; null where the server failed before it told. */
  constructor(code: BlockingCode, why: string, slot: string, commitLsn: bigint | null, cause: unknown) {
    const which = commitLsn === null ? 'a transaction' : `the transaction that commits at ${formatLsn(commitLsn)}`;
    // A commit record is passed over by whoever starts behind its first byte.
    const skipLsn = commitLsn === null ? null : commitLsn + 1n;
    const message = why.includes('{transaction}') ? why.replace('{transaction}', which) : `${why} (in ${which})`;
    super(code, message, { hint: skipRunbook(slot, skipLsn), cause });
    this.skipLsn = skipLsn;
  }
}

/** What a person does to go on without the transaction. Pure. */
export function skipRunbook(slot: string, skipLsn: bigint | null): string {
  const target = skipLsn === null ? 'pg_current_wal_lsn()' : quoteLiteral(formatLsn(skipLsn)).trim();
  const lost =
    skipLsn === null ? 'everything committed until then is missing' : 'that one transaction is missing, no other';
  return (
    `To go on without it, run on the source: select pg_replication_slot_advance(${quoteLiteral(slot).trim()}, ${target}); ` +
    `then run \`rowtrail setup\`, which ends the gap and begins a new epoch (${lost}). ` +
    'Where its rows are too large to be sent, `identity: existing` for their table keeps that from happening again: ' +
    'an update then sends the new row alone.'
  );
}
