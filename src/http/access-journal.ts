import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Journal } from '../store/journal.ts';
import type { NewEntry } from '../store/journal-entry.ts';
import { principalOf, type AccessEvent } from './authorization.ts';

/** What Rowtrail writes of those who use it. */
export type AccessAction = 'read' | 'export' | 'report' | 'revert' | 'denied';

/** Which of them are written. */
export interface AccessJournalSwitches {
  readonly reads: boolean;
  /** Of files: exports and reports. */
  readonly exports: boolean;
  readonly reverts: boolean;
  readonly denials: boolean;
}

/** A request after its answer. */
export type Access = Omit<AccessEvent, 'principal'> & {
  /** The token's name; null: nobody that is known. */
  readonly caller: string | null;
};

/** The same question by the same caller is one read for so long, so that pages turned and refreshed are not many. */
const SAME_READ_MS = 5 * 60_000;
/** Questions remembered for that. */
const MAX_REMEMBERED_READS = 10_000;
/** Denials a minute that become entries; of more, the next minute's first tells how many. */
const MAX_DENIALS_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Where a list goes on is no other question. */
const PAGE_PARAMETERS = ['after', 'before', 'limit', 'sort'];
const MAX_TARGET_LENGTH = 1024;

/** Makes entries of what people read, take away and are refused. */
export class AccessJournal {
  readonly #journal: Pick<Journal, 'append' | 'note'>;
  readonly #switches: AccessJournalSwitches;
  readonly #now: () => number;
  /** When a question was written last, the oldest first. */
  readonly #reads = new Map<string, number>();
  #minute = -Infinity;
  #denials = 0;

  constructor(
    journal: Pick<Journal, 'append' | 'note'>,
    switches: AccessJournalSwitches,
    now: () => number = () => performance.now(),
  ) {
    this.#journal = journal;
    this.#switches = switches;
    this.#now = now;
  }

  /**
   * Resolves when the entry is durable: what is taken away is on record before its first byte leaves. Throws what
   * `Journal.append` throws, and then it must not leave.
   */
  async record(
    action: 'export' | 'report',
    request: FastifyRequest,
    data: Readonly<Record<string, unknown>>,
    about?: Pick<NewEntry, 'sourceId' | 'relationId' | 'recordKey'>,
  ): Promise<void> {
    if (!this.#switches.exports) return;
    const entry = entryOf(action, accessOf(request), { ...data, ...targetOf(request.url) });
    await this.#journal.append([{ ...entry, ...about }]);
  }

  /** What a request to take something back has led to: a preview shows rows as they are now, and is a read. */
  noteRevert(action: 'read' | 'revert', request: FastifyRequest, data: Readonly<Record<string, unknown>>): void {
    if (action === 'read' ? !this.#switches.reads : !this.#switches.reverts) return;
    this.#journal.note(entryOf(action, accessOf(request), { ...data, ...targetOf(request.url) }));
  }

  /** To be told of every request that was answered, to what is not open to anyone. */
  noteAnswer(access: Access): void {
    if (access.status === 401 || access.status === 403) this.#noteDenial(access);
    else if (isRead(access) && access.status < 300 && access.caller !== null) this.#noteRead(access);
  }

  #noteRead(access: Access): void {
    if (!this.#switches.reads) return;
    const key = `${access.caller} ${questionOf(access.target)} ${filterOf(access.filter)}`;
    const now = this.#now();
    const written = this.#reads.get(key);
    if (written !== undefined && now - written < SAME_READ_MS) return;
    this.#reads.delete(key);
    this.#reads.set(key, now);
    const [oldest] = this.#reads.keys();
    if (this.#reads.size > MAX_REMEMBERED_READS && oldest !== undefined) this.#reads.delete(oldest);
    const filter = access.filter === null ? {} : { filter: access.filter.slice(0, MAX_TARGET_LENGTH) };
    this.#journal.note(entryOf('read', access, { operation: access.operation, ...targetOf(access.target), ...filter }));
  }

  #noteDenial(access: Access): void {
    if (!this.#switches.denials) return;
    const now = this.#now();
    const isNewMinute = now - this.#minute >= MINUTE_MS;
    const unwritten = isNewMinute ? Math.max(0, this.#denials - MAX_DENIALS_PER_MINUTE) : 0;
    if (isNewMinute) {
      this.#minute = now;
      this.#denials = 0;
    }
    this.#denials += 1;
    if (this.#denials > MAX_DENIALS_PER_MINUTE) return;
    const { operation, status } = access;
    const more = unwritten === 0 ? {} : { unwritten };
    this.#journal.note(entryOf('denied', access, { operation, status, ...more, ...targetOf(access.target) }));
  }
}

/** A search is a read that has its filter in the body; values for a query bar are asked for with every key pressed. */
function isRead({ method, operation, filter }: Access): boolean {
  return filter !== null || (method === 'GET' && operation !== 'suggestValues');
}

function accessOf(request: FastifyRequest): Pick<Access, 'caller' | 'address' | 'userAgent'> {
  const userAgent = request.headers['user-agent'] ?? null;
  return { caller: principalOf(request).name, address: request.ip, userAgent };
}

function entryOf(
  action: AccessAction,
  { caller, address, userAgent }: Pick<Access, 'caller' | 'address' | 'userAgent'>,
  data: Readonly<Record<string, unknown>>,
): NewEntry {
  const token = caller ?? 'unknown';
  return {
    eventId: randomUUID(),
    action,
    at: new Date(),
    sourceId: null,
    relationId: null,
    recordKey: null,
    user: caller === null ? null : { id: caller, name: caller },
    token,
    ip: address,
    userAgent,
    comment: null,
    requestId: null,
    context: null,
    data: JSON.stringify(data),
    commented: null,
  };
}

function targetOf(target: string): { readonly path: string; readonly query?: string } {
  const [path = '', query] = target.slice(0, MAX_TARGET_LENGTH).split('?', 2);
  return query === undefined || query === '' ? { path } : { path, query };
}

/** The question of a body, wherever in its list. */
function filterOf(filter: string | null): string {
  const members = Object.entries(JSON.parse(filter ?? '{}') as Record<string, unknown>);
  return JSON.stringify(
    members.filter(([name]) => !PAGE_PARAMETERS.includes(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The question that a URL asks, wherever in its list. */
function questionOf(target: string): string {
  const [path = '', query = ''] = target.split('?', 2);
  const parameters = new URLSearchParams(query);
  for (const name of PAGE_PARAMETERS) parameters.delete(name);
  parameters.sort();
  return `${path}?${parameters.toString()}`;
}
