import { useEffect } from 'preact/hooks';
import { RefusedAll } from './page/refused.tsx';
import { matchRoute, titleOf } from './page/route-table.ts';
import { SignIn } from './page/sign-in.tsx';
import { EntryDrawer } from './part/entry-detail/entry-drawer.tsx';
import { ErrorNotice } from './part/error-notice.tsx';
import { Help } from './part/help.tsx';
import { RevertDialog } from './part/undo/revert-dialog.tsx';
import { Shell } from './part/shell.tsx';
import { ValueMenu } from './part/value-menu.tsx';
import { location } from './state/location.ts';
import { isSignInNeeded, loadSession, mayRead, me, sessionError } from './state/session.ts';

/** What there is to see depends on who looks: the sign-in, a refusal, or the page of the address in the shell. */
export function App() {
  if (isSignInNeeded.value) return <SignIn />;
  if (sessionError.value !== null) {
    return (
      <main class="alone">
        <ErrorNotice error={sessionError.value} onRetry={() => void loadSession()} />
      </main>
    );
  }
  if (me.value === null) return <main class="alone" aria-busy="true" />;
  if (!mayRead.value) {
    return (
      <main>
        <RefusedAll />
      </main>
    );
  }
  return (
    <Shell>
      <Page />
      <EntryDrawer />
      <ValueMenu />
      <RevertDialog />
      <Help />
    </Shell>
  );
}

function Page() {
  const found = matchRoute(location.value.pathname);
  const title = found === null ? 'Nothing here' : titleOf(found);
  useEffect(() => {
    document.title = `${title} · Rowtrail`;
  }, [title]);
  if (found === null) {
    return (
      <div class="empty">
        <h1>There is nothing at this address</h1>
        <a class="button" href="/timeline">
          Go to the Timeline
        </a>
      </div>
    );
  }
  const { page: Shown } = found.route;
  return <Shown {...found.values} />;
}
