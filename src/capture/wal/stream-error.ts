import { codeOf, messageOf, RowtrailError } from '../../lib/errors.ts';
import { explainDatabaseError, redactUrl } from '../../pg/pool.ts';

/** What a replication connection is for; for messages. */
export interface StreamTarget {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
}

/**
 * Says what a failed replication connection means: what stands between here and the server, or what the role
 * lacks. Pure. SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function explainReplicationError(error: unknown, url: string): RowtrailError {
  if (error instanceof RowtrailError) return error;
  const code = codeOf(error);
  const detail = messageOf(error);
  const where = redactUrl(url);
  // A pooler that ignores the startup parameter hands us an ordinary session, to which the command is a syntax error.
  if (
    code === '42601' ||
    /unsupported startup parameter|replication.*not (supported|allowed)|pgbouncer/i.test(detail)
  ) {
    return new RowtrailError(
      'RT_POOLER',
      `${where} is a connection pooler, which does not pass replication on: ${detail}`,
      {
        hint: 'Point `url` at the PostgreSQL server itself (on hosted databases: the direct connection, not the pooled one).',
        cause: error,
      },
    );
  }
  if (
    code === '42501' ||
    /replication role|REPLICATION attribute|permission denied to start WAL sender/i.test(detail)
  ) {
    return new RowtrailError('RT_PRIVILEGE', `the role of ${where} may not replicate: ${detail}`, {
      hint: `Run \`alter role ${roleOf(url)} replication\` as a superuser (RDS: \`grant rds_replication to ${roleOf(url)}\`; other hosts: README, "Roles").`,
      cause: error,
    });
  }
  if (code === '53300' && /wal_senders|walsender/i.test(detail)) {
    return new RowtrailError('RT_RESOURCES', `no WAL sender is free on ${where}: ${detail}`, {
      hint: 'Raise max_wal_senders and restart PostgreSQL, or end a replication that is not needed.',
      cause: error,
    });
  }
  return explainDatabaseError(error, 'replication connection', url);
}

/** Says what START_REPLICATION's refusal means. Pure. */
export function explainRefusal(error: unknown, target: StreamTarget): RowtrailError {
  if (error instanceof RowtrailError) return error;
  const { slot } = target;
  const detail = messageOf(error);
  switch (codeOf(error)) {
    case '55006':
      return new RowtrailError('RT_SLOT_BUSY', `the slot ${slot} is in use: ${detail}`, {
        hint: 'Another Rowtrail (or another consumer) holds it. This one stands by and takes over when it is free.',
        cause: error,
      });
    case '42704':
      return new RowtrailError('RT_SLOT_MISSING', `the slot ${slot} does not exist: ${detail}`, {
        hint: 'Run `rowtrail setup`: it makes a new one and records the gap.',
        cause: error,
      });
    case '55000':
      if (/wal_level/.test(detail)) {
        return new RowtrailError('RT_WAL_LEVEL', `the source does not decode its WAL: ${detail}`, {
          hint: "Run `alter system set wal_level = 'logical'` and restart PostgreSQL.",
          cause: error,
        });
      }
      return slotLost(slot, detail, error);
    default:
      return explainReplicationError(error, target.url);
  }
}

/** Says what ended a stream that had started. Pure. RT_UNSENDABLE is without its position: that is the caller's. */
export function explainStreamError(error: unknown, target: StreamTarget): RowtrailError {
  if (error instanceof RowtrailError) return error;
  const code = codeOf(error) ?? '';
  const detail = messageOf(error);
  // The slot is held by now: what does not exist is the publication, which pgoutput looks for at the first change.
  if (code === '42704') return publicationMissing(target.publication, detail, error);
  // https://github.com/postgres/postgres/blob/master/src/backend/access/transam/xlogutils.c
  if (code === '58P01' && /WAL segment .* removed/.test(detail)) return slotLost(target.slot, detail, error);
  if (isUnsendable(error)) {
    // Messages of class 22 quote the bytes that they are about: rows' values do not belong into errors.
    const told = code.startsWith('22') ? `SQLSTATE ${code}` : detail;
    return new RowtrailError('RT_UNSENDABLE', `the source cannot send {transaction}: ${told}`, { cause: error });
  }
  const explained = explainDatabaseError(error, 'replication stream', target.url);
  if (explained.code !== 'RT_INTERNAL') return explained;
  return new RowtrailError('RT_STREAM', `the server ended the replication stream: ${detail}`, {
    hint: "See the source's log. Capture goes on from where the store is.",
    cause: error,
  });
}

/**
 * Whether a walsender's error is about the data: a row beyond the 1 GB that a message can hold, or text that is no
 * text in the connection's encoding. The same WAL gives the same error every time.
 */
function isUnsendable(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  if (code.startsWith('22') || code.startsWith('54')) return true;
  const detail = typeof error === 'object' && error !== null && 'detail' in error ? String(error.detail) : '';
  // "out of memory" (53200) is one too where it says that a buffer is full, and not that the machine is.
  return (
    (code === 'XX000' || code === '53200') &&
    /invalid memory alloc request size|enlarge string buffer|string buffer exceeds/i.test(
      `${messageOf(error)} ${detail}`,
    )
  );
}

/** The parts of a notice that matter here. */
export interface ServerNotice {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/**
 * From PostgreSQL 18 on, a publication that is gone is but a warning on the replication connection ("skipped loading
 * publication"), and from there on the changes are not sent. Pure.
 * https://www.postgresql.org/docs/18/logical-replication-publication.html
 */
export function skipsPublication(notice: ServerNotice, publication: string): boolean {
  return notice.code === '55000' && notice.message?.includes(publication) === true;
}

export function publicationMissing(publication: string, detail: string, cause?: unknown): RowtrailError {
  return new RowtrailError(
    'RT_PUBLICATION_MISSING',
    `the publication ${publication} does not exist where the slot stands: ${detail}`,
    {
      hint: 'Changes since it was dropped are not captured, also if it was made again since. Run `rowtrail setup`: it makes publication and slot anew and records the gap.',
      cause,
    },
  );
}

function slotLost(slot: string, detail: string, cause: unknown): RowtrailError {
  return new RowtrailError('RT_SLOT_LOST', `the slot ${slot} was invalidated: ${detail}`, {
    hint: 'Raise max_slot_wal_keep_size and run `rowtrail setup`: it makes a new one and records the gap.',
    cause,
  });
}

function roleOf(url: string): string {
  try {
    const { username } = new URL(url);
    return username === '' ? 'ROLE' : decodeURIComponent(username);
  } catch {
    return 'ROLE';
  }
}
