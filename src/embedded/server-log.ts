import { open, rename, stat } from 'node:fs/promises';

const SIZE_LIMIT_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 4096;

/** Keeps the server's log from growing for ever; returns where this start's lines begin. */
export async function prepareLog(file: string): Promise<number> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size < SIZE_LIMIT_BYTES) return size;
  await rename(file, `${file}.1`);
  return 0;
}

/** The end of what was written since `from`. */
export async function readTail(file: string, from: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(size - start, 1)), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
