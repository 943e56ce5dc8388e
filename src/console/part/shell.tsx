import type { ComponentChildren } from 'preact';
import { ROUTES, matchRoute } from '../page/route-table.ts';
import { location } from '../state/location.ts';
import { pageHref } from '../state/filter.ts';
import { me, signOut } from '../state/session.ts';
import { openHelp } from './help.tsx';
import { Wordmark } from './icon.tsx';
import { CaptureBadge, CaptureBanner } from './capture-badge.tsx';
import { ThemeToggle } from './theme-toggle.tsx';
import { ZonePicker } from './zone-picker.tsx';

/** Head, tabs and status around every page. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const active = tabOf(location.value.pathname);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="head">
        <a class="home" href={pageHref('/timeline')} aria-label="Rowtrail">
          <Wordmark />
        </a>
        <nav class="tabs" aria-label="Pages">
          {ROUTES.map(({ path, tab }) =>
            tab === undefined ? null : (
              <a key={path} href={pageHref(path)} aria-current={path === active ? 'page' : undefined}>
                {tab}
              </a>
            ),
          )}
        </nav>
        <div class="head-tools">
          <CaptureBadge />
          <ZonePicker />
          <ThemeToggle />
          <button class="button plain" type="button" onClick={openHelp} aria-label="Keyboard and search help">
            ?
          </button>
          {me.value?.token_id === null ? null : (
            <button
              class="button plain"
              type="button"
              onClick={() => void signOut()}
              title={`Signed in as ${me.value?.name}`}
            >
              Sign out
            </button>
          )}
        </div>
      </header>
      <CaptureBanner />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** The tab that a page belongs to: the one whose path its own begins with. */
function tabOf(pathname: string): string {
  const path = matchRoute(pathname)?.route.path ?? '';
  const tab = ROUTES.find(
    (route) => route.tab !== undefined && (path === route.path || path.startsWith(`${route.path}/`)),
  );
  return tab?.path ?? '/timeline';
}
