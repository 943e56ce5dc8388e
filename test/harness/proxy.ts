import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between the daemon and a server, and drops what it is told to drop. */
export interface Proxy extends AsyncDisposable {
  /** The server's URL, through the proxy. */
  readonly url: string;
  /** The connections that are open now pass nothing on any more, and stay open; new ones work. Returns how many. */
  freeze(): number;
  /** New connections go to this server; those that are open are cut. */
  retarget(url: string): void;
}

/** `host`: where it listens. */
export async function startProxy(url: string, host = '127.0.0.1'): Promise<Proxy> {
  let target = new URL(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.pipe(upstream);
    upstream.pipe(client);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const proxied = new URL(url);
  proxied.hostname = host;
  proxied.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.destroy();
      upstream.destroy();
    }
  };
  return {
    url: proxied.toString(),
    freeze() {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
      return pairs.size;
    },
    retarget(other) {
      target = new URL(other);
      cut();
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
