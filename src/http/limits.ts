/** How long a client may take to send a request. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** How long an answer may take: the store's own time limit, and a wait for a connection to it. */
export const HANDLER_TIMEOUT_MS = 15_000;

/** How long `/readyz` waits for the store. */
export const READINESS_TIMEOUT_MS = 2_000;

export const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** How long `close` lets requests finish before it cuts their connections. */
export const DRAIN_TIMEOUT_MS = 5_000;

export const MAX_BODY_BYTES = 64 * 1024;

/** Path and query string together, in characters. */
export const MAX_URL_LENGTH = 8_192;

export const MAX_HEADER_BYTES = 16 * 1024;

/** One path segment, in characters. */
export const MAX_PATH_PARAMETER_LENGTH = 256;

/** One value in the query string, in characters. */
export const MAX_VALUE_LENGTH = 1_024;

/** How often one filter may be repeated. */
export const MAX_VALUES = 100;
