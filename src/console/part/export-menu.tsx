import { API_BASE, queryText } from '../api/client.ts';
import { activityFilter } from '../state/filter.ts';
import { Icon } from './icon.tsx';
import { Popover } from './popover.tsx';

const FORMATS: readonly (readonly [format: string, what: string])[] = [
  ['csv', 'CSV, for a spreadsheet'],
  ['ndjson', 'NDJSON, an entry a line'],
  ['json', 'JSON, one document'],
];

/** Everything that the filter finds, as a file: the server streams it, however much it is. */
export function ExportMenu() {
  return (
    <Popover
      name="Export"
      align="end"
      label={
        <>
          <Icon name="export" /> Export
        </>
      }
    >
      {(close) => (
        <ul class="menu">
          {FORMATS.map(([format, what]) => (
            <li key={format}>
              <a href={`${API_BASE}/export${queryText({ ...activityFilter.value, format })}`} download onClick={close}>
                {what}
              </a>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}
