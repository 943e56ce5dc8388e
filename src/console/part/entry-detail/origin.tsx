import type { ComponentChildren } from 'preact';
import type { Entry } from '../../api/schema.ts';
import { exactJsonText, isJsonObject } from '../../api/exact-json.ts';
import { actorOf, isDirect, userIdOf } from '../../state/entry-text.ts';
import { userHref } from '../../state/filter.ts';
import { agoText, timeText } from '../../state/time.ts';
import { FilterValue } from '../value-menu.tsx';

/** Who, when, from where and why: what the application says, and what the database knows. */
export function Origin({ entry }: { readonly entry: Entry }) {
  const actor = actorOf(entry);
  const userId = userIdOf(entry);
  const links = userId === null ? [] : [{ href: userHref(userId), text: 'Open the user' }];
  const { database, context } = entry;
  return (
    <dl class="facts origin">
      <dt>Who</dt>
      <dd>
        {actor === null ? (
          <span class="dim">not known</span>
        ) : (
          <FilterValue of="user" value={actor.filter} links={links} class="actor">
            {actor.name}
          </FilterValue>
        )}{' '}
        {entry.user !== null && entry.user.name !== null ? <span class="dim">{entry.user.id}</span> : null}{' '}
        {isDirect(entry) ? <span class="tag direct">direct SQL</span> : null}
      </dd>
      <dt>When</dt>
      <dd>
        <time dateTime={entry.timestamp}>{timeText(entry.timestamp)}</time>{' '}
        <span class="dim">{agoText(entry.timestamp)}</span>
      </dd>
      <Fact name="From">{entry.ip === null ? null : <FilterValue of="ip" value={entry.ip} />}</Fact>
      <Fact name="With">{entry.user_agent}</Fact>
      <Fact name="Why">{entry.comment === null ? null : <q class="remark">{entry.comment}</q>}</Fact>
      <Fact name="Request">
        {entry.request_id === null ? null : <FilterValue of="request_id" value={entry.request_id} class="mono" />}
      </Fact>
      <Fact name="Database">
        {database === null
          ? null
          : [
              `role ${database.role}`,
              database.session_role === database.role ? null : `signed in as ${database.session_role}`,
              database.application_name,
              database.client_addr,
              database.pid === null ? null : `process ${database.pid}`,
            ]
              .filter((part) => part !== null)
              .join(', ')}
      </Fact>
      <Fact name="Context">
        {isJsonObject(context) && Object.keys(context).length > 0 ? <code>{exactJsonText(context)}</code> : null}
      </Fact>
      <Fact name="Token">{entry.api?.token ?? null}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  if (children === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
