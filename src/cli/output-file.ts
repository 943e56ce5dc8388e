import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { codeOf, messageOf, RowtrailError } from '../lib/errors.ts';

/** Writes to a file, or where the output is `-` with `put`. A file appears under its name only when it is whole. */
export function writeOutput(
  chunks: AsyncIterable<Buffer>,
  output: string,
  put: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  return output === '-' ? writeTo(chunks, put) : writeFile(chunks, output);
}

async function writeTo(chunks: AsyncIterable<Buffer>, put: (chunk: Buffer) => Promise<void>): Promise<void> {
  for await (const chunk of chunks) await put(chunk);
}

async function writeFile(chunks: AsyncIterable<Buffer>, output: string): Promise<void> {
  const there = await stat(output).catch(() => null);
  // A device or a pipe is written to as it is.
  const isFile = there === null || there.isFile();
  const part = isFile ? `${output}.part` : output;
  const file = createWriteStream(part);
  const done = finished(file);
  done.catch(() => {});
  try {
    await Promise.race([once(file, 'open'), done]);
    await writeTo(chunks, async (chunk) => {
      if (!file.write(chunk)) await Promise.race([once(file, 'drain'), done]);
    });
    file.end();
    await done;
    if (isFile) await rename(part, output);
  } catch (error) {
    file.destroy();
    if (isFile) await rm(part, { force: true });
    throw explainFileError(error, output);
  }
}

function explainFileError(error: unknown, output: string): unknown {
  if (!['ENOENT', 'EACCES', 'EISDIR', 'ENOSPC', 'ENOTDIR', 'EROFS', 'EPERM'].includes(codeOf(error) ?? ''))
    return error;
  return new RowtrailError('RT_USAGE', `cannot write ${output}: ${messageOf(error)}`, {
    hint: 'Name a file in a folder that is there and may be written to; - is standard output.',
    cause: error,
  });
}
