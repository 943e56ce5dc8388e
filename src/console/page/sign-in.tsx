import { useRef, useState } from 'preact/hooks';
import { ErrorNotice } from '../part/error-notice.tsx';
import { Wordmark } from '../part/icon.tsx';
import { signIn } from '../state/session.ts';

/** Takes a token. The address stays, so that the page that was asked for is shown next. */
export function SignIn() {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token === '') return;
    setBusy(true);
    signIn(token).catch((failure: unknown) => {
      setError(failure);
      setBusy(false);
      field.current?.select();
    });
  };
  return (
    <main class="alone">
      <form class="card sign-in" onSubmit={submit}>
        <Wordmark />
        <h1>Sign in</h1>
        <label for="token">Access token</label>
        <input
          ref={field}
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          placeholder="rt_…"
          aria-describedby="token-help"
          autofocus
          required
        />
        <p id="token-help" class="dim">
          An operator makes one with <code>rowtrail token create</code>. It is exchanged for a cookie that lasts 12
          hours.
        </p>
        {error === null ? null : <ErrorNotice error={error} />}
        <button class="button primary" type="submit" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
