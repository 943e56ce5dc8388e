import { execFile } from 'node:child_process';
import { chmod, chown, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestDatabase } from './database.ts';
import { until } from './poll.ts';

const run = promisify(execFile);

/** Gives a server of the test's own a certificate that it has signed itself, and has it speak TLS. */
export async function serveTls(database: TestDatabase): Promise<void> {
  const folder = (await database.query('show data_directory')).rows[0].data_directory as string;
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')];
  const subject = ['-subj', '/CN=localhost', '-days', '2'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    ...subject,
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  const { uid, gid } = await stat(folder);
  for (const file of [key, certificate]) await chown(file, uid, gid);
  // The server takes no key that others may read. https://www.postgresql.org/docs/current/ssl-tcp.html#SSL-SETUP
  await chmod(key, 0o600);
  await database.query('alter system set ssl = on');
  await database.query('select pg_reload_conf()');
  await until(async () => (await database.query('show ssl')).rows[0].ssl === 'on');
}
