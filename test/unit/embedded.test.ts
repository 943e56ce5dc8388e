import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../src/embedded/command.ts';
import { acquireLock } from '../../src/embedded/lock.ts';
import { parsePidFile } from '../../src/embedded/postmaster.ts';
import { childrenOf, commandLine, processIdentity } from '../../src/embedded/process-identity.ts';
import { RowtrailError } from '../../src/lib/errors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowtrail-unit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('postmaster.pid', () => {
  test('of a server that is ready', () => {
    const text = '4711\n/data/cluster\n1700000000\n5432\n/data/socket\n127.0.0.1\n  12345 65536\nready   \n';
    expect(parsePidFile(text)).toEqual({ pid: 4711, status: 'ready' });
  });
  test('of a server that has just begun, or of nothing', () => {
    expect(parsePidFile('4711\n/data/cluster\n')).toEqual({ pid: 4711, status: '' });
    expect(parsePidFile('')).toBeNull();
    expect(parsePidFile('garbage\n')).toBeNull();
  });
});

describe('processes', () => {
  test('have an identity as long as they live', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', 'a-marker']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const identity = processIdentity(pid);
    expect(identity).not.toBeNull();
    expect(processIdentity(pid)).toBe(identity);
    expect(childrenOf(process.pid)).toContain(pid);
    expect(commandLine(pid)).toContain('a-marker');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processIdentity(pid)).toBeNull();
    expect(commandLine(pid)).toBe('');
  });
});

describe('a command', () => {
  test('that cannot be started leaves no timer behind, which would keep the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const results = await Promise.all(Array.from({ length: 5 }, () => runCommand(join(folder, 'none'), [], null)));
    expect(results.map(({ code }) => code)).toEqual([null, null, null, null, null]);
    expect(results[0]?.output).toContain('ENOENT');
    expect(timers()).toBeLessThan(before + 5);
  });
});

describe('the lock of a data folder', () => {
  test('is refused while its process lives, and free after release', async () => {
    const file = join(folder, 'lock');
    const lock = await acquireLock(file);
    await expect(acquireLock(file)).rejects.toThrow(RowtrailError);
    await expect(acquireLock(file)).rejects.toThrow(`in use by process ${process.pid}`);
    lock.release();
    const second = await acquireLock(file);
    lock.release();
    await expect(acquireLock(file), 'a second release of the first takes nothing away').rejects.toThrow('in use');
    second.release();
  });
  test('is taken over from a process that is gone, even if its number is in use again', async () => {
    const file = join(folder, 'stale');
    await writeFile(file, `${process.pid} another-boot 1`);
    const lock = await acquireLock(file);
    expect(await readFile(file, 'utf8')).toBe(processIdentity(process.pid));
    lock.release();
    await writeFile(file, '');
    (await acquireLock(file)).release();
  });
});
