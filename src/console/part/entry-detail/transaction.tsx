import type { EntryAnswer } from '../../api/schema.ts';
import { recordText, tableName, verbOf } from '../../state/entry-text.ts';
import { entryHref, timelineHref } from '../../state/filter.ts';
import { mayRevert } from '../../state/session.ts';
import { timeText } from '../../state/time.ts';
import { actionIcon, Icon } from '../icon.tsx';
import { openRevert } from '../../state/revert-order.ts';

/** What else was done in the same transaction, and what the database knows of it. */
export function Transaction({ entry }: { readonly entry: EntryAnswer['data'] }) {
  const { transaction, siblings } = entry;
  if (transaction === null) return <p class="dim">It belongs to no transaction of a database.</p>;
  return (
    <>
      <dl class="facts">
        <dt>Committed</dt>
        <dd>{timeText(entry.timestamp)}</dd>
        <dt>Transaction</dt>
        <dd class="mono">
          {transaction.xid} at {transaction.lsn}
        </dd>
        <dt>Place in it</dt>
        <dd>
          {transaction.ordinal === null ? 'not yours to see' : transaction.ordinal + 1}
          {transaction.size === null ? '' : ` of ${transaction.size.toLocaleString()}`}
        </dd>
      </dl>
      <p class="row">
        <a
          class="button"
          href={timelineHref([{ key: 'tx', value: transaction.id, negated: false }], { from: null, to: null })}
        >
          Show all of it
        </a>
        {mayRevert.value ? (
          <button
            class="button"
            type="button"
            onClick={() => openRevert({ target: { transaction: transaction.id }, what: 'the whole transaction' })}
          >
            <Icon name="revert" /> Undo all of it…
          </button>
        ) : null}
      </p>
      <ol class="siblings">
        {siblings.data.map((sibling) => (
          <li key={sibling.id}>
            <Icon name={actionIcon(sibling.action)} />{' '}
            <a href={entryHref(sibling.id)}>
              {verbOf(sibling.action)} {tableName(sibling)} {recordText(sibling.record)}
            </a>{' '}
            <span class="dim">{sibling.changed.join(', ')}</span>
          </li>
        ))}
      </ol>
      {siblings.total > siblings.data.length ? (
        <p class="dim">
          {siblings.data.length} of {siblings.total.toLocaleString()} others, the nearest.
        </p>
      ) : null}
    </>
  );
}
