import { effect, signal, type Signal } from '@preact/signals';

/** What this browser remembers, as JSON under `rowtrail.<name>`. Where it may keep nothing, it lasts as long as the page. */
export function preference<T>(name: string, initial: T): Signal<T> {
  const key = `rowtrail.${name}`;
  const value = signal<T>((read(key) as T | null) ?? initial);
  effect(() => write(key, value.value));
  return value;
}

export type Theme = 'system' | 'light' | 'dark';

export const theme = preference<Theme>('theme', 'system');

effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset['theme'];
  else dataset['theme'] = theme.value;
});

function read(key: string): unknown {
  try {
    return JSON.parse(window.localStorage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    window.localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden.
  }
}
