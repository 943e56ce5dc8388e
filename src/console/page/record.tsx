import { call } from '../api/client.ts';
import type { RecordAnswer } from '../api/schema.ts';
import { GapNotice, type Gap } from '../part/coverage-notice.tsx';
import { Icon } from '../part/icon.tsx';
import { Loaded } from '../part/loaded.tsx';
import { recordText, tableName } from '../state/entry-text.ts';
import { pageHref } from '../state/filter.ts';
import { useLoadable } from '../state/loadable.ts';
import { revertCount } from '../state/revert-order.ts';
import { now, timeText, zone } from '../state/time.ts';
import { RecordFacts } from './record/record-facts.tsx';
import { Remarks } from './record/remarks.tsx';
import { ReportMenu } from './record/report-menu.tsx';
import { StatePanel } from './record/state-panel.tsx';
import { VersionRail } from './record/version-rail.tsx';

export type RecordDetail = RecordAnswer['data'];

/** What the interface calls one record. */
export interface RecordPlace {
  readonly source: string;
  /** `schema.table` */
  readonly table: string;
  readonly key: string;
}

/** One record: what it is, what it was, who made it so; gone or not. */
export function RecordPage({ source = '', table = '', record = '' }: Readonly<Record<string, string>>) {
  // Another record is another page: nothing of this one may stand there meanwhile.
  return <RecordView key={JSON.stringify([source, table, record])} place={{ source, table, key: record }} />;
}

/** Of the window. */
export function recordTitle({ table = '', record = '' }: Readonly<Record<string, string>>): string {
  return `${table.replace(/^public\./, '')} ${recordText(record)}`;
}

function RecordView({ place }: { readonly place: RecordPlace }) {
  const { source, table, key } = place;
  const loadable = useLoadable(JSON.stringify([source, table, key, revertCount.value]), (signal) =>
    call('GET /resources/{source}/{table}/{key}', { path: { source, table, key }, signal }),
  );
  return (
    <div class="page record-page">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href={pageHref('/resources', { q: null })}>Resources</a> <span aria-hidden="true">/</span>{' '}
        <a href={pageHref('/resources', { q: `table:${table}` })}>{table.replace(/^public\./, '')}</a>{' '}
        <span aria-hidden="true">/</span>
      </nav>
      <Loaded of={loadable} lines={12}>
        {({ data }) => <Content record={data} place={{ source, table, key }} />}
      </Loaded>
    </div>
  );
}

function Content({ record, place }: { readonly record: RecordDetail; readonly place: RecordPlace }) {
  return (
    <>
      <div class="page-head">
        <h1>
          {tableName(record)} {recordText(record.record)} <Existence of={record} />
        </h1>
        <div class="row">
          {record.link === null ? null : (
            <a class="button" href={record.link} target="_blank" rel="noopener noreferrer">
              <Icon name="link" /> Open in the application
            </a>
          )}
          <ReportMenu place={place} />
        </div>
      </div>
      <p class="print-only dim">
        Printed from Rowtrail on {timeText(new Date(now.peek()).toISOString())}; times of{' '}
        {zone.value.replaceAll('_', ' ')}.
      </p>
      <RecordFacts record={record} />
      <GapNotice gaps={gapsOf(record)} what="The record may have changed unseen since its last entry." />
      <div class="record-body">
        <StatePanel record={record} place={place} />
        <VersionRail record={record} place={place} />
        <Remarks place={place} />
      </div>
    </>
  );
}

const ENDS: Readonly<Record<string, string>> = {
  deleted: 'deleted',
  truncated: 'gone: its table was emptied',
  partition_truncated: 'perhaps gone: a partition was emptied',
  not_created: 'not there',
  before_history: 'not known',
};

function Existence({ of: { exists, reason } }: { readonly of: RecordDetail }) {
  if (exists === true) return null;
  return <span class="tag ended">{ENDS[reason ?? ''] ?? 'not known'}</span>;
}

function gapsOf({ source, schema, table, gaps }: RecordDetail): Gap[] {
  return gaps.map(({ reason, table: isOfTable, from, to }, at) => ({
    key: String(at),
    what: isOfTable ? `${schema}.${table}` : source,
    reason,
    from,
    to,
  }));
}
