import { effect, signal } from '@preact/signals';
import { call } from '../api/client.ts';
import type { StatusAnswer } from '../api/schema.ts';
import { mayRead } from './session.ts';

export type Status = StatusAnswer['data'];
export type SourceStatus = Status['sources'][number];

const POLL_MS = 5000;

export const status = signal<Status | null>(null);
/** Why the last question was not answered; null: it was. */
export const statusError = signal<unknown>(null);

/** Asks again and again, while somebody looks and may. */
export function watchStatus(): void {
  effect(() => {
    if (!mayRead.value) return undefined;
    const timer = setInterval(() => void ask(), POLL_MS);
    const onShow = (): void => void ask();
    document.addEventListener('visibilitychange', onShow);
    void ask();
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onShow);
    };
  });
}

async function ask(): Promise<void> {
  if (document.hidden) return;
  try {
    status.value = (await call('GET /status')).data;
    statusError.value = null;
  } catch (error) {
    statusError.value = error;
  }
}
