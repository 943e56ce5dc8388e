import { ApiError } from '../api/api-error.ts';
import { call } from '../api/client.ts';
import { Icon } from '../part/icon.tsx';
import { useLoadable } from '../state/loadable.ts';
import { me, signOut } from '../state/session.ts';

/** For a role that may see nothing. The server says whom to ask. */
export function RefusedAll() {
  const { error, loading } = useLoadable('refusal', (signal) => call('GET /status', { signal }));
  return loading ? null : <Refused error={error} isAll />;
}

/** Shown in place of what the caller may not see, with whom to ask. `error`: the refusal. */
export function Refused({ error, isAll = false }: { readonly error: unknown; readonly isAll?: boolean }) {
  const problem = error instanceof ApiError ? error.problem : null;
  const contact = problem?.contact;
  const needed = problem?.role ?? 'viewer';
  return (
    <div class="alone">
      <div class="card">
        <h1>
          <Icon name="lock" /> You may not see this
        </h1>
        <p>
          {me.value === null ? '' : `You are signed in as ${me.value.name}, with the role ${me.value.role}. `}
          This takes the role {needed}
          {me.value?.tables === null ? '' : ', for all tables'}.
        </p>
        <p>
          {contact === undefined ? (
            'Ask whoever runs Rowtrail here for access.'
          ) : (
            <>
              Ask <ContactLink contact={contact} /> for access.
            </>
          )}
        </p>
        <p class="row">
          {isAll ? null : (
            <a class="button" href="/timeline">
              Back to the Timeline
            </a>
          )}
          <button class="button" type="button" onClick={() => void signOut()}>
            Sign in with another token
          </button>
        </p>
      </div>
    </div>
  );
}

function ContactLink({ contact }: { readonly contact: string }) {
  const href = /^[^\s@]+@[^\s@]+$/.test(contact) ? `mailto:${contact}` : /^https?:\/\//.test(contact) ? contact : null;
  return href === null ? <strong>{contact}</strong> : <a href={href}>{contact}</a>;
}
