import { useEffect, useRef, useState } from 'preact/hooks';
import { readEntryStream } from '../../api/entry-stream.ts';
import type { Entry } from '../../api/schema.ts';
import { preference } from '../../state/preference.ts';

/** Whether new entries are waited for. */
export const isLive = preference('live', true);

/** More are not held: the list is asked for anew instead. */
const MAX_HELD = 1000;

export interface Live {
  /** New entries, the newest first, that the list does not show yet. */
  readonly held: readonly Entry[];
  readonly isConnected: boolean;
  /** There are more new ones than are held. */
  readonly isOverfull: boolean;
  /** Forgets what is held. */
  readonly clear: () => void;
}

/** `key` names the filter; `after`: the newest entry that is listed; undefined: nothing is read yet. */
export function useLive(
  key: string,
  query: Parameters<typeof readEntryStream>[0]['query'],
  after: string | null | undefined,
): Live {
  const [held, setHeld] = useState<readonly Entry[]>([]);
  const [isConnected, setConnected] = useState(false);
  const begin = useRef(after);
  begin.current = after;
  const isReady = after !== undefined;
  useEffect(() => {
    setHeld([]);
    if (!isReady) return undefined;
    const controller = new AbortController();
    void readEntryStream({
      query,
      after: begin.current ?? null,
      signal: controller.signal,
      onState: setConnected,
      onEntry: (entry) => setHeld((before) => [entry, ...before].slice(0, MAX_HELD)),
    });
    return () => {
      controller.abort();
      setConnected(false);
    };
  }, [key, isReady]);
  return { held, isConnected, isOverfull: held.length >= MAX_HELD, clear: () => setHeld([]) };
}
