import type { ComponentChildren } from 'preact';
import { isJsonObject } from '../../api/exact-json.ts';
import type { Entry } from '../../api/schema.ts';
import { actionIcon, Icon } from '../../part/icon.tsx';
import { ShownValue } from '../../part/shown-value.tsx';
import { FilterValue, type ValueLink } from '../../part/value-menu.tsx';
import {
  actorOf,
  isDirect,
  operationText,
  qualifiedTable,
  recordText,
  schemaText,
  tableName,
  userIdOf,
  verbOf,
} from '../../state/entry-text.ts';
import { entryHref, recordHref, userHref } from '../../state/filter.ts';
import { clockText, timeText } from '../../state/time.ts';
import { ColumnCells } from './columns.tsx';
import { changedPlaces } from '../../diff/json-diff.ts';
import { groupParts, type Group } from './entry-rows.ts';

const SHOWN_CHANGES = 3;

export interface EntryRowProps {
  readonly entry: Entry;
  /** Who and where is said by the row of its transaction. */
  readonly isInGroup: boolean;
  readonly isCurrent: boolean;
}

/** One entry: icon and word, who did what to which record, old → new. */
export function EntryRow({ entry, isInGroup, isCurrent }: EntryRowProps) {
  return (
    <article class={`entry${isInGroup ? ' in-group' : ''}${isCurrent ? ' current' : ''}`} data-entry={entry.id}>
      <time class="cell-time" dateTime={entry.timestamp} title={timeText(entry.timestamp)}>
        {clockText(entry.timestamp)}
      </time>
      <ActionWord action={entry.action} />
      <div class="sentence">
        {isInGroup ? null : <Actor entry={entry} />}
        <a
          class="entry-link"
          href={entryHref(entry.id)}
          aria-label={`${verbOf(entry.action)} ${tableName(entry)} ${recordText(entry.record)}: open the entry`}
        >
          {verbOf(entry.action)}
        </a>
        <Subject entry={entry} />
        <Changes entry={entry} />
        {isInGroup ? null : <Remarks entry={entry} />}
        <Marks entry={entry} />
      </div>
      {isInGroup ? null : <ColumnCells entry={entry} />}
    </article>
  );
}

/** One transaction, whose entries follow when it is open. */
export function GroupRow({
  group,
  isOpen,
  onToggle,
  children,
}: {
  readonly group: Group;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly children?: ComponentChildren;
}) {
  const [first] = group.entries;
  const { actions, tables } = groupParts(group);
  const [action = ''] = actions;
  const shown = group.entries.length;
  return (
    <article class="entry group">
      <time class="cell-time" dateTime={first.timestamp} title={timeText(first.timestamp)}>
        {clockText(first.timestamp)}
      </time>
      <ActionWord action={actions.length === 1 ? action : 'update'} />
      <div class="sentence">
        <Actor entry={first} />
        <button class="entry-link" type="button" aria-expanded={isOpen} onClick={onToggle}>
          <Icon name={isOpen ? 'down' : 'right'} />
          {actions.length === 1 ? verbOf(action) : 'changed'} {shown.toLocaleString()}
          {group.size > shown ? ` of ${group.size.toLocaleString()}` : ''} rows
        </button>
        <span class="tables">
          {tables.slice(0, SHOWN_CHANGES).map(({ table, entry, count }) => (
            <span key={table}>
              <TableValue entry={entry} /> <span class="dim">×{count.toLocaleString()}</span>
            </span>
          ))}
          {tables.length > SHOWN_CHANGES ? <span class="dim">and {tables.length - SHOWN_CHANGES} more</span> : null}
        </span>
        <Remarks entry={first} />
        <Marks entry={first} isGroup />
      </div>
      {children}
      <ColumnCells entry={first} />
    </article>
  );
}

