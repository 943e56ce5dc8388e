import { RowtrailError } from '../../lib/errors.ts';

/** What is not what the protocol says. A message that is guessed at is an entry invented or lost. */
export function malformed(what: string): RowtrailError {
  return new RowtrailError('RT_DECODE', `malformed replication message: ${what}`, {
    hint: 'Nothing is lost: the slot still holds the transaction. Please report this with the server version.',
  });
}
