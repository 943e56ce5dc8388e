import type { ResolvedAddresses } from './address-lookup.ts';
import { changedAnySql } from './changed-sql.ts';
import type { ResolvedFilter, ResolvedTerms, Word } from './filter.ts';
import type { EntryKind } from './grammar/filter-key.ts';
import { likelyPart } from './image-match.ts';
import { bucketOf, dayOf, formatTime, type Micros } from './time.ts';

/** Entries of a transaction from which on it is `is:bulk`. */
export const BULK_SIZE = 100;

const ROW_ACTIONS = ['create', 'update', 'delete', 'truncate', 'baseline', 'schema'];

/** A table of counts: what it counts over, and what it does not tell. */
export interface RollupGrain {
  readonly table: 'rollups' | 'relation_days' | 'source_days';
  readonly time: 'bucket' | 'day';
  /** The start of the time that a moment is counted in. */
  readonly startOf: (time: Micros) => Micros;
  readonly lacks: readonly string[];
}

const ROLLUPS: RollupGrain = { table: 'rollups', time: 'bucket', startOf: bucketOf, lacks: [] };
export const RELATION_DAYS: RollupGrain = {
  table: 'relation_days',
  time: 'day',
  startOf: dayOf,
  lacks: ['actor_id'],
};
export const SOURCE_DAYS: RollupGrain = {
  table: 'source_days',
  time: 'day',
  startOf: dayOf,
  lacks: ['actor_id', 'relation_id'],
};

/** A condition on `audit.rollups u`, or a coarser table, that holds for every row that counts a matching entry. */
export function rollupCondition(filter: ResolvedFilter, parameters: unknown[], grain: RollupGrain = ROLLUPS): string {
  const conditions = ['true'];
  const add = (column: string, type: string, values: readonly unknown[] | null, comparison = '= any'): void => {
    if (values !== null && !grain.lacks.includes(column))
      conditions.push(`u.${column} ${comparison}($${parameters.push(values)}::${type}[])`);
  };
  add('relation_id', 'integer', filter.relationIds);
  add('relation_id', 'integer', filter.fieldRelationIds);
  add('actor_id', 'integer', filter.actorIds);
  add('source_id', 'integer', filter.sourceIds);
  add('action', 'text', filter.actions);
  add('attribution', 'text', filter.attributions);
  if (filter.fields !== null) conditions.push("u.action = 'update'");
  if (filter.kinds !== null && filter.kinds.every(isInRollups)) {
    conditions.push(`(${filter.kinds.map((kind) => KINDS_IN_ROLLUPS[kind]).join(' or ')})`);
  }
  if (filter.not !== null) {
    add('relation_id', 'integer', filter.not.relationIds, '<> all');
    add('actor_id', 'integer', filter.not.actorIds, '<> all');
    add('source_id', 'integer', filter.not.sourceIds, '<> all');
    add('action', 'text', filter.not.actions, '<> all');
    add('attribution', 'text', filter.not.attributions, '<> all');
    const kinds = (filter.not.kinds ?? []).filter(isInRollups);
    conditions.push(...kinds.map((kind) => `not (${KINDS_IN_ROLLUPS[kind]})`));
  }
  if (filter.hiddenAction !== null) conditions.push(`u.action <> $${parameters.push(filter.hiddenAction)}::text`);
  if (filter.from !== null) {
    conditions.push(`u.${grain.time} >= $${parameters.push(formatTime(grain.startOf(filter.from)))}::timestamptz`);
  }
  if (filter.to !== null) conditions.push(`u.${grain.time} < $${parameters.push(formatTime(filter.to))}::timestamptz`);
  return conditions.join(' and ');
}

/** Whether the rollups tell, but for its times, exactly what matches: in a bucket that they count, most entries do. */
export function isInRollupsWhole(filter: ResolvedFilter): boolean {
  return filter.fields === null && isWhole(filter) && (filter.not === null || isWhole(filter.not));
}

