import type pg from 'pg';
import type { Actor } from '../change/context.ts';
import { backoffDelayMs } from '../lib/backoff.ts';
import { codeOf, RowtrailError, tellable } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { within } from '../lib/within.ts';
import { quoteIdentifier } from '../pg/identifier.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { actorKey, Dictionary } from './dictionary.ts';
import { actorOf, rowOf, sizeOf, type NewEntry } from './journal-entry.ts';
import { isRefusal } from './refusal.ts';

/** The source of entries that belong to no configured one; no configured source may have its name. */
export const OWN_SOURCE = 'rowtrail';

export interface AppendedEntry {
  /** Null with `conflict`. */
  readonly id: bigint | null;
  /** `known`: it was written before, by a call with the same event id. `conflict`: another event has that id. */
  readonly state: 'new' | 'known' | 'conflict';
}

export interface JournalCounters {
  /** Entries written since the start. */
  readonly written: number;
  /** Notes that were not written: the queue was full, or the store will never take them. */
  readonly dropped: number;
  readonly queued: number;
}

/** Entries that wait to be written; past it, appending is refused, and notes are dropped and counted. */
const MAX_QUEUED_ENTRIES = 10_000;
/** The same in bytes of their JSON. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** The clock of ids is locked while a batch is written, so a batch is short. */
const MAX_BATCH_ENTRIES = 500;
const MAX_BATCH_BYTES = 1024 * 1024;
/** Notes wait so long for company. */
const NOTE_LINGER_MS = 200;
const RETRY_LIMITS = { minDelayMs: 500, maxDelayMs: 30_000 };
/** How long `stop` tries to write what is queued. */
const DRAIN_TIMEOUT_MS = 5_000;
/** At most one warning of dropped notes in so long. */
const WARNING_INTERVAL_MS = 60_000;

interface Pending {
  readonly entries: readonly NewEntry[];
  readonly bytes: number;
  /** Null of a note: nobody waits for it. */
  readonly settle: { resolve(appended: AppendedEntry[]): void; reject(error: unknown): void } | null;
}

export interface JournalOptions {
  readonly pool: pg.Pool;
  readonly schema: string;
  readonly log: Log;
}

/**
 * Writes entries that no source database told of, many callers' in one commit. Several journals may write to one
 * store.
 */
export class Journal {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #log: Log;
  readonly #dictionaries = new Map<number, Dictionary>();
  readonly #queue: Pending[] = [];
  #ownSourceId: number | null = null;
  #queuedEntries = 0;
  #queuedBytes = 0;
  #written = 0;
  #dropped = 0;
  #warnedAt = -Infinity;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | null = null;
  #stopped = false;

  constructor({ pool, schema, log }: JournalOptions) {
    this.#pool = pool;
    this.#schema = schema;
    this.#log = log;
  }

