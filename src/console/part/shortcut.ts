/**
 * Calls `handle` at a key without modifiers, unless somebody is writing or a dialog is open; returns how to end it.
 * For `useLayoutEffect`: what is seen answers keys.
 */
export function onKey(key: string, handle: (event: KeyboardEvent) => void): () => void {
  const listener = (event: KeyboardEvent): void => {
    if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isWriting(event.target) || document.querySelector('dialog:modal') !== null) return;
    handle(event);
  };
  document.addEventListener('keydown', listener);
  return () => document.removeEventListener('keydown', listener);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}
