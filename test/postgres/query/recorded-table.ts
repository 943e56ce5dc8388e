import { formatTime, type Micros } from '../../../src/query/time.ts';
import type { History } from './history.ts';

/** What a test knows of one entry of a record. */
export interface KnownRevision {
  readonly id: bigint;
  readonly record: number;
  readonly action: string;
  readonly key: string;
  readonly at: Micros;
  /** The image after it; null: the record is gone. */
  readonly state: string | null;
  /** The image before its end. */
  readonly lastState: string | null;
  readonly reason: 'deleted' | 'truncated' | null;
  readonly actor: string;
}

interface Live {
  readonly record: number;
  readonly key: string;
  readonly image: string;
}

const MINUTE = 60_000_000n;
const START: Micros = 1_767_225_600_000_000n;

/**
 * A table whose records come, change, change their keys, go, come back, and are truncated. Several changes share a
 * transaction. No key is ever used by two records.
 */
export class RecordedTable {
  readonly revisions: KnownRevision[] = [];
  readonly #history: History;
  readonly #random: (below: number) => number;
  readonly #live = new Map<number, Live>();
  readonly #gone = new Map<number, string>();
  #records = 0;
  #keys = 0;
  #at = START;
  sourceId = 0;
  relationId = 0;
  #actors: { id: number; claim: string }[] = [];
  readonly table: string;

  constructor(history: History, random: (below: number) => number, table: string) {
    this.#history = history;
    this.#random = random;
    this.table = table;
  }

  async prepare(sourceId: number): Promise<void> {
    this.sourceId = sourceId;
    this.relationId = await this.#history.addRelation(sourceId, 'public', this.table, ['id']);
    for (const claim of ['1', '2', '3']) {
      this.#actors.push({ id: await this.#history.addActor(sourceId, 'user', `${this.table}:${claim}`), claim });
    }
  }

  async add(transactions: number): Promise<void> {
    const rows = { entries: [] as object[], contexts: [] as object[], transactions: [] as object[] };
    const links: object[] = [];
    const truncated: object[] = [];
    const blocks: bigint[] = [];
    for (let i = 0; i < transactions; i += 1) {
      const size = 1 + this.#random(4);
      const first = await this.#history.openBlock(this.sourceId, size);
      blocks.push(first);
      this.#at += BigInt(1 + this.#random(300)) * MINUTE;
      const actor = this.#actors[this.#random(3)] as { id: number; claim: string };
      const at = formatTime(this.#at);
      rows.transactions.push({ id: first, source_id: this.sourceId, epoch: 1, xid: 700 + i, committed_at: at, size });
      rows.contexts.push({
        id: first,
        last_id: first + BigInt(size) - 1n,
        transaction_id: first,
        source_id: this.sourceId,
        actor_id: actor.id,
        attribution: 'app',
      });
      for (let ordinal = 0; ordinal < size; ordinal += 1) {
        const id = first + BigInt(ordinal);
        const entry = this.#change(id, `${this.table}:${actor.claim}`, links, truncated);
        rows.entries.push({
          id,
          occurred_at: at,
          transaction_id: first,
          context_id: first,
          ordinal,
          relation_id: this.relationId,
          ...entry,
        });
      }
    }
    for (const [name, values] of Object.entries(rows)) await this.#history.insert(name, values);
    await this.#history.insert('entry_links', links);
    await this.#history.insert('truncated_rows', truncated);
    for (const first of blocks) await this.#history.closeBlock(first);
    await this.#history.count();
  }

  #change(id: bigint, actor: string, links: object[], truncated: object[]): object {
    const live = [...this.#live.values()];
    const chosen = live[this.#random(live.length || 1)];
    const kind = this.#random(40);
    const known = { id, at: this.#at, actor };
    if (kind === 0 && live.length > 0) {
      for (const [position, { record, key, image }] of live.entries()) {
        this.#end({ ...known, record, action: 'truncate', key, lastState: image, reason: 'truncated', state: null });
        truncated.push({
          entry_id: id,
          position,
          relation_id: this.relationId,
          record_key: key,
          row: JSON.parse(image),
        });
      }
      const rows = { captured: true, count: live.length };
      return { action: 'truncate', record_key: null, data: { data: { rows } } };
    }
    if (chosen === undefined || kind < 12) return this.#create(known);
    const { record, key, image } = chosen;
    if (kind < 16) {
      this.#end({ ...known, record, action: 'delete', key, lastState: image, reason: 'deleted', state: null });
      return { action: 'delete', record_key: key, row: JSON.parse(image) };
    }
    const moved = kind < 20 ? String((this.#keys += 1)) : key;
    if (moved !== key) {
      links.push({ entry_id: id, kind: 'key', relation_id: this.relationId, record_key: key, entry_key: moved });
    }
    return { ...this.#write(known, record, moved, 'update'), changed: ['n'], old: { n: 0 } };
  }

  #create(known: { id: bigint; at: Micros; actor: string }): object {
    const [again] = this.#gone;
    if (again !== undefined && this.#random(2) === 0) return this.#write(known, again[0], again[1], 'create');
    return this.#write(known, (this.#records += 1), String((this.#keys += 1)), 'create');
  }

  #write(known: { id: bigint; at: Micros; actor: string }, record: number, key: string, action: string): object {
    const image = JSON.stringify({ id: Number(key), n: Number(known.id & 0xffffn), at: String(known.at) });
    this.#gone.delete(record);
    this.#live.set(record, { record, key, image });
    this.revisions.push({ ...known, record, key, action, state: image, lastState: null, reason: null });
    return { action, record_key: key, row: JSON.parse(image) };
  }

  #end(revision: KnownRevision): void {
    this.#live.delete(revision.record);
    this.#gone.set(revision.record, revision.key);
    this.revisions.push(revision);
  }
}
