import { expect, test } from 'vitest';
import { within } from '../../../src/lib/within.ts';

const never = new Promise<number>(() => {});

test('what settles in time is passed on', async () => {
  await expect(within(60_000, Promise.resolve(7), () => 0)).resolves.toBe(7);
  await expect(within(60_000, Promise.reject(new Error('no')), () => 0)).rejects.toThrow('no');
});

test('what does not is answered by the other', async () => {
  await expect(within(1, never, () => 'late')).resolves.toBe('late');
  const refuse = (): never => {
    throw new Error('too late');
  };
  await expect(within(1, never, refuse)).rejects.toThrow('too late');
});

test('a rejection that comes too late is not unhandled', async () => {
  let reject!: (error: Error) => void;
  const slow = new Promise<number>((_, no) => {
    reject = no;
  });
  await expect(within(1, slow, () => 'late')).resolves.toBe('late');
  reject(new Error('nobody listens'));
  await new Promise((resolve) => setImmediate(resolve));
});
