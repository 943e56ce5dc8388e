import { BlockList, isIP } from 'node:net';
import type { ActivityFilter, FilterValues } from '../../../src/query/filter.ts';
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
  readonly attribution: string;
  readonly transactionId: bigint;
  readonly transactionSize: number;
  readonly requestId: string | null;
  /** Of the context and of the event itself. */
  readonly comments: readonly string[];
  /** Where it came from, as an address; null: not known. */
  readonly address: string | null;
  readonly changed: readonly string[];
  readonly before: Readonly<Record<string, Value>>;
  readonly after: Readonly<Record<string, Value>>;
  readonly unknown: readonly string[];
  /** All values of its images. */
  readonly images: readonly Value[];
}

type Value = string | number | null;

interface Place {
  readonly id: number;
  readonly name: string;
  readonly sessions: { id: number; address: string | null }[];
  readonly relations: { id: number; table: string }[];
  readonly actors: { id: number; claim: string; name: string | null }[];
}

interface Images {
  readonly columns: { row?: object; old?: object; changed?: string[]; unknown?: string[]; data?: object };
  readonly before: Readonly<Record<string, Value>>;
  readonly after: Readonly<Record<string, Value>>;
  readonly changed: readonly string[];
  readonly comment: string | null;
}

/** As a client claims it, and what address that is. */
const CLAIMED_ADDRESSES = [
  ['10.0.0.7', '10.0.0.7'],
  ['::ffff:10.0.1.9', '10.0.1.9'],
  ['2001:DB8:0::7', '2001:db8::7'],
  ['203.0.113.9, 10.0.0.1', '203.0.113.9'],
  ['somewhere', null],
  ['10.0.0.300', null],
] as const;
const COMMENTS = ['customer called', 'Monthly import, checked', 'audit finding 12', 'called customer back'];
const STATUS = ['paid', 'shipped', 'say "no" \\ or', 'ünïcode 100%', ''];

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
        const relation = await this.history.addRelation(id, schema, plain, ['id']);
        const columns = ['id', 'status', 'total', ...(plain === 'rare' ? ['odd'] : [])].map((column) => ({
          name: column,
        }));
        await this.history.database.query(
          `insert into audit.relation_versions (relation_id, version, schema_name, table_name, columns) values ($1, 1, $2, $3, $4)`,
          [relation, schema, plain, JSON.stringify(columns)],
        );
        relations.push({ id: relation, table });
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
      const sessions = [];
      for (const address of ['10.0.0.5', '2001:db8::5', null]) {
        const made = await this.history.database.query(
          `insert into audit.sessions (source_id, token_hash, session_role, client_addr, pid)
           values ($1, $2, 'app', $3, 1) returning id`,
          [id, Buffer.from(`${name} ${address}`), address],
        );
        sessions.push({ id: Number(made.rows[0].id), address });
      }
      this.places.push({ id, name, relations, actors, sessions });
    }
  }

  /** About `count` entries in one flush per source, their blocks taken in turns; everything committed. */
  async add(count: number): Promise<void> {
    const rows = { entries: [] as object[], transactions: [] as object[], contexts: [] as object[] };
    const rollups = new Map<string, { low: bigint; high: bigint; count: number; key: object }>();
    const blocks: bigint[] = [];
    for (let made = 0; made < count;) {
      const place = this.places[this.random(2)] as Place;
      const size = this.random(10) === 0 ? (this.random(10) === 0 ? 120 : 40) : 1 + this.random(4);
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
      const attribution = actor.name === null ? 'database' : 'app';
      const [claimed, address] = this.random(2) === 0 ? this.pick(CLAIMED_ADDRESSES, 3) : ([null, null] as const);
      const session = this.random(4) === 0 ? null : this.pick(place.sessions, 2);
      const requestId = this.random(3) === 0 ? `req-${this.random(40)}` : null;
      const comment = this.random(4) === 0 ? this.pick(COMMENTS, 2) : null;
      rows.contexts.push({
        id: contextId,
        last_id: first + BigInt(to) - 1n,
        transaction_id: first,
        source_id: place.id,
        actor_id: actor.id,
        attribution,
        ip: claimed,
        session_id: session?.id ?? null,
        request_id: requestId,
        comment,
      });
      for (let ordinal = from; ordinal < to; ordinal += 1) {
        const id = first + BigInt(ordinal);
        const relation = this.random(20) === 0 ? null : this.pick(place.relations, 3);
        const action = relation === null ? 'login' : this.pick(['update', 'create', 'delete', 'truncate'], 3);
        const record = relation === null ? null : String(this.random(30));
        const images = this.imagesOf(action, record, relation?.table === 'public.rare');
        rows.entries.push({
          id,
          occurred_at: formatTime(at),
          transaction_id: first,
          context_id: contextId,
          ordinal,
          relation_id: relation?.id ?? null,
          action,
          record_key: record,
          ...images.columns,
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
          attribution,
          transactionId: first,
          transactionSize: size,
          requestId,
          comments: [comment, images.comment].filter((text) => text !== null),
          address: claimed === null ? (session?.address ?? null) : address,
          changed: images.changed,
          before: images.before,
          after: images.after,
          unknown: images.columns.unknown ?? [],
          images: [...Object.values(images.columns.row ?? {}), ...Object.values(images.columns.old ?? {})],
        });
        const key = {
          bucket: formatTime(bucketOf(at)),
          relation_id: relation?.id ?? 0,
          actor_id: actor.id,
          action,
          attribution,
          source_id: place.id,
        };
        const slot = JSON.stringify(key);
        const rollup = rollups.get(slot) ?? { low: id, high: id, count: 0, key };
        rollups.set(slot, { ...rollup, high: id, count: rollup.count + 1 });
      }
    }
  }

  /** What an entry of the action has in its columns, and what a test knows of it. */
  private imagesOf(action: string, record: string | null, isRare: boolean): Images {
    const image = {
      id: Number(record),
      status: this.pick(STATUS, 2),
      total: this.random(5),
      ...(isRare ? { odd: 1 } : {}),
    };
    const nothing = { before: {}, after: {}, changed: [], comment: null };
    if (action === 'truncate') return { ...nothing, columns: { data: { rows: 1 } } };
    if (action === 'login') {
      const comment = this.random(3) === 0 ? 'with a passkey' : null;
      return { ...nothing, comment, columns: { data: { ...(comment === null ? {} : { comment }), data: {} } } };
    }
    if (action !== 'update') {
      const [before, after] = action === 'delete' ? [image, {}] : [{}, image];
      return { ...nothing, before, after, columns: { row: image } };
    }
    const changed = this.random(3) === 0 ? ['status', 'total'] : [isRare && this.random(2) === 0 ? 'odd' : 'status'];
    const before = { status: this.pick(STATUS, 3), total: 9, odd: null };
    const old = Object.fromEntries(Object.entries(before).filter(([name]) => changed.includes(name)));
    const after = Object.fromEntries(Object.entries(image).filter(([name]) => changed.includes(name)));
    const unknown = this.random(50) === 0 ? { unknown: ['id'] } : {};
    // As it is stored, `old` tells; as it was, and is where that holds too much, what changed is named.
    const named = this.random(2) === 0 ? { changed } : {};
    return { ...nothing, before: old, after, changed, columns: { row: image, old, ...named, ...unknown } };
  }

  private async mergeRollups(rollups: { low: bigint; high: bigint; count: number; key: object }[]): Promise<void> {
    const bySource = new Map<number, object[]>();
    for (const { low, high, count, key } of rollups) {
      const { source_id: sourceId } = key as { source_id: number };
      const rows = bySource.get(sourceId) ?? [];
      rows.push({ ...key, count, min_id: String(low), max_id: String(high) });
      bySource.set(sourceId, rows);
    }
    for (const [sourceId, rows] of bySource) {
      await this.history.database.query('select audit.add_rollups($1, $2)', [sourceId, JSON.stringify(rows)]);
    }
  }

  /** The first `common` ones nearly always; the others about once in a hundred. */
  private pick<T>(values: readonly T[], common: number): T {
    const rare = this.random(100) === 0;
    return values[rare ? this.random(values.length) : this.random(common)] as T;
  }
}

