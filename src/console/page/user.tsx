import { call } from '../api/client.ts';
import type { UserAnswer } from '../api/schema.ts';
import { Ago } from '../part/ago.tsx';
import { BarList, barTable, type Bar } from '../part/chart/bar-list.tsx';
import { ChartCard } from '../part/chart/chart-card.tsx';
import { HeatMap } from '../part/chart/heat-map.tsx';
import { DateRange } from '../part/date-range.tsx';
import { actionIcon, Icon } from '../part/icon.tsx';
import { Loaded } from '../part/loaded.tsx';
import { KINDS, nameOf, userTerm } from '../part/user-name.tsx';
import { status } from '../state/capture-status.ts';
import { tableName } from '../state/entry-text.ts';
import { fromTime, pageHref, timelineHref, toTime } from '../state/filter.ts';
import { useLoadable, type Loadable } from '../state/loadable.ts';
import type { Term } from '../state/query-text.ts';
import { timeText } from '../state/time.ts';
import { Origins } from './users/origins.tsx';
import { Touched } from './users/touched.tsx';

export type UserDetail = UserAnswer['data'];

/** One user: what they did, to what, when and from where. */
export function User({ id }: { readonly id: string }) {
  const loadable = useLoadable(id, (signal) => call('GET /users/{id}', { path: { id }, signal }), { forget: true });
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href={pageHref('/users')}>Users</a> <span aria-hidden="true">/</span>
      </nav>
      <Loaded of={loadable} lines={10}>
        {({ data }) => <Content user={data} of={loadable} />}
      </Loaded>
    </div>
  );
}

function Content({ user, of }: { readonly user: UserDetail; readonly of: Loadable<UserAnswer> }) {
  const terms = termsOf(user);
  return (
    <>
      <div class="page-head">
        <h1>
          {nameOf(user)} {user.kind === 'user' ? null : <span class="tag">{KINDS[user.kind]}</span>}
          {(user.person?.left_at ?? null) === null ? null : <span class="tag">departed</span>}
        </h1>
        <div class="row">
          <DateRange unset="now-7d" />
          <a class="button" href={timelineHref(terms)}>
            <Icon name="list" /> Show in the Timeline
          </a>
        </div>
      </div>
      <Facts user={user} terms={terms} />
      {user.count === 0 ? null : (
        <div class="charts pairs">
          <ChartCard
            title="What they did"
            of={of}
            isEmpty={({ data }) => Object.keys(data.actions).length === 0}
            table={({ data }) => barTable(actionBars(data, terms), 'Action')}
          >
            {({ data }) => <BarList bars={actionBars(data, terms)} />}
          </ChartCard>
          <ChartCard
            title="Tables"
            of={of}
            isEmpty={({ data }) => data.tables.length === 0}
            table={({ data }) => barTable(tableBars(data, terms), 'Table')}
          >
            {({ data }) => <BarList bars={tableBars(data, terms)} />}
          </ChartCard>
          {user.claim === '' ? null : <HeatMap query={countedBy(user)} terms={terms} />}
          <Origins title="Addresses" of={user.ips} filter="ip" terms={terms} />
          <Origins title="User agents" of={user.user_agents} filter={null} terms={terms} />
          <Touched user={user} term={userTerm(user)} />
        </div>
      )}
    </>
  );
}

function Facts({ user, terms }: { readonly user: UserDetail; readonly terms: readonly Term[] }) {
  const { first, last, logins, person, claim, source, count } = user;
  return (
    <dl class="fact-strip">
      <div>
        <dt>Id</dt>
        <dd class="mono">{claim === '' ? 'none' : claim}</dd>
      </div>
      <div>
        <dt>Source</dt>
        <dd>{source}</dd>
      </div>
      <div>
        <dt>Actions</dt>
        <dd>{count.toLocaleString()}</dd>
      </div>
      <div>
        <dt>First action</dt>
        <dd>{first === null ? 'never acted' : <Ago time={first.timestamp} />}</dd>
      </div>
      <div>
        <dt>Last action</dt>
        <dd>{last === null ? 'never acted' : <Ago time={last.timestamp} />}</dd>
      </div>
      <div>
        <dt>Logins</dt>
        <dd>
          {logins.count === 0 ? (
            'none recorded'
          ) : (
            <a href={timelineHref([...terms, { key: 'action', value: 'login', negated: false }])}>
              {logins.count.toLocaleString()}
              {logins.last === null ? '' : `, the last on ${timeText(logins.last.timestamp)}`}
            </a>
          )}
        </dd>
      </div>
      {person === null ? null : (
        <div>
          <dt>In the users table</dt>
          <dd>
            {person.left_at === null ? `seen ${timeText(person.seen_at)}` : `not since ${timeText(person.left_at)}`}
          </dd>
        </div>
      )}
    </dl>
  );
}

function actionBars({ actions }: UserDetail, terms: readonly Term[]): Bar[] {
  return Object.entries(actions)
    .toSorted(([, one], [, other]) => other - one)
    .map(([action, count]) => ({
      key: action,
      label: action,
      name: action,
      count,
      kind: actionIcon(action),
      href: timelineHref([...terms, { key: 'action', value: action, negated: false }]),
    }));
}

function tableBars({ tables }: UserDetail, terms: readonly Term[]): Bar[] {
  return tables.map(({ source, schema, table, count }) => ({
    key: `${source} ${schema}.${table}`,
    label: tableName({ schema, table }),
    name: tableName({ schema, table }),
    count,
    href: timelineHref([...terms, { key: 'table', value: `${schema}.${table}`, negated: false }]),
  }));
}

/** What finds their entries: one name may be somebody else's on another source. */
function termsOf(user: UserDetail): Term[] {
  const isOneOfMany = (status.value?.sources.length ?? 1) > 1;
  return isOneOfMany ? [{ key: 'source', value: user.source, negated: false }, userTerm(user)] : [userTerm(user)];
}

function countedBy({ claim, source }: UserDetail) {
  return { from: fromTime.value ?? undefined, to: toTime.value ?? undefined, user: [claim], source: [source] };
}
