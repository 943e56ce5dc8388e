import { createServer } from 'node:net';
import { RowtrailError } from '../lib/errors.ts';

export const HOST = '127.0.0.1';

/** Below the range that systems take client ports from, so that nobody has it while the server restarts. */
const FREE_PORTS = { from: 20_000, to: 32_000, attempts: 50 };

/** A port on loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < FREE_PORTS.attempts; attempt += 1) {
    const port = FREE_PORTS.from + Math.floor(Math.random() * (FREE_PORTS.to - FREE_PORTS.from));
    if (await canListen(port)) return port;
  }
  throw new RowtrailError('RT_EMBEDDED', `no free port between ${FREE_PORTS.from} and ${FREE_PORTS.to}`, {
    hint: 'Name a port for the database.',
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}
