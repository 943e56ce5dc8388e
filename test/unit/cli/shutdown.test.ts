import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { abortOnSignal, runUntilStopped, type Stoppable } from '../../../src/cli/shutdown.ts';

const SOON = { drainLimitMs: 10_000, forceLimitMs: 20, sameSignalMs: 0 };
const NEVER = new Promise<void>(() => {});

/** A service that runs until it is stopped, and what was asked of it. */
function service(overrides: Partial<Stoppable> = {}): { calls: string[]; stoppable: Stoppable } {
  const calls: string[] = [];
  let end: () => void = () => {};
  const running = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    calls,
    stoppable: {
      start: async () => {
        calls.push('start');
      },
      run: () => {
        calls.push('run');
        return running;
      },
      stop: async () => {
        if (!calls.includes('stop')) calls.push('stop');
        end();
      },
      ...overrides,
    },
  };
}

/** Lets promises that are settled already run their continuations. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('runUntilStopped', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('%s drains', async (name) => {
    const signals = new EventEmitter();
    const notes: string[] = [];
    const { calls, stoppable } = service();
    const outcome = runUntilStopped(stoppable, { ...SOON, signals, note: (line) => notes.push(line) });
    await settle();
    signals.emit(name);
    await expect(outcome).resolves.toBe('ended');
    expect(calls).toEqual(['start', 'run', 'stop']);
    expect(notes).toHaveLength(1);
    expect(signals.eventNames()).toEqual([]);
  });

  test('a service that ends by itself is stopped, so that it leaves nothing', async () => {
    const { calls, stoppable } = service({ run: () => Promise.resolve() });
    await expect(runUntilStopped(stoppable, { ...SOON, signals: new EventEmitter(), note: () => {} })).resolves.toBe(
      'ended',
    );
    expect(calls).toEqual(['start', 'stop']);
  });

  test.each<[string, Partial<Stoppable>]>([
    ['start', { start: () => Promise.reject(new Error('no store')) }],
    ['run', { run: () => Promise.reject(new Error('no store')) }],
  ])('a failed %s is stopped, and its own error is thrown', async (_step, overrides) => {
    const { calls, stoppable } = service(overrides);
    const outcome = runUntilStopped(stoppable, { ...SOON, signals: new EventEmitter(), note: () => {} });
    await expect(outcome).rejects.toThrow('no store');
    expect(calls).toContain('stop');
  });

  test('a signal while it starts stops it', async () => {
    const signals = new EventEmitter();
    let started: () => void = () => {};
    const starting = new Promise<void>((resolve) => {
      started = resolve;
    });
    const { calls, stoppable } = service({ start: () => starting });
    const outcome = runUntilStopped(stoppable, { ...SOON, signals, note: () => {} });
    signals.emit('SIGINT');
    await settle();
    expect(calls).toEqual(['stop']);
    started();
    await expect(outcome).resolves.toBe('ended');
  });

  test('a second signal forces: what must not outlive the process is ended, the rest is given up', async () => {
    const signals = new EventEmitter();
    const forces: string[] = [];
    const { stoppable } = service({
      stop: () => NEVER,
      force: async () => {
        forces.push('force');
      },
    });
    const outcome = runUntilStopped(stoppable, { ...SOON, signals, note: () => {} });
    await settle();
    for (let times = 0; times < 4; times++) signals.emit('SIGINT');
    await expect(outcome).resolves.toBe('forced');
    expect(forces).toEqual(['force']);
    expect(signals.eventNames()).toEqual([]);
  });

  test('what fails because it was forced is not an error of its own', async () => {
    const signals = new EventEmitter();
    let fail: (error: Error) => void = () => {};
    const stopping = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    const { stoppable } = service({
      stop: () => stopping,
      force: async () => fail(new Error('connection terminated')),
    });
    const outcome = runUntilStopped(stoppable, { ...SOON, signals, note: () => {} });
    await settle();
    signals.emit('SIGINT');
    signals.emit('SIGINT');
    await expect(outcome).resolves.toBe('forced');
  });

  test('it ended in time after all: not forced', async () => {
    const signals = new EventEmitter();
    let end: () => void = () => {};
    const stopping = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { stoppable } = service({ stop: () => stopping, force: async () => end() });
    const outcome = runUntilStopped(stoppable, { ...SOON, forceLimitMs: 10_000, signals, note: () => {} });
    await settle();
    signals.emit('SIGINT');
    signals.emit('SIGINT');
    await expect(outcome).resolves.toBe('ended');
  });

  test('two signals at once, as `npm run` passes Ctrl-C on, are one', async () => {
    const signals = new EventEmitter();
    const forces: string[] = [];
    let end: () => void = () => {};
    const stopping = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { stoppable } = service({
      stop: () => stopping,
      force: async () => {
        forces.push('force');
      },
    });
    const outcome = runUntilStopped(stoppable, { ...SOON, sameSignalMs: 5_000, signals, note: () => {} });
    await settle();
    signals.emit('SIGINT');
    signals.emit('SIGINT');
    end();
    await expect(outcome).resolves.toBe('ended');
    expect(forces).toEqual([]);
  });

  test('a drain that never ends is given up', async () => {
    const signals = new EventEmitter();
    const { stoppable } = service({ stop: () => NEVER });
    const outcome = runUntilStopped(stoppable, { ...SOON, drainLimitMs: 20, signals, note: () => {} });
    await settle();
    signals.emit('SIGTERM');
    await expect(outcome).resolves.toBe('forced');
  });
});

test('abortOnSignal aborts at the first signal and lets go of the rest', () => {
  const signals = new EventEmitter();
  const stop = abortOnSignal(signals);
  expect(stop.signal.aborted).toBe(false);
  signals.emit('SIGINT');
  expect(stop.signal.aborted).toBe(true);
  stop.ended();
  expect(signals.eventNames()).toEqual([]);
});
