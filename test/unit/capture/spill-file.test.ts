import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SpillFile } from '../../../src/capture/wal/spill-file.ts';

test('a spill file has no name that anyone could open, and ends with its last holder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-spill-'));
  const file = new SpillFile(folder);
  file.append(Buffer.from('hello '));
  file.append(Buffer.from('world'));
  if (process.platform !== 'win32') expect(readdirSync(folder)).toEqual([]);
  const middle = Buffer.alloc(5);
  file.read(3, middle);
  expect(middle.toString()).toBe('lo wo');
  expect(() => file.read(8, middle)).toThrow(expect.objectContaining({ code: 'RT_SPILL' }));
  file.retain();
  file.release();
  file.read(6, middle);
  expect(middle.toString()).toBe('world');
  file.release();
  expect(() => file.read(0, middle)).toThrow(expect.objectContaining({ code: 'RT_SPILL' }));
  expect(readdirSync(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

test('a folder that takes no file is an error that says what to do', () => {
  expect(() => new SpillFile('/nowhere/at/all')).toThrow(
    expect.objectContaining({ code: 'RT_SPILL', hint: expect.stringContaining('TMPDIR') }),
  );
});
