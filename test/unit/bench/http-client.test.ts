import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { HttpClient } from '../../../src/bench/http-client.ts';

async function withServer(listener: RequestListener, use: (client: HttpClient) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await use(client);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}

it('asks one question after the other over one connection, and counts the bodies', async () => {
  const connections = new Set<unknown>();
  const long = 'é'.repeat(400_000);
  await withServer(
    (request, response) => {
      connections.add(request.socket);
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const text = request.url === '/long' ? long : `${request.method} ${request.url} ${body}`;
        response.writeHead(request.url === '/none' ? 404 : 200, { 'content-length': Buffer.byteLength(text) });
        response.end(text);
      });
    },
    async (client) => {
      let text = '';
      const taken = (chunk: Buffer): void => void (text += chunk.toString());
      expect(await client.ask('/a?b=1', undefined, taken)).toMatchObject({ status: 200, bytes: 11 });
      expect(await client.ask('/b', { q: 'ä' }, taken)).toMatchObject({ status: 200, bytes: 18 });
      expect(text).toBe('GET /a?b=1 POST /b {"q":"ä"}');
      expect(await client.ask('/long')).toMatchObject({ status: 200, bytes: 800_000 });
      expect(await client.ask('/none')).toMatchObject({ status: 404 });
    },
  );
  expect(connections.size).toBe(1);
});

it('fails where an answer has no length, and where there is none', async () => {
  await withServer(
    (_request, response) => response.write('chunked'),
    async (client) => {
      await expect(client.ask('/')).rejects.toThrow(/connection to the server failed/);
      await expect(client.ask('/')).rejects.toThrow(/connection is closed/);
    },
  );
  await withServer(
    (request) => request.socket.destroy(),
    async (client) => {
      await expect(client.ask('/')).rejects.toThrow(/closed the connection/);
      await expect(client.ask('/')).rejects.toThrow(/connection is closed/);
    },
  );
});
