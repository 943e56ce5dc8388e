import { API_BASE, queryText } from '../../api/client.ts';
import { Icon } from '../../part/icon.tsx';
import { Popover } from '../../part/popover.tsx';
import { fromTime, toTime } from '../../state/filter.ts';
import { zone } from '../../state/time.ts';
import type { RecordPlace } from '../record.tsx';

const FORMATS: readonly (readonly [format: string, what: string])[] = [
  ['pdf', 'PDF, for the file'],
  ['html', 'Web page, to print'],
  ['csv', 'CSV, for a spreadsheet'],
  ['json', 'JSON'],
];

/** The audit-trail report of the record, of the times of the page, in its zone. */
export function ReportMenu({ place: { source, table, key } }: { readonly place: RecordPlace }) {
  const path = `${API_BASE}/resources/${[source, table, key].map(encodeURIComponent).join('/')}/report`;
  const isBounded = fromTime.value !== null || toTime.value !== null;
  return (
    <Popover
      name="Report"
      align="end"
      label={
        <>
          <Icon name="print" /> Audit-trail report
        </>
      }
    >
      {(close) => (
        <>
          <ul class="menu">
            {FORMATS.map(([format, what]) => {
              const query = {
                format,
                from: fromTime.value ?? undefined,
                to: toTime.value ?? undefined,
                tz: zone.value,
              };
              return (
                <li key={format}>
                  <a href={path + queryText(query)} target="_blank" rel="noopener" onClick={close}>
                    {what}
                  </a>
                </li>
              );
            })}
            <li>
              <button
                type="button"
                onClick={() => {
                  close();
                  window.print();
                }}
              >
                Print this page
              </button>
            </li>
          </ul>
          {isBounded ? <p class="dim report-note">Of the times that are chosen.</p> : null}
        </>
      )}
    </Popover>
  );
}
