import { backoffDelayMs } from '../lib/backoff.ts';
import type { EntryText } from './entry-reader.ts';
import type { ActivityFilter } from './filter.ts';
import { inSnapshot, type StoreConnection, type StoreReader } from './store-reader.ts';
import { entriesAfter, type Following } from './tail.ts';
import { EVERYTHING } from './visibility.ts';

/** Who is given entries as they come. */
export interface Subscriber {
  readonly store: StoreReader;
  readonly filter: ActivityFilter;
  /**
   * Takes entries, oldest first; `lastId` is the last id looked at. False: it takes no more until `Subscription.resume`.
   */
  take(entries: readonly EntryText[], lastId: bigint): boolean;
  /** Nothing more will come, because it could not be read. */
  fail(error: unknown): void;
}

export interface Subscription {
  /** It takes entries again. */
  resume(): void;
  end(): void;
}

/** How often the store is asked whether anything is new. */
const POLL_INTERVAL_MS = 250;
/** Questions asked at the same time, however many follow. */
const MAX_CONCURRENT = 2;
const BATCH_ENTRIES = 200;
/** Of asking whether anything is new, in a row; then all subscribers are told. */
const MAX_FAILURES = 20;
/** Of reading for some of them, in a row; then those are told. */
const MAX_READ_FAILURES = 6;
const RETRY_LIMITS = { minDelayMs: 500, maxDelayMs: 2_000 };

interface Follower extends Subscriber {
  /** Equal for those who see the same. */
  readonly group: string;
  lastId: bigint;
  isPaused: boolean;
  /** Of reading, in a row. */
  failures: number;
  /** When it is tried again, by `performance.now()`. */
  retryAt: number;
}

/**
 * Gives entries to any number of subscribers. One question in a while asks whether there is anything new at all; only
 * then are they read, once for all that have the same filter, viewer and position.
 */
export class Feed {
  readonly #store: StoreConnection;
  readonly #followers = new Set<Follower>();
  #seen = '';
  /** Some have not come up to what is known to be there. */
  #isBehind = false;
  /** Some could not be read for: they are tried again, even if nothing is new. */
  #hasFailed = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | null = null;
  #stopped = false;

  constructor(store: StoreConnection) {
    this.#store = store;
  }

  get size(): number {
    return this.#followers.size;
  }

  /** Entries after `lastId` come from now on. */
  subscribe(subscriber: Subscriber, lastId: bigint): Subscription {
    const { viewer } = subscriber.store;
    const follower: Follower = {
      store: subscriber.store,
      filter: subscriber.filter,
      take: (entries, last) => subscriber.take(entries, last),
      fail: (error) => subscriber.fail(error),
      group: JSON.stringify([viewer, subscriber.filter]),
      lastId,
      isPaused: false,
      failures: 0,
      retryAt: 0,
    };
    this.#followers.add(follower);
    this.#wake();
    return {
      resume: () => {
        follower.isPaused = false;
        this.#wake();
      },
      end: () => {
        this.#followers.delete(follower);
      },
    };
  }

  /** Resolves when nothing is being read any more. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#followers.clear();
    await this.#round;
  }

  #wake(): void {
    this.#isBehind = true;
    if (this.#round === null) this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#followers.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#read().finally(() => {
        this.#round = null;
        this.#schedule(this.#isBehind && this.#failures === 0 ? 0 : POLL_INTERVAL_MS);
      });
    }, delayMs);
  }

  async #read(): Promise<void> {
    const wasBehind = this.#isBehind || this.#hasFailed;
    this.#isBehind = false;
    this.#hasFailed = false;
    try {
      const state = await readState(this.#store);
      this.#failures = 0;
      if (state === this.#seen && !wasBehind) return;
      await this.#readGroups();
      this.#seen = state;
    } catch (error) {
      this.#isBehind = true;
      this.#failures += 1;
      if (this.#failures < MAX_FAILURES) return;
      this.#failures = 0;
      for (const follower of this.#followers) this.#fail(follower, error);
    }
  }

  async #readGroups(): Promise<void> {
    const groups = new Map<string, Follower[]>();
    const now = performance.now();
    for (const follower of this.#followers) {
      if (follower.isPaused) continue;
      if (follower.retryAt > now) {
        this.#hasFailed = true;
        continue;
      }
      const key = `${follower.lastId} ${follower.group}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [follower]);
      else group.push(follower);
    }
    const waiting = [...groups.values()];
    await Promise.all(
      Array.from({ length: MAX_CONCURRENT }, async () => {
        for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) await this.#readGroup(group);
      }),
    );
  }

  /** Never rejects: that these cannot be read for is nobody else's failure. */
  async #readGroup(group: readonly Follower[]): Promise<void> {
    const { store, filter, lastId: from } = group[0] as Follower;
    let following: Following;
    try {
      following = await entriesAfter(store, from, filter, BATCH_ENTRIES);
    } catch (error) {
      this.#retryLater(group, error);
      return;
    }
    const { entries, lastId, more } = following;
    if (more) this.#isBehind = true;
    for (const follower of group) {
      if (!this.#followers.has(follower)) continue;
      follower.lastId = lastId;
      follower.failures = 0;
      try {
        follower.isPaused = !follower.take(entries, lastId);
      } catch (error) {
        this.#fail(follower, error);
      }
    }
  }

  #retryLater(group: readonly Follower[], error: unknown): void {
    this.#hasFailed = true;
    for (const follower of group) {
      if (!this.#followers.has(follower)) continue;
      follower.failures += 1;
      follower.retryAt = performance.now() + backoffDelayMs(follower.failures, RETRY_LIMITS);
      if (follower.failures >= MAX_READ_FAILURES) this.#fail(follower, error);
    }
  }

  #fail(follower: Follower, error: unknown): void {
    this.#followers.delete(follower);
    follower.fail(error);
  }
}

/** Another text whenever entries may have become readable: ids were handed out, or a block was closed. */
function readState(store: StoreConnection): Promise<string> {
  return inSnapshot({ ...store, viewer: EVERYTHING }, async (snapshot) => {
    const rows = await snapshot.queryPlanned<{ state: string }>(
      `select c.last_id || ' ' || coalesce((select string_agg(f.first_id || '/' || f.writer, ' ' order by f.first_id)
         from :schema.flushes f), '') as state from :schema.id_clock c`,
      [],
    );
    return (rows[0] as { state: string }).state;
  });
}
