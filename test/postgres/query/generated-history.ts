import type { ActivityFilter } from '../../../src/query/filter.ts';
import { bucketOf, formatTime, parseTime, type Micros } from '../../../src/query/time.ts';
import type { History } from './history.ts';

/** What a test knows of a generated entry, to filter it by itself. */
export interface Known {
  readonly id: bigint;
  readonly source: string;
  readonly table: string | null;
  readonly record: string | null;
  readonly user: string;
  readonly userName: string | null;
  readonly action: string;
  readonly at: Micros;
}

interface Place {
  readonly id: number;
  readonly name: string;
  readonly relations: { id: number; table: string }[];
  readonly actors: { id: number; claim: string; name: string | null }[];
}

const MINUTE = 60_000_000n;
/** Commits lag behind their recording by up to three buckets, so that buckets overlap in id. */
const MAX_LAG_MINUTES = 45;

/** A seeded generator, so that a failure repeats. https://en.wikipedia.org/wiki/Xorshift */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export const START = parseTime('2026-01-01T00:00:00Z', 0n);

/** Two sources writing at the same time, common and rare tables, users and actions. */
export class GeneratedHistory {
  readonly known: Known[] = [];
  private readonly history: History;
  private readonly random: (below: number) => number;
  private places: Place[] = [];
  private clock = START;

  constructor(history: History, random: (below: number) => number) {
    this.history = history;
    this.random = random;
  }

  async prepare(): Promise<void> {
    for (const name of ['shop', 'billing']) {
      const id = await this.history.addSource(name);
      const relations = [];
      for (const table of ['public.orders', 'public.customers', 'archive.orders', 'public.rare']) {
        const [schema, plain] = table.split('.') as [string, string];
        relations.push({ id: await this.history.addRelation(id, schema, plain, ['id']), table });
      }
      const actors = [];
      for (const [claim, user] of [
        ['7', 'Ana'],
        ['8', 'Ben'],
        ['99', 'Rare'],
        ['ana', 'Ana'],
      ] as const) {
        actors.push({ id: await this.history.addActor(id, 'user', claim, user), claim, name: user });
      }
      actors.push({ id: await this.history.addActor(id, 'database', 'app'), claim: 'app', name: null });
      this.places.push({ id, name, relations, actors });
    }
  }

  /** About `count` entries in one flush per source, their blocks taken in turns; everything committed. */
  async add(count: number): Promise<void> {
    const rows = { entries: [] as object[], transactions: [] as object[], contexts: [] as object[] };
    const rollups = new Map<string, { low: bigint; high: bigint; count: number; key: object }>();
    const blocks: bigint[] = [];
    for (let made = 0; made < count;) {
      const place = this.places[this.random(2)] as Place;
      const size = this.random(10) === 0 ? 40 : 1 + this.random(4);
      const first = await this.history.openBlock(place.id, size);
      blocks.push(first);
      this.addTransaction(place, first, size, rows, rollups);
      made += size;
    }
    await this.history.insert('transactions', rows.transactions);
    await this.history.insert('contexts', rows.contexts);
    await this.history.insert('entries', rows.entries);
    await this.mergeRollups([...rollups.values()]);
    for (const first of blocks) await this.history.closeBlock(first);
  }

  private addTransaction(
    place: Place,
    first: bigint,
    size: number,
    rows: { entries: object[]; transactions: object[]; contexts: object[] },
    rollups: Map<string, { low: bigint; high: bigint; count: number; key: object }>,
  ): void {
    this.clock += BigInt(this.random(6)) * MINUTE;
    const at = this.clock - BigInt(this.random(MAX_LAG_MINUTES)) * MINUTE - BigInt(this.random(1_000_000));
    rows.transactions.push({ id: first, source_id: place.id, epoch: 1, committed_at: formatTime(at), size });
    const split = size > 2 ? this.random(size) : 0;
    for (const [from, to] of [
      [0, split],
      [split, size],
    ] as const) {
      if (from === to) continue;
      const actor = this.pick(place.actors, 2);
      const contextId = first + BigInt(from);
      rows.contexts.push({
        id: contextId,
        last_id: first + BigInt(to) - 1n,
        transaction_id: first,
        source_id: place.id,
        actor_id: actor.id,
        attribution: 'app',
      });
      for (let ordinal = from; ordinal < to; ordinal += 1) {
        const id = first + BigInt(ordinal);
        const relation = this.random(20) === 0 ? null : this.pick(place.relations, 3);
        const action = relation === null ? 'login' : this.pick(['update', 'create', 'delete', 'truncate'], 3);
        const record = relation === null ? null : String(this.random(30));
        rows.entries.push({
          id,
          occurred_at: formatTime(at),
          transaction_id: first,
          context_id: contextId,
          ordinal,
          relation_id: relation?.id ?? null,
          action,
          record_key: record,
          row: relation === null ? null : { id: Number(record) },
        });
        this.known.push({
          id,
          source: place.name,
          table: relation?.table ?? null,
          record,
          user: actor.claim,
          userName: actor.name,
          action,
          at,
        });
        const key = {
          bucket: formatTime(bucketOf(at)),
          relation_id: relation?.id ?? 0,
          actor_id: actor.id,
          action,
          attribution: 'app',
          source_id: place.id,
        };
        const slot = JSON.stringify(key);
        const rollup = rollups.get(slot) ?? { low: id, high: id, count: 0, key };
        rollups.set(slot, { ...rollup, high: id, count: rollup.count + 1 });
      }
    }
  }

  private async mergeRollups(rollups: { low: bigint; high: bigint; count: number; key: object }[]): Promise<void> {
    await this.history.database.query(
      `insert into audit.rollups as r select x.* from json_populate_recordset(null::audit.rollups, $1::json) x
       on conflict (bucket, relation_id, actor_id, action, attribution) do update
         set count = r.count + excluded.count, min_id = least(r.min_id, excluded.min_id),
             max_id = greatest(r.max_id, excluded.max_id)`,
      [
        JSON.stringify(
          rollups.map(({ low, high, count, key }) => ({ ...key, count, min_id: String(low), max_id: String(high) })),
        ),
      ],
    );
  }

  /** The first `common` ones nearly always; the others about once in a hundred. */
  private pick<T>(values: readonly T[], common: number): T {
    const rare = this.random(100) === 0;
    return values[rare ? this.random(values.length) : this.random(common)] as T;
  }
}

/** The filter once more, over what the test knows. */
export function matches(entry: Known, filter: ActivityFilter): boolean {
  const any = (wanted: readonly string[], has: (value: string) => boolean): boolean =>
    wanted.length === 0 || wanted.some(has);
  return (
    any(filter.table, (table) => entry.table === table || entry.table?.split('.')[1] === table) &&
    any(filter.record, (record) => entry.record === record) &&
    any(filter.user, (user) => entry.user === user || entry.userName === user) &&
    any(filter.source, (source) => entry.source === source) &&
    any(filter.action, (action) => entry.action === (action === 'insert' ? 'create' : action)) &&
    (filter.from === null || entry.at >= parseTime(filter.from, 0n)) &&
    (filter.to === null || entry.at < parseTime(filter.to, 0n))
  );
}
