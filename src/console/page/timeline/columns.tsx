import type { Entry } from '../../api/schema.ts';
import { Popover } from '../../part/popover.tsx';
import { FilterValue } from '../../part/value-menu.tsx';
import { preference } from '../../state/preference.ts';

interface Column {
  readonly name: string;
  /** The filter that its values go into; null: none. */
  readonly filter: string | null;
  readonly valueOf: (entry: Entry) => string | null;
}

/** What can be shown beside who did what. */
const COLUMNS = {
  ip: { name: 'Address', filter: 'ip', valueOf: (entry) => entry.ip ?? entry.database?.client_addr ?? null },
  agent: { name: 'User agent', filter: null, valueOf: (entry) => entry.user_agent },
  role: { name: 'Database role', filter: 'user', valueOf: (entry) => entry.database?.role ?? null },
  application: { name: 'Application', filter: null, valueOf: (entry) => entry.database?.application_name ?? null },
  request: { name: 'Request', filter: 'request_id', valueOf: (entry) => entry.request_id },
  transaction: { name: 'Transaction', filter: 'tx', valueOf: (entry) => entry.transaction?.id ?? null },
  source: { name: 'Source', filter: 'source', valueOf: (entry) => entry.source },
} as const satisfies Record<string, Column>;

type ColumnKey = keyof typeof COLUMNS;
const KEYS = Object.keys(COLUMNS) as ColumnKey[];

const shown = preference<readonly ColumnKey[]>('columns', ['ip']);

/** Which columns are shown: remembered in this browser. */
export function ColumnMenu() {
  return (
    <Popover name="Columns" align="end" label="Columns">
      {() => (
        <div class="column-menu">
          {KEYS.map((key) => (
            <label key={key}>
              <input
                type="checkbox"
                checked={shown.value.includes(key)}
                onChange={({ currentTarget: { checked } }) => {
                  shown.value = KEYS.filter((each) => (each === key ? checked : shown.value.includes(each)));
                }}
              />
              {COLUMNS[key].name}
            </label>
          ))}
        </div>
      )}
    </Popover>
  );
}

/** The chosen columns of an entry. */
export function ColumnCells({ entry }: { readonly entry: Entry }) {
  return (
    <>
      {KEYS.filter((key) => shown.value.includes(key)).map((key) => {
        const { name, filter, valueOf }: Column = COLUMNS[key];
        const value = valueOf(entry);
        return (
          <span key={key} class={`cell cell-${key}`} title={`${name}: ${value ?? 'not known'}`}>
            {value !== null && filter !== null ? <FilterValue of={filter} value={value} /> : value}
          </span>
        );
      })}
    </>
  );
}