function ActionWord({ action }: { readonly action: string }) {
  const icon = actionIcon(action);
  return (
    <span class="cell-action">
      <FilterValue of="action" value={action} class={`action ${icon}`}>
        <Icon name={icon} />
        {action}
      </FilterValue>
    </span>
  );
}

function Actor({ entry }: { readonly entry: Entry }) {
  const actor = actorOf(entry);
  const userId = userIdOf(entry);
  const links = userId === null ? [] : [{ href: userHref(userId), text: 'Open the user' }];
  return (
    <>
      {actor === null ? (
        <span class="dim">somebody</span>
      ) : (
        <FilterValue of="user" value={actor.filter} links={links} class="actor">
          {actor.name}
        </FilterValue>
      )}
      {isDirect(entry) ? <span class="tag direct">direct SQL</span> : null}
    </>
  );
}

function Subject({ entry }: { readonly entry: Entry }) {
  const { source, table, record, action } = entry;
  if (action === 'schema') return <span class="mono">{schemaText(entry)}</span>;
  if (table === null) return <span class="mono dim">{operationText(entry)}</span>;
  const links: ValueLink[] =
    record === null || source === null
      ? []
      : [{ href: recordHref(source, qualifiedTable(entry), record), text: 'Open the record' }];
  return (
    <span class="subject">
      <TableValue entry={entry} />{' '}
      {record === null ? null : (
        <FilterValue of="record" value={record} links={links} class="record">
          {recordText(record)}
        </FilterValue>
      )}
    </span>
  );
}

function TableValue({ entry }: { readonly entry: Entry }) {
  return (
    <FilterValue of="table" value={qualifiedTable(entry)} class="table-name">
      {tableName(entry)}
    </FilterValue>
  );
}

/** The changed columns, old → new. */
function Changes({ entry }: { readonly entry: Entry }) {
  const { changed, before, after, action } = entry;
  if (action === 'update' && changed.length === 0) return <span class="dim">without a change</span>;
  return (
    <>
      {changed.slice(0, SHOWN_CHANGES).map((column) => {
        const [first, ...others] = placesOf(before?.[column], after?.[column]);
        return (
          <span key={column} class="change">
            <FilterValue of="field" value={column} class="column-name">
              {column}
              {first?.path}
            </FilterValue>
            <del>
              <ShownValue value={first?.old} limit={48} />
            </del>
            <span aria-label="became">→</span>
            <ins>
              <ShownValue value={first?.new} limit={48} />
            </ins>
            {others.length > 0 ? <span class="dim">and {others.length} more in it</span> : null}
          </span>
        );
      })}
      {changed.length > SHOWN_CHANGES ? <span class="dim">and {changed.length - SHOWN_CHANGES} more</span> : null}
    </>
  );
}

/** Where in a value it changed: of JSON, the members that did. */
function placesOf(
  old: unknown,
  fresh: unknown,
): readonly { readonly path: string; readonly old: unknown; readonly new: unknown }[] {
  const places = isContainer(old) && isContainer(fresh) ? changedPlaces(old, fresh) : [];
  return places.length === 0 ? [{ path: '', old, new: fresh }] : places;
}

function isContainer(value: unknown): boolean {
  return isJsonObject(value) || Array.isArray(value);
}

function Remarks({ entry: { comment } }: { readonly entry: Entry }) {
  return comment === null ? null : <q class="remark">{comment}</q>;
}

function Marks({ entry, isGroup = false }: { readonly entry: Entry; readonly isGroup?: boolean }) {
  return (
    <>
      {entry.reverted_by.length > 0 ? <span class="tag undone">undone</span> : null}
      {entry.reverts.length > 0 ? <span class="tag">undoes</span> : null}
      {isGroup || entry.incomplete === null ? null : <span class="tag warn">incomplete</span>}
      {isGroup || entry.comments === 0 ? null : (
        <span class="tag" title={`${entry.comments} comments`}>
          <Icon name="comment" /> {entry.comments}
        </span>
      )}
    </>
  );
}
