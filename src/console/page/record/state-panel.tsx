import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { RecordComparison } from '../../api/schema.ts';
import { FullValue } from '../../part/full-value.tsx';
import { Loaded } from '../../part/loaded.tsx';
import { entryHref } from '../../state/filter.ts';
import { useLoadable } from '../../state/loadable.ts';
import { navigate } from '../../state/location.ts';
import { revertCount } from '../../state/revert-order.ts';
import { instantOf, localText, rfcText, timeText, zone } from '../../state/time.ts';
import type { RecordDetail, RecordPlace } from '../record.tsx';
import { BringBack, Restore } from './restore.tsx';
import { baseMoment, isEntryId, momentsHref, momentText, otherMoment } from './moment.ts';

type State = RecordComparison['data']['from'];
type Image = State['state'];

interface PanelProps {
  readonly record: RecordDetail;
  readonly place: RecordPlace;
}

/** What the record is; or what it was at a moment, beside now or another moment. */
export function StatePanel(props: PanelProps) {
  const base = baseMoment();
  return (
    <section class="card state-panel" aria-labelledby="state-title">
      {base === null ? <Present {...props} /> : <Past {...props} base={base} />}
      <MomentForm />
    </section>
  );
}

function Present({ record, place }: PanelProps) {
  const { state, last_state: lastState, since, entry, incomplete } = record;
  const shown = state ?? lastState;
  return (
    <>
      <div class="state-head">
        <h2 id="state-title">{state === null ? 'As it was at its end' : 'Current state'}</h2>
        {state === null && lastState !== null ? <BringBack place={place} record={record} /> : null}
      </div>
      <p class="dim">
        {state === null ? 'Gone since ' : 'Since '}
        {since === null ? 'an unknown time' : timeText(since)}
        {entry === null ? null : (
          <>
            {' '}
            (<a href={entryHref(entry)}>the entry</a>)
          </>
        )}
      </p>
      {shown === null ? <p>Nothing of it was captured.</p> : <Values image={shown} />}
      <Incomplete of={incomplete} />
    </>
  );
}

function Values({ image }: { readonly image: NonNullable<Image> }) {
  return (
    <Scroll name="Columns and values">
      <table class="row-table">
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(image).map(([column, value]) => (
            <tr key={column}>
              <th scope="row">{column}</th>
              <td>
                <FullValue value={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Past({ record, place, base }: PanelProps & { readonly base: string }) {
  const other = otherMoment();
  const { source, table, key } = place;
  const loadable = useLoadable(
    JSON.stringify([source, table, key, base, other, revertCount.value]),
    (signal) =>
      call('GET /resources/{source}/{table}/{key}/compare', {
        path: { source, table, key },
        query: { from: base, to: other ?? 'latest' },
        signal,
      }),
    { forget: true },
  );
  return (
    <>
      <div class="state-head">
        <h2 id="state-title">{other === null ? 'Then and now' : 'Two moments compared'}</h2>
        <div class="row">
          <a class="button small" href={momentsHref(null, null)}>
            Back to now
          </a>
          {(loadable.data?.data.from.state ?? null) === null ? null : (
            <Restore place={place} record={record} moment={base} />
          )}
        </div>
      </div>
      <Loaded of={loadable}>{({ data }) => <Comparison data={data} base={base} other={other} />}</Loaded>
    </>
  );
}

interface ComparisonProps {
  readonly data: RecordComparison['data'];
  readonly base: string;
  readonly other: string | null;
}

function Comparison({ data: { from, to, differences }, base, other }: ComparisonProps) {
  const [onlyChanges, setOnlyChanges] = useState(false);
  const statuses = new Map(differences.map(({ column, status }) => [column, status]));
  const all = [...new Set([...Object.keys(from.state ?? {}), ...Object.keys(to.state ?? {}), ...statuses.keys()])];
  const columns = onlyChanges ? all.filter((column) => statuses.has(column)) : all;
  return (
    <>
      <p class="dim">
        {differences.length === 0
          ? 'No column differs.'
          : `${differences.length} of ${all.length} columns ${differences.length === 1 ? 'differs' : 'differ'}.`}{' '}
        {differences.length === 0 || differences.length === all.length ? null : (
          <label class="only-changes">
            <input
              type="checkbox"
              checked={onlyChanges}
              onChange={({ currentTarget }) => setOnlyChanges(currentTarget.checked)}
            />{' '}
            Only these
          </label>
        )}
      </p>
      <Scroll name="Columns, then and later">
        <table class="row-table compared">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">{momentText(base, from.since)}</th>
              <th scope="col">{momentText(other, to.since)}</th>
            </tr>
          </thead>
          <tbody>
            {columns.length === 0 ? (
              <tr>
                <th scope="row">the record</th>
                <StateCell state={from} column={null} />
                <StateCell state={to} column={null} />
              </tr>
            ) : null}
            {columns.map((column) => (
              <tr key={column} class={statuses.has(column) ? 'changed' : ''}>
                <th scope="row">{column}</th>
                <StateCell state={from} column={column} />
                <StateCell state={to} column={column} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Incomplete of={from.incomplete ?? to.incomplete} />
    </>
  );
}

const NO_STATE: Readonly<Record<string, string>> = {
  not_created: 'not there yet',
  before_history: 'not known',
  deleted: 'deleted',
  truncated: 'gone',
  partition_truncated: 'perhaps gone',
};

function StateCell({ state: { state, reason }, column }: { readonly state: State; readonly column: string | null }) {
  return (
    <td>
      {state === null || column === null ? (
        <span class="value-none">{NO_STATE[reason ?? ''] ?? 'not known'}</span>
      ) : Object.hasOwn(state, column) ? (
        <FullValue value={state[column]} />
      ) : (
        <span class="value-none">no such column, or not known</span>
      )}
    </td>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  toast: 'it was never sent since the history began',
  masked: 'the configuration masks it',
  gap: 'it may have changed in a gap',
};

function Incomplete({ of }: { readonly of: RecordDetail['incomplete'] }) {
  if (of === null) return null;
  return (
    <p class="dim">
      Not known: {of.columns.join(', ')} ({REASONS[of.reason] ?? of.reason}).
    </p>
  );
}

/** The state at any moment. */
function MomentForm() {
  const base = baseMoment();
  const initial = base !== null && !isEntryId(base) ? localText(Date.parse(base)) : '';
  const [time, setTime] = useState(initial);
  return (
    <form
      class="moment-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (time !== '') navigate(momentsHref(rfcText(instantOf(time)), otherMoment()));
      }}
    >
      <label>
        State at{' '}
        <input
          type="datetime-local"
          step="1"
          required
          value={time}
          onInput={({ currentTarget }) => setTime(currentTarget.value)}
        />
      </label>
      <span class="dim">{zone.value.replaceAll('_', ' ')}</span>
      <button class="button small" type="submit">
        Show
      </button>
    </form>
  );
}

function Scroll({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    // It scrolls: the keyboard must be able to.
    <div class="scroll-x" tabIndex={0} role="group" aria-label={name}>
      {children}
    </div>
  );
}
