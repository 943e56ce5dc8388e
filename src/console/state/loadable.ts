import { useEffect, useRef, useState } from 'preact/hooks';
import { isAbort } from '../api/client.ts';

/** Something that is asked for. While it is asked for again, and when that fails, what there was stays. */
export interface Loadable<T> {
  readonly data: T | null;
  readonly error: unknown;
  readonly loading: boolean;
  /** Asks again. */
  readonly reload: () => void;
}

interface State<T> {
  /** What is being asked for, or was: while a component wants something else already, its answer is on its way. */
  readonly asked: string | null;
  readonly data: T | null;
  readonly error: unknown;
  readonly loading: boolean;
}

/**
 * Loads when the component is first shown and whenever `key` changes, and aborts what is under way then. `key` names
 * everything that the answer depends on; null: nothing is loaded. With `forget`, another key's data are not shown
 * while its own are on their way.
 */
export function useLoadable<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  { forget = false }: { readonly forget?: boolean } = {},
): Loadable<T> {
  const [state, setState] = useState<State<T>>({ asked: null, data: null, error: null, loading: key !== null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    setState((before) => ({
      asked: key,
      data: forget && before.asked !== key ? null : before.data,
      error: null,
      loading: true,
    }));
    latest.current(controller.signal).then(
      (data) => {
        if (!controller.signal.aborted) setState({ asked: key, data, error: null, loading: false });
      },
      (error: unknown) => {
        if (isAbort(error) || controller.signal.aborted) return;
        setState((before) => ({ ...before, error, loading: false }));
      },
    );
    return () => controller.abort();
  }, [key, turn, forget]);
  const { asked, data, error, loading } = state;
  // An effect comes a frame late: nobody may act on an old answer meanwhile as if it were that of the new key.
  const late = key !== null && asked !== key;
  return {
    data: late && forget ? null : data,
    error: late ? null : error,
    loading: late || loading,
    reload: () => setTurn((before) => before + 1),
  };
}

/** A list that comes page by page. */
export interface PagedList<Row, Meta> {
  readonly rows: readonly Row[];
  /** What `key` was when these rows were asked for: while other ones are on their way, the old ones stay. */
  readonly loadedKey: string | null;
  /** Of the page that came last; null before the first. */
  readonly meta: Meta | null;
  readonly error: unknown;
  readonly loading: boolean;
  /** There is another page. */
  readonly hasMore: boolean;
  readonly loadMore: () => void;
  /** From the first page on. */
  readonly reload: () => void;
  /** Puts rows before the first. */
  readonly prepend: (rows: readonly Row[]) => void;
}

interface Page<Row, Meta> {
  readonly data: readonly Row[];
  readonly meta: Meta & { readonly next: string | null };
}

/** `load` gets the cursor of the page: null for the first. `key` is as for `useLoadable`. */
export function usePagedList<Row, Meta>(
  key: string,
  load: (cursor: string | null, signal: AbortSignal) => Promise<Page<Row, Meta>>,
): PagedList<Row, Meta> {
  type List = {
    loadedKey: string | null;
    rows: readonly Row[];
    meta: (Meta & { next: string | null }) | null;
    error: unknown;
    loading: boolean;
  };
  const [list, setList] = useState<List>({ loadedKey: null, rows: [], meta: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const running = useRef<AbortController | null>(null);

  const fetchPage = (cursor: string | null): void => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setList((before) => ({ ...before, error: null, loading: true }));
    latest.current(cursor, controller.signal).then(
      ({ data, meta }) => {
        if (controller.signal.aborted) return;
        running.current = null;
        setList((before) => ({
          loadedKey: key,
          rows: cursor === null ? data : [...before.rows, ...data],
          meta,
          error: null,
          loading: false,
        }));
      },
      (error: unknown) => {
        if (isAbort(error) || controller.signal.aborted) return;
        running.current = null;
        setList((before) => ({ ...before, error, loading: false }));
      },
    );
  };
  useEffect(() => {
    fetchPage(null);
    return () => running.current?.abort();
  }, [key, turn]);

  const next = list.meta?.next ?? null;
  return {
    ...list,
    hasMore: next !== null,
    loadMore() {
      if (next !== null && running.current === null && list.loadedKey === key) fetchPage(next);
    },
    reload: () => setTurn((before) => before + 1),
    prepend: (rows) => setList((before) => ({ ...before, rows: [...rows, ...before.rows] })),
  };
}
