import { useEffect, useState } from 'preact/hooks';
import { call } from '../api/client.ts';
import type { Operations } from '../api/schema.ts';
import { formatTerm, QUERY_KEYS } from '../state/query-text.ts';

export interface Suggestion {
  /** What the field would hold. */
  readonly text: string;
  readonly label: string;
  /** It is a whole term; otherwise a key that waits for its value. */
  readonly isWhole: boolean;
}

type SuggestedKey = Operations['GET /suggest']['query']['key'];
const KEYS_WITH_VALUES = [
  'source',
  'table',
  'user',
  'ip',
  'action',
  'field',
  'attribution',
  'is',
] as const satisfies readonly SuggestedKey[];

const DRAFT = /^(-?)(?:([\w-]+):)?("?)(.*?)"?$/su;
/** Between two keys pressed. */
const PAUSE_MS = 120;

/** What the draft of a term could become: keys, or values that there are. */
export function useSuggestions(draft: string, isWanted: boolean): readonly Suggestion[] {
  const [values, setValues] = useState<{ readonly draft: string; readonly list: readonly Suggestion[] }>({
    draft: '',
    list: [],
  });
  const [, sign = '', written, , prefix = ''] = DRAFT.exec(draft) ?? [];
  const key = KEYS_WITH_VALUES.find((each) => each === written);
  useEffect(() => {
    if (key === undefined || !isWanted) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      call('GET /suggest', { query: { key, prefix, limit: 8 }, signal: controller.signal }).then(
        ({ data }) => {
          const list = data.map(({ value, label }) => ({
            text: formatTerm({ key, value, negated: sign === '-' }),
            label: label ?? '',
            isWhole: true,
          }));
          setValues({ draft, list });
        },
        // What cannot be suggested can still be typed.
        () => {},
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [draft, key, isWanted]);
  if (!isWanted) return [];
  if (key !== undefined) return values.draft.startsWith(`${sign}${key}:`) ? values.list : [];
  if (written !== undefined) return [];
  return QUERY_KEYS.filter(([name]) => name.startsWith(prefix.toLowerCase())).map(([name, takes]) => ({
    text: `${sign}${name}:`,
    label: takes,
    isWhole: false,
  }));
}
