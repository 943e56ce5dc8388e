import { statfs } from 'node:fs/promises';
import type pg from 'pg';

/** The disk that a server keeps its data on, in bytes. */
export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/**
 * The disk under the server's data folder; null where it can't be seen from here: the server is elsewhere, the role may
 * not read `data_directory` (pg_read_all_settings), or the folder is closed to this user.
 * https://www.postgresql.org/docs/current/runtime-config-file-locations.html
 */
export async function readDisk(client: pg.ClientBase): Promise<Disk | null> {
  try {
    const result = await client.query<{ folder: string; here: boolean }>(
      `select current_setting('data_directory') as folder,
         coalesce(inet_client_addr() = inet_server_addr() or inet_client_addr() <<= '127.0.0.0/8', true) as here`,
    );
    const found = result.rows[0];
    if (found === undefined || !found.here) return null;
    const { bavail, blocks, bsize } = await statfs(found.folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