/** The conditions for which entries must be read one by one. */
function isWhole(terms: ResolvedTerms): boolean {
  const { records, transactionIds, requestIds, addresses, comments, fields, old, new: fresh, values, words } = terms;
  const others = [records, transactionIds, requestIds, addresses, comments, fields, old, fresh, values, words];
  return others.every((term) => term === null) && (terms.kinds === null || terms.kinds.every(isInRollups));
}

type KindInRollups = 'direct' | 'event';
const ROW_ACTION_LIST = ROW_ACTIONS.map((action) => `'${action}'`).join(', ');
const KINDS_IN_ROLLUPS: Readonly<Record<KindInRollups, string>> = {
  direct: "u.attribution = 'database'",
  event: `u.action not in (${ROW_ACTION_LIST})`,
};

function isInRollups(kind: EntryKind): kind is KindInRollups {
  return Object.hasOwn(KINDS_IN_ROLLUPS, kind);
}

/**
 * A condition on `audit.entries e`. What an access path has seen to already is left out by giving the filter without
 * it. For `old`, `new` and `values` it lets pass all that may match: `image-match.ts` tells which do.
 */
export function entryCondition(filter: ResolvedFilter, parameters: unknown[]): string {
  const parameter: Parameter = (value, type) => `$${parameters.push(value)}::${type}`;
  const conditions = ['true', ...plainConditions(filter, parameter)];
  const contexts = contextConditions(filter, parameter);
  if (contexts.length > 0) conditions.push(inContext(contexts.join(' and ')));
  conditions.push(...imageConditions(filter, parameter));
  if (filter.hiddenAction !== null) conditions.push(`e.action <> ${parameter(filter.hiddenAction, 'text')}`);
  if (filter.from !== null) conditions.push(`e.occurred_at >= ${parameter(formatTime(filter.from), 'timestamptz')}`);
  if (filter.to !== null) conditions.push(`e.occurred_at < ${parameter(formatTime(filter.to), 'timestamptz')}`);
  if (filter.not !== null) {
    const excluded = [
      ...plainConditions(filter.not, parameter),
      ...contextConditions(filter.not, parameter).map(inContext),
    ];
    // Of several texts or kinds that are excluded, none may hold: each is a condition of its own.
    conditions.push(...excluded.map((condition) => `(${condition}) is not true`));
  }
  return conditions.join(' and ');
}

type Parameter = (value: unknown, type: string) => string;

function plainConditions(terms: ResolvedTerms, parameter: Parameter): string[] {
  const conditions: string[] = [];
  const any = (column: string, values: readonly unknown[] | null, type: string): void => {
    if (values !== null) conditions.push(`${column} = any(${parameter(values, `${type}[]`)})`);
  };
  any('e.relation_id', terms.relationIds, 'integer');
  any('e.record_key', terms.records, 'text');
  any('e.action', terms.actions, 'text');
  any('e.transaction_id', terms.transactionIds, 'bigint');
  any(
    "coalesce((select c.attribution from :schema.contexts c where c.id = e.context_id), 'unknown')",
    terms.attributions,
    'text',
  );
  if (terms.fields !== null) {
    conditions.push(`(e.action = 'update' and ${changedAnySql('e', terms.fields, parameter)})`);
  }
  if (terms.comments !== null) conditions.push(commented(terms.comments, parameter));
  if (terms.kinds !== null) {
    conditions.push(`(${terms.kinds.map((kind) => KIND_CONDITIONS[kind]).join(' or ')})`);
  }
  conditions.push(...(terms.words ?? []).map((word) => mentioned(word, parameter)));
  if (terms.sourceIds !== null) {
    // An entry's source is its relation's; one without a table has only its context's.
    const ids = parameter(terms.sourceIds, 'integer[]');
    conditions.push(`case when e.relation_id is null
      then (select c.source_id from :schema.contexts c where c.id = e.context_id) = any(${ids})
      else e.relation_id = any(array(select r.id from :schema.relations r where r.source_id = any(${ids}))) end`);
  }
  return conditions;
}

