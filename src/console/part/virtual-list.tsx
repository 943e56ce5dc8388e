import {
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  windowScroll,
  measureElement,
} from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';

export interface VirtualListProps<Row> {
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Pixels, until it has been shown. */
  readonly heightOf: (row: Row) => number;
  readonly children: (row: Row, index: number) => ComponentChildren;
  /** Called when the end comes near. */
  readonly onEnd?: () => void;
  /** The row that is to be seen; -1: none. */
  readonly reveal?: number;
  readonly label: string;
}

/** Rows below the head of the page that stays in place. */
const HEAD_PX = 60;
const OVERSCAN = 12;
const NEAR_END_ROWS = 30;

/**
 * A list in the page's own scrolling, of which only what is near the window exists: ten thousand rows stay smooth. Paper has
 * no window: all rows that are loaded are printed.
 */
export function VirtualList<Row>({
  rows,
  keyOf,
  heightOf,
  children,
  onEnd,
  reveal = -1,
  label,
}: VirtualListProps<Row>) {
  const [, showAgain] = useReducer((turn: number) => turn + 1, 0);
  const root = useRef<HTMLOListElement>(null);
  const margin = useRef(0);
  const made = useRef<Virtualizer<Window, HTMLLIElement> | null>(null);
  const options = {
    count: rows.length,
    getScrollElement: () => window,
    estimateSize: (index: number) => heightOf(rows[index] as Row),
    getItemKey: (index: number) => keyOf(rows[index] as Row),
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    measureElement,
    overscan: OVERSCAN,
    scrollMargin: margin.current,
    scrollPaddingStart: HEAD_PX,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    onChange: () => showAgain(undefined),
  };
  made.current ??= new Virtualizer<Window, HTMLLIElement>(options);
  const virtualizer = made.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => {
    virtualizer._willUpdate();
    const top = (root.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    if (Math.abs(top - margin.current) < 1) return;
    margin.current = top;
    showAgain(undefined);
  });
  useLayoutEffect(() => {
    if (reveal >= 0) virtualizer.scrollToIndex(reveal, { align: 'auto' });
  }, [reveal, virtualizer]);
  const isPrinting = useIsPrinting();
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useLayoutEffect(() => {
    if (onEnd !== undefined && last >= rows.length - NEAR_END_ROWS) onEnd();
  }, [last, rows.length, onEnd]);
  if (isPrinting) {
    return (
      <ol class="printed" aria-label={label}>
        {rows.map((row, index) => (
          <li key={keyOf(row)}>{children(row, index)}</li>
        ))}
      </ol>
    );
  }
  return (
    <ol ref={root} class="virtual" aria-label={label} style={{ height: `${virtualizer.getTotalSize()}px` }}>
      {items.map(({ index, key, start }) => (
        <li
          key={key}
          ref={virtualizer.measureElement}
          data-index={index}
          aria-setsize={rows.length}
          aria-posinset={index + 1}
          style={{ transform: `translateY(${start - margin.current}px)` }}
        >
          {children(rows[index] as Row, index)}
        </li>
      ))}
    </ol>
  );
}

/** https://developer.mozilla.org/docs/Web/API/Window/beforeprint_event */
function useIsPrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false);
  useLayoutEffect(() => {
    const begin = (): void => setPrinting(true);
    const end = (): void => setPrinting(false);
    window.addEventListener('beforeprint', begin);
    window.addEventListener('afterprint', end);
    return () => {
      window.removeEventListener('beforeprint', begin);
      window.removeEventListener('afterprint', end);
    };
  }, []);
  return isPrinting;
}
