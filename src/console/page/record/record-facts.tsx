import { Ago } from '../../part/ago.tsx';
import { UserName, userTerm } from '../../part/user-name.tsx';
import { recordText } from '../../state/entry-text.ts';
import { timelineHref } from '../../state/filter.ts';
import { timeText } from '../../state/time.ts';
import type { RecordDetail } from '../record.tsx';

/** When it came to be, what happened last, and who touched it. */
export function RecordFacts({ record }: { readonly record: RecordDetail }) {
  const { created, first_change: first, last_change: last, revisions, keys, source, record: key } = record;
  const formerKeys = keys.filter((each) => each !== key);
  return (
    <dl class="fact-strip">
      <div>
        <dt>Source</dt>
        <dd>{source}</dd>
      </div>
      <div>
        <dt>{created === null ? 'First entry' : 'Created'}</dt>
        <dd>
          {first === null ? 'not recorded' : <Ago time={first.timestamp} />}
          {created === null && first !== null ? <div class="dim">It was there before.</div> : null}
        </dd>
      </div>
      <div>
        <dt>Last change</dt>
        <dd>{last === null ? 'none' : <Ago time={last.timestamp} />}</dd>
      </div>
      <div>
        <dt>Entries</dt>
        <dd>
          {revisions.value.toLocaleString()}
          {revisions.exact ? '' : '+'}
        </dd>
      </div>
      <Actors record={record} />
      {formerKeys.length === 0 ? null : (
        <div>
          <dt>Other keys it had</dt>
          <dd>{formerKeys.map(recordText).join(', ')}</dd>
        </div>
      )}
    </dl>
  );
}

const SHOWN_ACTORS = 6;

function Actors({ record: { actors, schema, table, record } }: { readonly record: RecordDetail }) {
  const of = [
    { key: 'table', value: `${schema}.${table}`, negated: false },
    { key: 'record', value: record, negated: false },
  ];
  return (
    <div>
      <dt>Changed by{actors.exact ? '' : ', lately'}</dt>
      <dd>
        <ul class="actors">
          {actors.data.slice(0, SHOWN_ACTORS).map((actor) => (
            <li key={actor.id}>
              <UserName user={actor} />{' '}
              <a
                class="dim"
                href={timelineHref([...of, userTerm(actor)], { from: null, to: null })}
                title={`${timeText(actor.first)} – ${timeText(actor.last)}`}
                aria-label={`${actor.count.toLocaleString()} entries in the Timeline`}
              >
                ×{actor.count.toLocaleString()}
              </a>
            </li>
          ))}
          {actors.data.length > SHOWN_ACTORS ? <li class="dim">and {actors.data.length - SHOWN_ACTORS} more</li> : null}
        </ul>
      </dd>
    </div>
  );
}
