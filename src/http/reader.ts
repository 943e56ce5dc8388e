import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { StoreConnection, StoreReader } from '../query/store-reader.ts';
import { principalOf } from './authorization.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly history: StoreConnection;
  }
}

/** The store as the one who asks may see it. Only for routes that are not open to anyone. */
export function readerOf(request: FastifyRequest): StoreReader {
  const { pool, schema } = request.server.history;
  const { role, tables } = principalOf(request);
  return { pool, schema, viewer: { admin: role === 'admin', tables } };
}

/** To be called before the routes are made. */
export function registerHistory(server: FastifyInstance, store: StoreConnection): void {
  server.decorate('history', { pool: store.pool, schema: store.schema });
}
