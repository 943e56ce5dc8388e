import { sealedAt } from './seal.ts';
import type { Verification } from './verification.ts';

/** As the API and the CLI give it. Seals are whole numbers below 2^53: one a second would take 10^8 years. */
export function verificationOf(found: Verification) {
  return {
    outcome: found.outcome,
    complete: found.complete,
    proven_to: numberOf(found.provenTo),
    checked: {
      seals: Number(found.seals),
      first: numberOf(found.firstSeal),
      last: numberOf(found.lastSeal),
      entries: Number(found.entries),
    },
    removed_seals: Number(found.removedSeals),
    unsealed_entries: numberOf(found.unsealed),
    head:
      found.head === null
        ? null
        : {
            number: Number(found.head.number),
            last_id: found.head.lastId.toString(),
            sealed_at: sealedAt(found.head),
            hash: found.head.hash.toString('hex'),
            key_id: found.head.keyId,
          },
    problems: found.problems.map(({ seal, kind, message, entries }) => ({
      seal: Number(seal),
      kind,
      message,
      entries: entries.map(String),
    })),
    further_problems: found.furtherProblems,
  };
}

function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
