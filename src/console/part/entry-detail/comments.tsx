import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { actorOf } from '../../state/entry-text.ts';
import { useLoadable } from '../../state/loadable.ts';
import { mayRevert, me } from '../../state/session.ts';
import { agoText, timeText } from '../../state/time.ts';
import { ErrorNotice } from '../error-notice.tsx';
import { Loaded } from '../loaded.tsx';

const LIMIT = 200;

/** What people said about the entry, and, for who may, a field to say more. */
export function Comments({ id }: { readonly id: string }) {
  const loadable = useLoadable(id, (signal) =>
    call('GET /activity/{id}/comments', { path: { id }, query: { limit: LIMIT }, signal }),
  );
  return (
    <>
      <Loaded of={loadable} lines={2}>
        {({ data }) =>
          data.length === 0 ? (
            <p class="dim">No comments.</p>
          ) : (
            <ol class="comments">
              {data.map((comment) => (
                <li key={comment.id}>
                  <p>
                    <b>{actorOf(comment)?.name ?? comment.api?.token ?? 'somebody'}</b>{' '}
                    <time class="dim" dateTime={comment.timestamp} title={timeText(comment.timestamp)}>
                      {agoText(comment.timestamp)}
                    </time>
                  </p>
                  <p class="comment-text">{comment.comment}</p>
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
      {mayRevert.value ? <CommentForm id={id} onDone={loadable.reload} /> : null}
    </>
  );
}

function CommentForm({ id, onDone }: { readonly id: string; readonly onDone: () => void }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const name = me.value?.name ?? 'console';
      await call('POST /activity/{id}/comments', {
        path: { id },
        body: { comment: text.trim(), user: { id: name, name } },
      });
      setText('');
      onDone();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="comment-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') void submit();
      }}
    >
      <textarea
        aria-label="Comment"
        placeholder="What should others know about this?"
        rows={2}
        maxLength={8192}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      {error === null ? null : <ErrorNotice error={error} />}
      <button class="button" type="submit" disabled={isBusy || text.trim() === ''}>
        Comment
      </button>
    </form>
  );
}