const KIND_CONDITIONS: Readonly<Record<EntryKind, string>> = {
  direct: inContext("c.attribution = 'database'"),
  bulk: `(select t.size >= ${BULK_SIZE} from :schema.transactions t where t.id = e.transaction_id)`,
  event: `e.action not in (${ROW_ACTION_LIST})`,
  revert: "(select true from :schema.entry_links l where l.entry_id = e.id and l.kind = 'revert' limit 1)",
  reverted: "(select true from :schema.entry_links l where l.linked_id = e.id and l.kind = 'revert' limit 1)",
  incomplete: 'e.unknown is not null',
};

/** Conditions on `audit.contexts c`. */
function contextConditions(terms: ResolvedTerms, parameter: Parameter): string[] {
  const conditions: string[] = [];
  if (terms.actorIds !== null) conditions.push(`c.actor_id = any(${parameter(terms.actorIds, 'integer[]')})`);
  if (terms.requestIds !== null) conditions.push(`c.request_id = any(${parameter(terms.requestIds, 'text[]')})`);
  if (terms.addresses !== null) conditions.push(cameFrom(terms.addresses, parameter));
  return conditions;
}

/** The address that was claimed decides; where none was, the session's. */
function cameFrom({ ranges }: ResolvedAddresses, parameter: Parameter): string {
  const lows = parameter(
    ranges.map(({ low }) => low),
    'inet[]',
  );
  const highs = parameter(
    ranges.map(({ high }) => high),
    'inet[]',
  );
  return `exists (select from unnest(${lows}, ${highs}) a(low, high) where case
      when c.ip is not null then :schema.address(c.ip)
      else (select :schema.address(n.client_addr) from :schema.sessions n where n.id = c.session_id) end
    between a.low and a.high)`;
}

export function inContext(condition: string): string {
  // Not `exists`: the planner may answer that by a hash of all contexts.
  return `(select ${condition} from :schema.contexts c where c.id = e.context_id)`;
}

/** A tsquery that holds where one of the texts does, its words in their order. */
export function anyPhrase(texts: readonly string[], parameter: Parameter): string {
  return `(${texts.map((text) => `phraseto_tsquery('pg_catalog.simple', ${parameter(text, 'text')})`).join(' || ')})`;
}

/** On `audit.contexts c`. */
export const CONTEXT_WORDS = "to_tsvector('pg_catalog.simple', c.comment)";
/** On `audit.entries e`, where `HAS_EVENT_WORDS` holds. */
export const EVENT_WORDS = "to_tsvector('pg_catalog.simple', :schema.event_comment(e.data))";
export const HAS_EVENT_WORDS = 'e.row is null and e.data is not null';

function commented(texts: readonly string[], parameter: Parameter): string {
  const words = anyPhrase(texts, parameter);
  return `(${inContext(`c.comment is not null and ${CONTEXT_WORDS} @@ ${words}`)}
    or case when ${HAS_EVENT_WORDS} then ${EVENT_WORDS} @@ ${words} end)`;
}

function mentioned(word: Word, parameter: Parameter): string {
  const text = parameter(word.text, 'text');
  return `(e.record_key = ${text}
    or ${inContext(`(c.actor_id = any(${parameter(word.actorIds, 'integer[]')}) or c.request_id = ${text})`)}
    or ${commented([word.text], parameter)})`;
}

/** What of the images must be there for a match, as far as their text shows it. */
function imageConditions(filter: ResolvedFilter, parameter: Parameter): string[] {
  const holds = (texts: readonly string[] | null, columns: readonly string[], fold: boolean): string[] => {
    const parts = texts?.map((text) => likelyPart(text, fold));
    if (parts === undefined || parts.includes('')) return [];
    const found = parts.flatMap((part) => {
      const wanted = parameter(fold ? `%${part.replaceAll(/[\\%_]/g, '\\$&')}%` : part, 'text');
      return columns.map((column) =>
        fold ? `e.${column}::text ilike ${wanted}` : `strpos(e.${column}::text, ${wanted}) > 0`,
      );
    });
    return [`(${found.join(' or ')})`];
  };
  return [
    ...holds(filter.old, ['old', 'row'], false),
    ...holds(filter.new, ['row'], false),
    ...holds(filter.values, ['row', 'old'], true),
    ...((filter.old ?? filter.new ?? filter.values) === null ? [] : ['e.row is not null']),
  ];
}
