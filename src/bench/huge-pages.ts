import { readFile, writeFile } from 'node:fs/promises';
import type pg from 'pg';

const OVERCOMMIT = '/proc/sys/vm/nr_overcommit_hugepages';
/** What the server has in shared memory beside its buffers: a head for each of them, and some for all. */
const BESIDE_BUFFERS = 1.04;
const FOR_ALL_BYTES = 256 * 1024 ** 2;

/**
 * Lets a server take huge pages for its buffers, as the manual has it for one with large ones, where this process may allow
 * that: without them, each session asks the system for each page of 4 kB that it has not looked at before, which some machines
 * take 10 µs for. They are taken when the server asks for them and are gone with it, so that a benchmark that was killed
 * keeps none of the machine's memory. Returns what takes the leave back. Linux alone has this; elsewhere nothing happens.
 * https://www.postgresql.org/docs/current/kernel-resources.html#LINUX-HUGE-PAGES
 * https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
 */
export async function allowHugePages(bufferBytes: number): Promise<() => Promise<void>> {
  const before = await readFile(OVERCOMMIT, 'utf8').catch(() => null);
  const pageBytes = hugePageBytes(await readFile('/proc/meminfo', 'utf8').catch(() => ''));
  if (before === null || pageBytes === null) return async () => {};
  const wanted = pagesFor(bufferBytes, pageBytes);
  if (Number(before) >= wanted) return async () => {};
  const isAllowed = await writeFile(OVERCOMMIT, String(wanted)).then(
    () => true,
    () => false,
  );
  return async () => {
    if (isAllowed) await writeFile(OVERCOMMIT, before.trim());
  };
}

/** Whether the server got them; null: it does not tell, as before PostgreSQL 17. */
export async function usesHugePages(client: pg.ClientBase): Promise<boolean | null> {
  const found = await client.query<{ status: string | null }>(
    "select current_setting('huge_pages_status', true) as status",
  );
  const status = found.rows[0]?.status ?? null;
  return status === null ? null : status === 'on';
}

/** Bytes of a huge page, by the text of /proc/meminfo. Pure. */
export function hugePageBytes(meminfo: string): number | null {
  const match = /^Hugepagesize:\s+(\d+) kB$/m.exec(meminfo);
  return match === null ? null : Number(match[1]) * 1024;
}

/** Pure. */
export function pagesFor(bufferBytes: number, pageBytes: number): number {
  return Math.ceil((bufferBytes * BESIDE_BUFFERS + FOR_ALL_BYTES) / pageBytes);
}
