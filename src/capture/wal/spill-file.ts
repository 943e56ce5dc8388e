import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredBytes } from '../../change/bytes.ts';
import { messageOf, RowtrailError } from '../../lib/errors.ts';

/**
 * A message on disk. The file has no name once it is open (where the system allows that), so that nobody else
 * can read the values in it and nothing is left of it when the process dies.
 *
 * Reads and writes are synchronous: the stream's next message must wait for this one anyway.
 */
export class SpillFile implements StoredBytes {
  readonly #fd: number;
  readonly #path: string;
  #named = true;
  #length = 0;
  #holders = 1;

  constructor(folder: string = tmpdir()) {
    this.#path = join(folder, `rowtrail-${randomUUID()}.spill`);
    this.#fd = attempt(() => openSync(this.#path, 'wx+', 0o600));
    try {
      unlinkSync(this.#path);
      this.#named = false;
    } catch {
      // Windows removes no open file: then it goes when it is closed.
    }
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    attempt(() => {
      for (let from = 0; from < chunk.length;) {
        from += writeSync(this.#fd, chunk, from, chunk.length - from, this.#length + from);
      }
    });
    this.#length += chunk.length;
  }

  read(offset: number, target: Buffer): void {
    attempt(() => {
      for (let filled = 0; filled < target.length;) {
        const count = readSync(this.#fd, target, filled, target.length - filled, offset + filled);
        if (count === 0) throw new RangeError(`no byte at ${offset + filled} of ${this.#length}`);
        filled += count;
      }
    });
  }

  retain(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders !== 0) return;
    closeSync(this.#fd);
    if (this.#named) unlinkSync(this.#path);
  }
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new RowtrailError('RT_SPILL', `cannot keep a large row on disk: ${messageOf(error)}`, {
      hint: 'Make room in the temporary folder (TMPDIR), or point it at a larger disk. Nothing is lost: capture tries again.',
      cause: error,
    });
  }
}
