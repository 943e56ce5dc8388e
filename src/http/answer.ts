import type { FastifyReply } from 'fastify';

/**
 * Sends JSON that is text already. Fastify passes text through as it is: nothing parses or re-serialises
 * what goes out, and the history is never kept by a cache.
 */
export function sendJson(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer(asIs)
    .send(text);
}

/** Takes text, or what streams it, through as it is. */
export function asIs(payload: unknown): string {
  return payload as string;
}
