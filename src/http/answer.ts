import type { FastifyReply } from 'fastify';

/**
 * Sends JSON that is text already. Fastify passes text through as it is: nothing parses or re-serialises
 * what goes out, and the history is never kept by a cache.
 */
export function sendJson(reply: FastifyReply, status: number, text: string | Buffer): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer(asIs)
    .send(text);
}

/**
 * The same for a text that may be long, as the texts it is made of. As one string, a page of 200 entries was copied three times (to
 * join them, to learn its length, to put the headers before it), each time to memory that the system had to be asked for.
 */
export function sendJsonOf(reply: FastifyReply, status: number, texts: readonly string[]): FastifyReply {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  let length = 0;
  for (const text of texts) length += bytes.write(text, length);
  return sendJson(reply, status, bytes);
}

/** A page of a list: its items, which are JSON already, and what is told of it. */
export function sendPage(reply: FastifyReply, items: readonly string[], meta: object): FastifyReply {
  return sendJsonOf(reply, 200, ['{"data":[', ...separated(items), `],"meta":${JSON.stringify(meta)}}`]);
}

/** The texts with commas between them. */
export function separated(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => (index === 0 ? [text] : [',', text]));
}

/** Takes text, or what streams it, through as it is. */
export function asIs(payload: unknown): string {
  return payload as string;
}
