/**
 * Limits, in characters, on what a client may claim: every claim is stored with each stretch of changes, and
 * the shorter ones are indexed. Longer text is cut and ends in `…`.
 */
export const CLAIM_LIMITS = {
  userId: 256,
  userName: 256,
  ip: 64,
  userAgent: 1024,
  comment: 8192,
  requestId: 256,
  context: 65_536,
} as const;

/** The server's JSON parser recurses: deeper text is kept as a string. */
const MAX_JSON_DEPTH = 64;

/** `text` within `limit` characters, none of them cut in half. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = isLeadingSurrogate(text.charCodeAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}

/**
 * JSON text that any PostgreSQL takes: the text itself if it is JSON within the limits, else the text as a
 * JSON string. Bad JSON is just text: it must never stop capture.
 */
export function safeJson(text: string, limit: number): string {
  if (text.length <= limit && depthOf(text) <= MAX_JSON_DEPTH && isJson(text)) return text;
  return JSON.stringify(cut(text, limit));
}

function isLeadingSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An upper bound: brackets inside strings count too. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    }
  }
  return deepest;
}
