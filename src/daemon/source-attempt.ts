import { readSession } from '../capture/wal/session.ts';
import { readSlot, slotFault } from '../capture/wal/slot.ts';
import { WalCapture, type CaptureConsumer, type CaptureIntervals } from '../capture/wal/wal-capture.ts';
import type { SystemIdentity } from '../capture/wal/replication-stream.ts';
import type { SourceConfig, StoreConfig } from '../config/config.ts';
import type { RelationPlan } from '../entry/relation-plan.ts';
import { codeOf, RowtrailError } from '../lib/errors.ts';
import { explainDatabaseError } from '../pg/pool.ts';
import { readCheckpoint, recordAcknowledgement, type Checkpoint } from '../store/checkpoint.ts';
import { Dictionary } from '../store/dictionary.ts';
import { ensurePartitions } from '../store/partition.ts';
import { StoreWriter } from '../store/writer.ts';
import { TransactionAssembler } from '../transaction/assembler.ts';
import type { ClaimMapping } from '../transaction/context-message.ts';
import { relationDescriber } from './relation-describer.ts';
import { explainStreamError } from './retry.ts';
import { SessionCache } from './session-cache.ts';
import type pg from 'pg';

export interface AttemptOptions {
  readonly source: SourceConfig;
  readonly store: StoreConfig;
  readonly sourcePool: pg.Pool;
  readonly storePool: pg.Pool;
  readonly onStreaming: () => void;
  readonly intervals?: CaptureIntervals | undefined;
}

/** One attempt at capturing a source into the store: what it opens, it closes. */
export class SourceAttempt {
  readonly #options: AttemptOptions;
  readonly #capture: WalCapture<RelationPlan>;
  #checkpoint: Checkpoint | null = null;
  #writer: StoreWriter | null = null;
  #assembler: TransactionAssembler<RelationPlan> | null = null;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { url, slot, publication } = options.source;
    const { intervals } = options;
    this.#capture = new WalCapture({
      url,
      slot,
      publication,
      verify: (system) => this.#verify(system),
      open: () => this.#open(),
      ...(intervals === undefined ? {} : { intervals }),
    });
  }

  get receivedLsn(): bigint | null {
    return this.#capture.receivedLsn;
  }

  get serverWalEnd(): bigint | null {
    return this.#capture.serverWalEnd;
  }

  get caughtUp(): boolean {
    return this.#writer?.idle === true && this.#assembler?.inTransaction === false;
  }

  get counters(): { changes: number; transactions: number; unverifiedMessages: number; entries: number } {
    return {
      changes: 0,
      transactions: 0,
      unverifiedMessages: 0,
      ...this.#assembler?.counters,
      entries: this.#writer?.counters.entries ?? 0,
    };
  }

  /** Runs until `stop`; rejects with a classified error. */
  async run(): Promise<void> {
    const { source } = this.#options;
    try {
      await this.#capture.run(this.#options.onStreaming);
    } catch (error) {
      throw explainStreamError(error, source.slot, source.publication);
    } finally {
      // Also when `stop` came while the writer was being opened.
      await this.#writer?.close();
    }
  }

  /** Stores what has come in whole, acknowledges it, and ends; gives up on the storing after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    this.#capture.halt();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#writer?.drain().catch(() => {}) ?? Promise.resolve(), late]);
    clearTimeout(timer);
    await this.#capture.stop();
    await this.#writer?.close();
  }

  /** What goes wrong here went wrong in the store: its URL belongs in the message, not the source's. */
  async #store<T>(work: () => Promise<T>): Promise<T> {
    const { store } = this.#options;
    try {
      return await work();
    } catch (error) {
      throw explainDatabaseError(error, 'store', store.url);
    }
  }

  async #verify(system: SystemIdentity): Promise<bigint> {
    const { source, store, sourcePool, storePool } = this.#options;
    // The slot first: what it is told is in the checkpoint before, so that another daemon at work can't make
    // the slot look as if it were ahead.
    const slot = await readSlot(sourcePool, source.slot);
    const checkpoint = await this.#store(() => readCheckpoint(storePool, store.schema, source.name));
    if (checkpoint === null) {
      throw new RowtrailError('RT_SETUP_MISSING', `the store knows no source named ${source.name}`, {
        hint: 'Run `rowtrail setup` first.',
      });
    }
    const fault = slotFault(source.slot, slot, system, checkpoint);
    if (fault !== null) throw fault;
    const published = await sourcePool.query('select from pg_publication where pubname = $1', [source.publication]);
    if (published.rowCount === 0) {
      throw new RowtrailError('RT_PUBLICATION_MISSING', `the publication ${source.publication} does not exist`, {
        hint: 'Run `rowtrail setup` to make it again.',
      });
    }
    await this.#store(() => ensurePartitions(storePool, store.schema, store.partition));
    this.#checkpoint = checkpoint;
    return checkpoint.endLsn;
  }

  async #open(): Promise<CaptureConsumer<RelationPlan>> {
    const { source, store, sourcePool, storePool } = this.#options;
    const known = this.#checkpoint!;
    const dictionary = new Dictionary(storePool, store.schema, known.sourceId);
    // The store knows the sessions that changed something; the source also those that only said hello so far.
    const sessions = new SessionCache(
      async (token) => (await dictionary.findSession(token)) ?? (await readSession(sourcePool, token)),
    );
    const relationIds = await this.#store(() => dictionary.relationIds());
    const writer = new StoreWriter({
      url: store.url,
      schema: store.schema,
      checkpoint: known,
      dictionary,
      relationIds,
      onDurable: (endLsn) => this.#capture.acknowledge(endLsn),
      onPressure: (paused) => this.#capture.press(paused),
      onFailure: (error) => this.#capture.fail(error),
    });
    this.#writer = writer;
    const secret = await installSecret(sourcePool);
    const checkpoint = await this.#store(() => writer.start());
    const assembler = new TransactionAssembler<RelationPlan>({
      sink: writer,
      sessions,
      secret,
      mappings: claimMappings(source),
      describe: relationDescriber(source, sourcePool, dictionary, relationIds),
      storedUpTo: checkpoint.endLsn,
    });
    this.#assembler = assembler;
    return {
      handler: assembler,
      idle: () => writer.idle && !assembler.inTransaction,
      recordPosition: (lsn) => recordAcknowledgement(storePool, store.schema, known.sourceId, writer.id, lsn),
    };
  }
}

/** The context trigger ships the distinct mapped settings sorted by name: a claim finds its own by place. */
export function claimMappings(source: Pick<SourceConfig, 'context'>): ClaimMapping[] {
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