  get counters(): JournalCounters {
    return { written: this.#written, dropped: this.#dropped, queued: this.#queuedEntries };
  }

  /**
   * Writes entries as one transaction for each source among them; resolves when they are committed. Throws
   * RT_JOURNAL_FULL, and what a store that can't be had or refuses them throws: the same call may then be made again.
   */
  append(entries: readonly NewEntry[]): Promise<AppendedEntry[]> {
    if (entries.length === 0) return Promise.resolve([]);
    const bytes = sizeOf(entries);
    if (this.#stopped || !this.#hasRoom(entries.length, bytes)) {
      return Promise.reject(
        new RowtrailError('RT_JOURNAL_FULL', 'too many entries wait to be written', { hint: 'Try again in a moment.' }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#enqueue({ entries, bytes, settle: { resolve, reject } });
      this.#write();
    });
  }

  /** Writes an entry soon. Without room for it, it is dropped and counted. */
  note(entry: NewEntry): void {
    const bytes = sizeOf([entry]);
    if (this.#stopped || !this.#hasRoom(1, bytes)) {
      this.#drop(1, 'too many entries wait to be written');
      return;
    }
    this.#enqueue({ entries: [entry], bytes, settle: null });
    if (this.#queuedEntries >= MAX_BATCH_ENTRIES && this.#failures === 0) this.#write();
    else this.#writeIn(NOTE_LINGER_MS);
  }

  /** Writes what is queued, as far as that can be done within `DRAIN_TIMEOUT_MS`. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const deadline = performance.now() + DRAIN_TIMEOUT_MS;
    const writing = (): Promise<void> =>
      within(deadline - performance.now(), this.#writing ?? Promise.resolve(), () => {});
    while (this.#queue.length > 0 && performance.now() < deadline && this.#failures === 0) {
      this.#write();
      await writing();
    }
    await writing();
    clearTimeout(this.#timer);
    const error = new RowtrailError('RT_JOURNAL_FULL', 'Rowtrail stops before the entries could be written');
    for (const pending of this.#queue.splice(0)) this.#reject(pending, error);
  }

  #hasRoom(entries: number, bytes: number): boolean {
    return this.#queuedEntries + entries <= MAX_QUEUED_ENTRIES && this.#queuedBytes + bytes <= MAX_QUEUED_BYTES;
  }

  #enqueue(pending: Pending): void {
    this.#queue.push(pending);
    this.#queuedEntries += pending.entries.length;
    this.#queuedBytes += pending.bytes;
  }

  #writeIn(delayMs: number): void {
    this.#timer ??= setTimeout(() => this.#write(), delayMs);
  }

  /** Starts writing unless that is going on: it goes on until the queue is empty. */
  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeQueue().finally(() => {
      this.#writing = null;
      if (this.#queue.length > 0) this.#writeIn(backoffDelayMs(Math.max(this.#failures, 1), RETRY_LIMITS));
    });
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#writeBatch(batch);
        this.#failures = 0;
      } catch (error) {
        if (isRefused(error) && (await this.#writeEach(batch))) continue;
        if (!isRefused(error)) this.#giveBack(batch, error);
        return;
      }
    }
  }

  /** What can go in one commit: event ids are unique in it. */
  #takeBatch(): Pending[] {
    const ids = new Set<string>();
    const batch: Pending[] = [];
    let entries = 0;
    let bytes = 0;
    for (const pending of this.#queue) {
      entries += pending.entries.length;
      bytes += pending.bytes;
      const isFull = entries > MAX_BATCH_ENTRIES || bytes > MAX_BATCH_BYTES;
      if (batch.length > 0 && (isFull || pending.entries.some(({ eventId }) => ids.has(eventId)))) break;
      for (const { eventId } of pending.entries) ids.add(eventId);
      batch.push(pending);
    }
    this.#queue.splice(0, batch.length);
    return batch;
  }

  /** It is settled, and makes room. */
  #leave({ entries, bytes }: Pending): void {
    this.#queuedEntries -= entries.length;
    this.#queuedBytes -= bytes;
  }

  /** The store can't be had: notes wait for the next attempt; callers are told, those that wait behind them too. */
  #giveBack(batch: readonly Pending[], error: unknown): void {
    this.#failures += 1;
    for (const pending of [...batch, ...this.#queue.splice(0)]) {
      if (pending.settle === null) this.#queue.push(pending);
      else this.#reject(pending, error);
    }
    if (this.#queue.length > 0 && this.#failures === 1) {
      this.#log.warn({ code: codeOf(error) }, `the journal cannot be written, trying again: ${tellable(error)}`);
    }
  }

  /** One of them is what the store will not take. False: the store could not be had any more. */
  async #writeEach(batch: readonly Pending[]): Promise<boolean> {
    for (const [position, pending] of batch.entries()) {
      try {
        await this.#writeBatch([pending]);
      } catch (error) {
        if (!isRefused(error)) {
          this.#giveBack(batch.slice(position), error);
          return false;
        }
        this.#reject(pending, error);
      }
    }
    return true;
  }

