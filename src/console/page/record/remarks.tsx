import { call } from '../../api/client.ts';
import { Ago } from '../../part/ago.tsx';
import { actorOf } from '../../state/entry-text.ts';
import { entryHref } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import type { RecordPlace } from '../record.tsx';

const LIMIT = 50;

/** What people said about entries of the record; nothing is shown where nobody did. */
export function Remarks({ place: { source, table, key } }: { readonly place: RecordPlace }) {
  const loadable = useLoadable(JSON.stringify([source, table, key]), (signal) =>
    call('GET /activity', {
      query: { source, table, record: key, action: 'comment', limit: LIMIT },
      signal,
    }),
  );
  const comments = loadable.data?.data ?? [];
  if (comments.length === 0) return null;
  return (
    <section class="card remarks" aria-labelledby="remarks-title">
      <h2 id="remarks-title">Comments</h2>
      <ol class="comments">
        {comments.map((comment) => (
          <li key={comment.id}>
            <p>
              <b>{actorOf(comment)?.name ?? comment.api?.token ?? 'somebody'}</b>{' '}
              <a href={entryHref(comment.id)}>
                <Ago time={comment.timestamp} />
              </a>
            </p>
            <p class="comment-text">{comment.comment}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