/** The filter once more, over what the test knows. */
export function matches(entry: Known, filter: ActivityFilter): boolean {
  const conditions = conditionsOf(entry, filter.field);
  const holds = (key: keyof FilterValues, value: string): boolean => conditions[key](value);
  const keys = Object.keys(conditions) as (keyof FilterValues)[];
  return (
    keys.every((key) => {
      const values = filter[key];
      // Of several words, all.
      if (key === 'text') return values.every((value) => holds(key, value));
      return values.length === 0 || values.some((value) => holds(key, value));
    }) &&
    keys.every((key) => !filter.not[key].some((value) => holds(key, value))) &&
    (filter.from === null || entry.at >= parseTime(filter.from, 0n)) &&
    (filter.to === null || entry.at < parseTime(filter.to, 0n))
  );
}

function conditionsOf(entry: Known, fields: readonly string[]): Record<keyof FilterValues, (value: string) => boolean> {
  const has = (image: Known['before'], value: string): boolean =>
    Object.entries(image).some(([name, is]) => (fields.length === 0 || fields.includes(name)) && String(is) === value);
  return {
    table: (table) => entry.table === table || entry.table?.split('.')[1] === table,
    record: (record) => entry.record === record,
    user: (user) => entry.user === user || entry.userName?.toLowerCase() === user.toLowerCase(),
    source: (source) => entry.source === source,
    action: (action) => entry.action === (action === 'insert' ? 'create' : action),
    ip: (network) => entry.address !== null && isWithin(entry.address, network),
    field: (field) => entry.changed.includes(field),
    tx: (id) => entry.transactionId === BigInt(id),
    request_id: (id) => entry.requestId === id,
    attribution: (attribution) => entry.attribution === attribution,
    comment: (phrase) => entry.comments.some((comment) => hasPhrase(comment, phrase)),
    old: (value) => has(entry.before, value),
    new: (value) => has(entry.after, value),
    value: (part) => entry.images.some((value) => String(value).toLowerCase().includes(part.toLowerCase())),
    is: (kind) =>
      (kind === 'direct' && entry.attribution === 'database') ||
      (kind === 'bulk' && entry.transactionSize >= 100) ||
      (kind === 'event' && entry.action === 'login') ||
      (kind === 'incomplete' && entry.unknown.length > 0),
    text: (text) =>
      entry.record === text ||
      entry.requestId === text ||
      entry.user === text ||
      hasPhrase(`${entry.user} ${entry.userName ?? ''}`, text) ||
      entry.comments.some((comment) => hasPhrase(comment, text)),
  };
}

function hasPhrase(text: string, phrase: string): boolean {
  const words = (from: string): string => ` ${(from.toLowerCase().match(/[a-z0-9]+/g) ?? []).join(' ')} `;
  return words(phrase).trim() !== '' && words(text).includes(words(phrase));
}

function isWithin(address: string, network: string): boolean {
  const [base = '', bits] = network.replace(/^::ffff:/, '').split('/');
  const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  return (isIP(address) === 4) === (family === 'ipv4') && list.check(address, family);
}
