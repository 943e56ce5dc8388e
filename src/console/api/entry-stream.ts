import { API_BASE, queryText } from './client.ts';
import { parseExactJson } from './exact-json.ts';
import type { Entry } from './schema.ts';

export interface EntryStreamOptions {
  readonly query: Parameters<typeof queryText>[0];
  /** It begins behind this entry; null: with what is new. */
  readonly after: string | null;
  readonly signal: AbortSignal;
  readonly onEntry: (entry: Entry) => void;
  /** Whether it is connected. */
  readonly onState: (isConnected: boolean) => void;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Reads entries as they come, until the signal. A stream that breaks is taken up again behind its last entry. The
 * platform's EventSource can't say where to begin.
 */
export async function readEntryStream({ query, after, signal, onEntry, onState }: EntryStreamOptions): Promise<void> {
  let lastId = after;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const headers = lastId === null ? {} : { 'last-event-id': lastId };
      const response = await fetch(`${API_BASE}/activity/stream${queryText(query)}`, { headers, signal });
      if (!response.ok || response.body === null) throw new Error(`the stream answered with ${response.status}`);
      onState(true);
      pauseMs = FIRST_PAUSE_MS;
      for await (const { id, data } of eventsOf(response.body)) {
        lastId = id;
        onEntry(parseExactJson(data) as unknown as Entry);
      }
    } catch {
      // Tried again below.
    }
    if (signal.aborted) return;
    onState(false);
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream, as far as ours goes. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<{ id: string; data: string }> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  let id = '';
  let data: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('id: ')) id = line.slice(4);
      else if (line.startsWith('data: ')) data.push(line.slice(6));
      else if (line === '' && data.length > 0) {
        yield { id, data: data.join('\n') };
        data = [];
      }
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
