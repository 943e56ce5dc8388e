/** How long a client may take to send a request. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** How long an answer may take: the store's own time limit, and a wait for a connection to it. */
export const HANDLER_TIMEOUT_MS = 15_000;

/** How long a verification of the history may read. */
export const VERIFY_LIMIT_MS = 20_000;

/** How long `/readyz` waits for the store. */
export const READINESS_TIMEOUT_MS = 2_000;

export const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** How long `close` lets requests finish before it cuts their connections. */
export const DRAIN_TIMEOUT_MS = 5_000;

export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Wrong tokens and sign-ins from one address: so many at once, and then so many a minute. A token has 256 random bits:
 * what this bounds is work, so the first leaves room for clients behind one proxy whose tokens have expired.
 */
export const MAX_FAILURES = 300;
export const FAILURES_PER_MINUTE = 20;

/** Path and query string together, in characters. */
export const MAX_URL_LENGTH = 8_192;

export const MAX_HEADER_BYTES = 16 * 1024;

/** A record's key in a path, in characters. */
export const MAX_KEY_LENGTH = 2_048;

/** A source, table or user in a path, in characters. */
export const MAX_NAME_LENGTH = 256;

/** One path segment as it is written, percent-encoded, in characters. */
export const MAX_PATH_PARAMETER_LENGTH = 3 * MAX_KEY_LENGTH;

/** Events in one call, and the bytes of their body. */
export const MAX_EVENTS = 500;
export const MAX_EVENTS_BYTES = 1024 * 1024;

/** How deep the JSON of a body may be nested. */
export const MAX_JSON_DEPTH = 64;

/** Exports that run at the same time: each keeps a connection and a processor of the store busy. */
export const MAX_EXPORTS = 2;

/** Reports that are made at the same time: laying pages out keeps this process busy. */
export const MAX_REPORTS = 2;

/** What has no end of its own, in effect: the longest that a timer takes. https://nodejs.org/api/timers.html */
export const STREAM_TIMEOUT_MS = 2_147_483_647;

/** Streams that are open at the same time. */
export const MAX_STREAMS = 200;

/** A proxy takes a connection on which nothing comes for dead. */
export const STREAM_HEARTBEAT_MS = 15_000;

/** What waits for a client that reads slowly; past it, no more is read for that one. */
export const STREAM_BUFFER_BYTES = 256 * 1024;

export { MAX_VALUE_LENGTH, MAX_VALUES } from '../query/grammar/value-check.ts';
