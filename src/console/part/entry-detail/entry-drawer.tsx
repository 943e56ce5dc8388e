import { useLayoutEffect, useRef } from 'preact/hooks';
import { API_BASE, call } from '../../api/client.ts';
import { exactJsonText } from '../../api/exact-json.ts';
import type { EntryAnswer } from '../../api/schema.ts';
import { undoSql } from '../../diff/undo-sql.ts';
import { qualifiedTable, recordText, REVERTIBLE, tableName, verbOf } from '../../state/entry-text.ts';
import { closedHref, entryHref, openEntry, recordHref } from '../../state/filter.ts';
import { listedEntries } from '../../state/listed-entries.ts';
import { useLoadable } from '../../state/loadable.ts';
import { navigate } from '../../state/location.ts';
import { mayRevert } from '../../state/session.ts';
import { actionIcon, Icon } from '../icon.tsx';
import { Loaded } from '../loaded.tsx';
import { openRevert, revertCount } from '../../state/revert-order.ts';
import { onKey } from '../shortcut.ts';
import { Changes, WholeRow } from './changes.tsx';
import { Comments } from './comments.tsx';
import { CopyButton } from '../copy-button.tsx';
import { Origin } from './origin.tsx';
import { Proof } from './proof.tsx';
import { Tabs, type TabSpec } from './tabs.tsx';
import { Transaction } from './transaction.tsx';

type EntryDetail = EntryAnswer['data'];

/** The entry that the address names, over the page. */
export function EntryDrawer() {
  const id = openEntry.value;
  return id === null ? null : <Drawer id={id} />;
}

function Drawer({ id }: { readonly id: string }) {
  const drawer = useRef<HTMLElement>(null);
  const latest = useRef(id);
  latest.current = id;
  const loadable = useLoadable(`${id} ${revertCount.value}`, (signal) =>
    call('GET /activity/{id}', { path: { id }, signal }),
  );
  useLayoutEffect(() => {
    drawer.current?.focus({ preventScroll: true });
    const go = (by: 1 | -1): void => {
      const to = neighbour(by);
      if (to !== undefined) navigate(entryHref(to), { replace: true });
    };
    const ends = [onKey(']', () => go(1)), onKey('[', () => go(-1)), onKey('Escape', () => navigate(closedHref()))];
    return () => {
      for (const end of ends) end();
      // To where it was opened from, or would have been.
      document
        .querySelector<HTMLElement>(`[data-entry="${latest.current}"] .entry-link`)
        ?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <aside ref={drawer} class="drawer" aria-label={`Entry ${id}`} tabIndex={-1}>
      <div class="drawer-tools">
        <StepLink to={neighbour(-1)} name="Previous entry" icon="left" />
        <StepLink to={neighbour(1)} name="Next entry" icon="right" />
        <CopyButton name="Copy the link to this entry" label="Link" text={`${window.location.origin}/entry/${id}`} />
        <a class="button plain close" href={closedHref()} aria-label="Close the entry">
          <Icon name="close" />
        </a>
      </div>
      <Loaded of={loadable}>{({ data }) => (data.id === id ? <Detail key={id} entry={data} /> : null)}</Loaded>
    </aside>
  );
}

/** The entry before or behind the open one in the page's list. */
function neighbour(by: 1 | -1): string | undefined {
  const list = listedEntries.value;
  const at = list.indexOf(openEntry.value ?? '');
  return at < 0 ? undefined : list[at + by];
}

function StepLink({
  to,
  name,
  icon,
}: {
  readonly to: string | undefined;
  readonly name: string;
  readonly icon: 'left' | 'right';
}) {
  if (to === undefined) return null;
  return (
    <a class="button plain" href={entryHref(to)} aria-label={name} title={`${name} (${icon === 'left' ? '[' : ']'})`}>
      <Icon name={icon} />
    </a>
  );
}

function Detail({ entry }: { readonly entry: EntryDetail }) {
  const { action, source, record, comments, siblings } = entry;
  const sql = undoSql(entry);
  const tabs: TabSpec[] = [
    { name: 'Changes', content: () => <Changes entry={entry} /> },
    { name: 'Row', content: () => <WholeRow entry={entry} /> },
    { name: `Transaction (${(siblings.total + 1).toLocaleString()})`, content: () => <Transaction entry={entry} /> },
    { name: comments === 0 ? 'Comments' : `Comments (${comments})`, content: () => <Comments id={entry.id} /> },
    { name: 'Raw', content: () => <Raw entry={entry} /> },
    { name: 'Proof', content: () => <Proof entry={entry} /> },
  ];
  return (
    <>
      <h2 class={`drawer-title action ${actionIcon(action)}`}>
        <Icon name={actionIcon(action)} /> <span class="title-text">{verbOf(action)}</span>{' '}
        {record === null || source === null ? (
          tableName(entry)
        ) : (
          <a href={recordHref(source, qualifiedTable(entry), record)} title={record}>
            {tableName(entry)} {recordText(record)}
          </a>
        )}
      </h2>
      <Links title="This undoes" ids={entry.reverts} />
      <Links title="Undone by" ids={entry.reverted_by} />
      <Origin entry={entry} />
      <p class="row drawer-actions">
        {mayRevert.value && REVERTIBLE.has(action) ? (
          <button
            class="button primary"
            type="button"
            onClick={() =>
              openRevert({
                target: { entry: entry.id },
                what: `${verbOf(action)} ${tableName(entry)} ${recordText(record)}`,
              })
            }
          >
            <Icon name="revert" /> Undo…
          </button>
        ) : null}
        {sql === null ? null : <CopyButton name="Copy SQL that undoes this by hand" label="Undo as SQL" text={sql} />}
      </p>
      <Tabs label="About this entry" tabs={tabs} />
    </>
  );
}

function Links({ title, ids }: { readonly title: string; readonly ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <p class="notice linked">
      <Icon name="revert" />
      <span>
        {title}{' '}
        {ids.slice(0, 5).map((id) => (
          <a key={id} href={entryHref(id)}>
            entry {id}
          </a>
        ))}
        {ids.length > 5 ? ` and ${ids.length - 5} more` : ''}
      </span>
    </p>
  );
}

function Raw({ entry }: { readonly entry: EntryDetail }) {
  const { siblings: _, ...own } = entry;
  const text = exactJsonText(own, '  ');
  return (
    <>
      <p class="row">
        <CopyButton name="Copy the entry as JSON" label="Copy" text={text} />
        <a href={`${API_BASE}/activity/${entry.id}`} target="_blank" rel="noreferrer">
          as the interface gives it
        </a>
      </p>
      <pre class="raw">{text}</pre>
    </>
  );
}