  async #writeBatch(batch: readonly Pending[]): Promise<void> {
    const rows = await this.#rowsOf(batch);
    const result = await this.#pool.query<{ n: number; entry_id: string | null; state: AppendedEntry['state'] }>(
      `select n, entry_id::text as entry_id, state from ${quoteIdentifier(this.#schema)}.append_entries($1::json) order by n`,
      [JSON.stringify(rows)],
    );
    const appended = result.rows.map(({ entry_id: id, state }): AppendedEntry => {
      return { id: id === null || state === 'conflict' ? null : BigInt(id), state };
    });
    this.#written += appended.filter(({ state }) => state === 'new').length;
    let from = 0;
    for (const pending of batch) {
      const { length } = pending.entries;
      this.#leave(pending);
      pending.settle?.resolve(appended.slice(from, from + length));
      from += length;
    }
  }

  /** It will not be written. */
  #reject(pending: Pending, error: unknown): void {
    this.#leave(pending);
    if (pending.settle !== null) pending.settle.reject(isRefused(error) ? error : this.#explain(error));
    else this.#drop(pending.entries.length, tellable(error));
  }

  #explain(error: unknown): RowtrailError {
    return explainDatabaseError(error, 'the store', this.#pool.options.connectionString ?? '');
  }

  async #rowsOf(batch: readonly Pending[]): Promise<object[]> {
    const own = await this.#readOwnSourceId();
    const bySource = new Map<number, Actor[]>();
    const all = batch.flatMap(({ entries }, position) =>
      entries.map((entry) => {
        const sourceId = entry.sourceId ?? own;
        const actor = actorOf(entry);
        const actors = bySource.get(sourceId) ?? [];
        bySource.set(sourceId, actors);
        actors.push(actor);
        return { entry, position, sourceId, actor };
      }),
    );
    const ids = new Map<string, number>();
    for (const [sourceId, actors] of bySource) {
      const found = new Map<string, number>();
      await this.#dictionaryOf(sourceId).resolveActors(actors, found);
      for (const [key, id] of found) ids.set(`${sourceId} ${key}`, id);
    }
    return all.map(({ entry, position, sourceId, actor }, n) => ({
      n,
      batch: position,
      source_id: sourceId,
      actor_id: ids.get(`${sourceId} ${actorKey(actor)}`),
      ...rowOf(entry),
    }));
  }

  #dictionaryOf(sourceId: number): Dictionary {
    const known = this.#dictionaries.get(sourceId);
    if (known !== undefined) return known;
    const dictionary = new Dictionary(this.#pool, this.#schema, sourceId);
    this.#dictionaries.set(sourceId, dictionary);
    return dictionary;
  }

  async #readOwnSourceId(): Promise<number> {
    if (this.#ownSourceId !== null) return this.#ownSourceId;
    const sources = `${quoteIdentifier(this.#schema)}.sources`;
    await this.#pool.query(`insert into ${sources} (name) values ($1) on conflict (name) do nothing`, [OWN_SOURCE]);
    const result = await this.#pool.query<{ id: number }>(`select id from ${sources} where name = $1`, [OWN_SOURCE]);
    this.#ownSourceId = result.rows[0]!.id;
    return this.#ownSourceId;
  }

  #drop(entries: number, why: string): void {
    this.#dropped += entries;
    const now = performance.now();
    if (now - this.#warnedAt < WARNING_INTERVAL_MS) return;
    this.#warnedAt = now;
    this.#log.warn(
      { code: 'RT_JOURNAL_FULL', dropped: this.#dropped },
      `entries of the journal were not written: ${why}`,
    );
  }
}

/** Forgets the ids of events whose entries retention has removed. */
export async function forgetEvents(pool: pg.Pool, schema: string): Promise<void> {
  await pool.query(`select ${quoteIdentifier(schema)}.forget_events()`);
}

/** What the store will never take: values and limits, not its state; and what names something that is not there. */
function isRefused(error: unknown): boolean {
  return isRefusal(error) || /^23...$/.test(codeOf(error) ?? '');
}
