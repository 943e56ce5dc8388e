import { call } from '../../api/client.ts';
import { Icon } from '../../part/icon.tsx';
import { recordText, tableName } from '../../state/entry-text.ts';
import { useLoadable } from '../../state/loadable.ts';
import { openRevert, type RevertOrder } from '../../state/revert-order.ts';
import { mayRevert } from '../../state/session.ts';
import type { RecordDetail, RecordPlace } from '../record.tsx';
import { isEntryId } from './moment.ts';

interface PlaceProps {
  readonly record: RecordDetail;
  readonly place: RecordPlace;
}

/** Opens what putting the record back to a moment would do. */
export function Restore({ record, place, moment }: PlaceProps & { readonly moment: string }) {
  const to = isEntryId(moment) ? { entry: moment } : { time: moment };
  return (
    <RevertButton
      target={{ record: place, to }}
      what={`${nameOf(record)}, back to what it was`}
      text="Restore this state…"
    />
  );
}

/** Entries in which the last state of a record that is gone is looked for. */
const SEARCHED = 20;

/** The same for one that is gone: to what it was before. The end itself may have taken other rows along. */
export function BringBack({ record, place }: PlaceProps) {
  const { source, table, key } = place;
  const loadable = useLoadable(JSON.stringify([source, table, key, record.entry]), (signal) =>
    call('GET /resources/{source}/{table}/{key}/history', {
      path: { source, table, key },
      query: { limit: SEARCHED },
      signal,
    }),
  );
  if (loadable.data === null) return null;
  const last = loadable.data.data.find(({ after }) => after !== null);
  const end = loadable.data.data.find(({ id }) => id === record.entry);
  const what = `the end of ${nameOf(record)}`;
  if (last !== undefined) {
    return <RevertButton target={{ record: place, to: { entry: last.id } }} what={what} text="Bring it back…" />;
  }
  // Its deletion is all there is of it.
  if (end?.action !== 'delete') return null;
  return <RevertButton target={{ entry: end.id }} what={what} text="Bring it back…" />;
}

interface RevertButtonProps extends RevertOrder {
  readonly text: string;
}

function RevertButton({ target, what, text }: RevertButtonProps) {
  if (!mayRevert.value) return null;
  return (
    <button class="button small" type="button" onClick={() => openRevert({ target, what })}>
      <Icon name="revert" /> {text}
    </button>
  );
}

function nameOf(record: RecordDetail): string {
  return `${tableName(record)} ${recordText(record.record)}`;
}
