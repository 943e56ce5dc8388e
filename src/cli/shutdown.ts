import { RowtrailError } from '../lib/errors.ts';

/** How long the first signal waits for an orderly end. */
export const DRAIN_LIMIT_MS = 60_000;
/** How much longer a second signal waits. */
export const FORCE_LIMIT_MS = 5_000;
/** Ctrl-C under `npm run` arrives twice, from the terminal and from npm: signals this close are one. */
export const SAME_SIGNAL_MS = 400;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Stoppable {
  /** Resolves when it runs; if it rejects, `stop` is called all the same. */
  start(): Promise<void>;
  /** Resolves when it has ended, rejects when it failed. */
  run(): Promise<void>;
  /** An orderly end, also while it is starting. Resolves when nothing is left running. */
  stop(): Promise<void>;
  /** Ends at once what would outlive this process, whatever `stop` is waiting for. */
  force?(): Promise<void>;
}

export interface ShutdownOptions {
  readonly signals?: NodeJS.EventEmitter;
  /** For people: that it is stopping. */
  readonly note: (line: string) => void;
  readonly drainLimitMs?: number;
  readonly forceLimitMs?: number;
  readonly sameSignalMs?: number;
}

/** Aborts at the first signal; `ended` must be called when nothing needs it any more. */
export function abortOnSignal(signals: NodeJS.EventEmitter = process): { signal: AbortSignal; ended: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const name of SIGNALS) signals.on(name, abort);
  return {
    signal: controller.signal,
    ended: () => {
      for (const name of SIGNALS) signals.off(name, abort);
    },
  };
}

/**
 * Runs a service until it ends or a signal ends it. The first signal drains. A second one forces:
 * the service gets `forceLimitMs` more, then what is left of it is given up: 'forced'. Rejects with
 * the service's own failure, after `stop`.
 */
export async function runUntilStopped(service: Stoppable, options: ShutdownOptions): Promise<'ended' | 'forced'> {
  const shutdown = listen(service, options);
  const serving = serve(service, shutdown.requested);
  try {
    return await Promise.race([serving, shutdown.givenUp]);
  } catch (error) {
    // What fails because its parts were torn away says nothing that anyone can act on.
    if (shutdown.isForced()) return await shutdown.givenUp;
    throw error;
  } finally {
    shutdown.close();
  }
}

/**
 * Waits for work that should not be broken off half done, in spite of a first signal. A second one
 * gives it up: RT_SETUP_FAILED.
 */
export async function runToEnd<Result>(
  work: Promise<Result>,
  options: Pick<ShutdownOptions, 'signals' | 'note' | 'sameSignalMs'> & { readonly what: string },
): Promise<Result> {
  const { signals = process, note, what } = options;
  let firstAt: number | undefined;
  let giveUp: (error: Error) => void = () => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const onSignal = (): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      note(`rowtrail: ${what} goes on to its end, so that nothing is left half done; once more breaks it off`);
    } else if (performance.now() - firstAt > (options.sameSignalMs ?? SAME_SIGNAL_MS)) {
      giveUp(
        new RowtrailError('RT_SETUP_FAILED', `${what} was broken off, and may be half done`, {
          hint: `Run \`rowtrail ${what}\` again: it finishes what is left to do.`,
        }),
      );
    }
  };
  for (const name of SIGNALS) signals.on(name, onSignal);
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    for (const name of SIGNALS) signals.off(name, onSignal);
  }
}

async function serve(service: Stoppable, requested: AbortSignal): Promise<'ended'> {
  const stopRequested = aborted(requested);
  // While it starts, too: `start` then ends early or `stop` waits for it, as the service sees fit.
  stopRequested.then(() => service.stop()).catch(() => {});
  try {
    await service.start();
    await Promise.race([service.run(), stopRequested]);
  } catch (error) {
    await service.stop().catch(() => {});
    throw error;
  }
  await service.stop();
  return 'ended';
}

interface Listener {
  readonly requested: AbortSignal;
  /** Resolves when the time for an orderly end is over. */
  readonly givenUp: Promise<'forced'>;
  isForced(): boolean;
  close(): void;
}

function listen(service: Stoppable, options: ShutdownOptions): Listener {
  const { signals = process, note } = options;
  const requested = new AbortController();
  let firstAt: number | undefined;
  let forced = false;
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (outcome: 'forced') => void = () => {};
  const givenUp = new Promise<'forced'>((resolve) => {
    giveUp = resolve;
  });
  const giveUpIn = (limitMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => giveUp('forced'), limitMs);
  };
  const force = async (): Promise<void> => {
    clearTimeout(timer);
    await service.force?.().catch(() => {});
    giveUpIn(options.forceLimitMs ?? FORCE_LIMIT_MS);
  };
  const onSignal = (): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      note('rowtrail: stopping; once more to stop at once');
      giveUpIn(options.drainLimitMs ?? DRAIN_LIMIT_MS);
      requested.abort();
    } else if (!forced && performance.now() - firstAt > (options.sameSignalMs ?? SAME_SIGNAL_MS)) {
      forced = true;
      void force();
    }
  };
  for (const name of SIGNALS) signals.on(name, onSignal);
  return {
    requested: requested.signal,
    givenUp,
    isForced: () => forced,
    close: () => {
      clearTimeout(timer);
      for (const name of SIGNALS) signals.off(name, onSignal);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
