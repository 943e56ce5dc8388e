import { computed, signal } from '@preact/signals';

const href = signal(window.location.href);

/** The page's address. Components that read it are shown again when it changes. */
export const location = computed(() => new URL(href.value));

window.addEventListener('popstate', () => {
  href.value = window.location.href;
});

/** Goes to a path of the console, query included. `replace` leaves no step behind in the browser's history. */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const target = new URL(to, href.value);
  if (target.href === href.value) return;
  const before = location.value;
  const isTurned = target.pathname !== before.pathname && !(isTimeline(target) && isTimeline(before));
  if (replace) window.history.replaceState(null, '', target);
  else window.history.pushState(null, '', target);
  href.value = target.href;
  if (isTurned && !replace) window.scrollTo(0, 0);
}

/** Links within the console do not load it anew; modifier keys, downloads and other targets are left to the browser. */
export function followLinks(isOwn: (path: string) => boolean): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.origin !== window.location.origin || link.target !== '') return;
    if (link.hasAttribute('download') || !isOwn(link.pathname)) return;
    event.preventDefault();
    navigate(link.href);
  });
}

/** What the address has for a parameter; null if it has none. */
export function parameter(name: string): string | null {
  return location.value.searchParams.get(name);
}

/** The present address with other parameters: null removes one. */
export function withParameters(changes: Readonly<Record<string, string | null>>): string {
  const url = new URL(location.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

/** An entry lies over the Timeline: opening it leaves that where it was. */
function isTimeline({ pathname }: URL): boolean {
  return pathname === '/' || pathname === '/timeline' || pathname.startsWith('/entry/');
}
