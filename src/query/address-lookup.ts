import { FilterError } from './filter-error.ts';
import { parseAddress, type AddressRange } from './grammar/address.ts';
import type { Snapshot } from './store-reader.ts';

/** Networks that a filter names, and what is found in them. */
export interface ResolvedAddresses {
  readonly ranges: readonly AddressRange[];
  /** Those of one address, the others, and the sessions of all; null: more sessions than are looked up one by one. */
  readonly found: {
    readonly single: readonly string[];
    readonly networks: readonly AddressRange[];
    readonly sessionIds: readonly string[];
  } | null;
}

const MAX_SESSIONS = 500;

/** Throws a FilterError for what is neither address nor network. */
export async function resolveAddresses(snapshot: Snapshot, texts: readonly string[]): Promise<ResolvedAddresses> {
  const ranges = texts.map((text) => {
    const range = parseAddress(text);
    if (range === undefined) throw new FilterError('ip', `ip ${text.slice(0, 64)} is not an address or a network`);
    return range;
  });
  const sessionIds = await findSessions(snapshot, ranges);
  if (sessionIds.length > MAX_SESSIONS) return { ranges, found: null };
  const isSingle = ({ low, high }: AddressRange): boolean => low === high;
  const single = [...new Set(ranges.filter(isSingle).map(({ low }) => low))];
  return { ranges, found: { single, networks: ranges.filter((range) => !isSingle(range)), sessionIds } };
}

async function findSessions(snapshot: Snapshot, ranges: readonly AddressRange[]): Promise<string[]> {
  const rows = await snapshot.queryPlanned<{ id: string }>(
    `select s.id::text from unnest($1::inet[], $2::inet[]) a(low, high)
     join :schema.sessions s on s.client_addr is not null and :schema.address(s.client_addr) between a.low and a.high limit $3`,
    [ranges.map(({ low }) => low), ranges.map(({ high }) => high), MAX_SESSIONS + 1],
  );
  return [...new Set(rows.map((row) => row.id))];
}
