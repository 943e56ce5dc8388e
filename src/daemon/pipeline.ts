import type pg from 'pg';
import { readSession } from '../capture/wal/session.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import type { Checkpoint } from '../store/checkpoint.ts';
import { Dictionary } from '../store/dictionary.ts';
import { StoreWriter, type WriterOptions } from '../store/writer.ts';
import { TransactionAssembler, type AssemblerOptions } from '../transaction/assembler.ts';
import type { ClaimMapping } from '../transaction/context-message.ts';
import type { AttemptOptions } from './capture-attempt.ts';
import { BaselineRunner, type BaselineSubject } from './baseline-runner.ts';
import { rootRelation, schemaRelation } from './root-relation.ts';
import { RuleKeeper } from './rule-keeper.ts';
import { SessionCache } from './session-cache.ts';
import { readTracked } from './tracked-table.ts';

/** What lies between capture, of whatever way, and the store. */
export interface Pipeline {
  readonly dictionary: Dictionary;
  readonly relationIds: Map<number, number>;
  readonly ruleKeeper: RuleKeeper;
  /** Not started yet. */
  readonly writer: StoreWriter;
  /** Puts together what the writer takes, with what depends on the way of capture. */
  readonly assemble: (
    own: Pick<AssemblerOptions<RelationPlan>, 'describe' | 'restart' | 'storedUpTo'>,
  ) => TransactionAssembler<RelationPlan>;
  /** Makes the baselines that are asked for, with what depends on the way of capture; not started yet. */
  readonly baselines: (own: Pick<BaselineSubject, 'catalog' | 'describe' | 'passed' | 'hasReceived'>) => BaselineRunner;
}

/** Makes it for a source whose history is at `known`. Nothing in it is open yet but what belongs to `options`. */
export async function makePipeline(
  options: AttemptOptions,
  known: Checkpoint,
  events: Pick<WriterOptions, 'onDurable' | 'onPressure' | 'onFailure'>,
): Promise<Pipeline> {
  const { source, store, sourcePool, storePool } = options;
  const dictionary = new Dictionary(storePool, store.schema, known.sourceId);
  // The store knows the sessions that changed something; the source also those that only said hello so far.
  const sessions = new SessionCache(
    async (token) => (await dictionary.findSession(token)) ?? (await readSession(sourcePool, token)),
  );
  const secret = await installSecret(sourcePool);
  const tracked = await readTracked(sourcePool);
  const relationIds = await inStore(store, async () => {
    await dictionary.addRelations(tracked);
    return dictionary.relationIds();
  });
  const ruleKeeper = new RuleKeeper(source, sourcePool, { pool: storePool, schema: store.schema });
  await ruleKeeper.start();
  const writer = new StoreWriter({
    url: store.url,
    schema: store.schema,
    checkpoint: known,
    dictionary,
    relationIds,
    ...(options.aloneUpTo === undefined ? {} : { aloneUpTo: options.aloneUpTo }),
    ...events,
  });
  return {
    dictionary,
    relationIds,
    ruleKeeper,
    writer,
    assemble: (own) =>
      new TransactionAssembler<RelationPlan>({
        sink: writer,
        sessions,
        secret,
        oidOf: ({ oid }) => oid,
        mappings: claimMappings(source),
        relationIdOf: rootRelation(sourcePool, dictionary, relationIds),
        relationIdOfSchema: schemaRelation(dictionary, relationIds),
        ...own,
      }),
    baselines: (own) =>
      new BaselineRunner({
        source,
        sourcePool,
        storePool,
        store: {
          url: store.url,
          schema: store.schema,
          sourceId: known.sourceId,
          epoch: known.epoch,
          capture: source.capture,
          writer: writer.id,
          dictionary,
        },
        log: options.log,
        insert: (insertion) => writer.insert(insertion),
        ...own,
      }),
  };
}

/** What goes wrong in `work` went wrong in the store: its URL belongs in the message, not the source's. */
export async function inStore<T>(store: StoreConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainDatabaseError(error, 'store', store.url);
  }
}

/** The context trigger ships the distinct mapped settings sorted by name: a claim finds its own by place. */
function claimMappings(source: Pick<SourceConfig, 'context'>): ClaimMapping[] {
  const settings = [...new Set(Object.values(source.context).map((mapping) => mapping.setting))].toSorted();
  return Object.entries(source.context).flatMap(([name, mapping]) => {
    const claim = CLAIM_NAMES[name];
    return claim === undefined ? [] : [{ claim, position: settings.indexOf(mapping.setting), path: mapping.path }];
  });
}

const CLAIM_NAMES: Readonly<Record<string, ClaimMapping['claim']>> = {
  user_id: 'userId',
  user_name: 'userName',
  ip: 'ip',
  user_agent: 'userAgent',
  comment: 'comment',
  request_id: 'requestId',
  context: 'context',
};

async function installSecret(pool: pg.Pool): Promise<string> {
  try {
    const result = await pool.query<{ secret: string }>('select secret from rowtrail.install');
    const secret = result.rows[0]?.secret;
    if (secret !== undefined) return secret;
  } catch (error) {
    if (codeOf(error) !== '42P01' && codeOf(error) !== '3F000') throw error;
  }
  throw new RowtrailError('RT_SETUP_MISSING', 'the schema rowtrail is not installed on the source', {
    hint: 'Run `rowtrail setup` first.',
  });
}
