import type { Change, ChangeHandler, StreamPosition, TransactionHead, TransactionTail } from '../change/change.ts';
import type { Context } from '../change/context.ts';
import type { PartitionEvent } from '../change/partition-event.ts';
import type { SchemaChange } from '../change/schema-change.ts';
import type { Relation } from '../change/relation.ts';
import type { Truncation } from '../change/truncation.ts';
import type { Tuple } from '../change/tuple.ts';
import { attribute, attributeToOrigin, UNKNOWN_CONTEXT } from './attribution.ts';
import {
  MAX_MESSAGE_BYTES,
  MESSAGE_PREFIX,
  SEPARATOR_MESSAGE,
  parseContextMessage,
  provesItself,
  type ClaimMapping,
  type ContextMessage,
} from './context-message.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { TransactionSink } from './transaction-sink.ts';

export interface AssemblerOptions<R> {
  readonly sink: TransactionSink<R>;
  readonly sessions: SessionDirectory;
  readonly secret: string;
  /** The oid of a relation, as `describe` was given it. */
  readonly oidOf: (relation: R) => number;
  readonly mappings: readonly ClaimMapping[];
  /** What a relation is from this place in the stream on; the transaction that it is in goes along. */
  readonly describe: (relation: Relation, at: StreamPosition & { readonly xid: number }) => R | Promise<R>;
  /** The id of the root that an event's partition belongs to. */
  readonly relationIdOf: (
    event: Pick<PartitionEvent, 'rootOid' | 'rootSchema' | 'rootName'>,
  ) => number | Promise<number>;
  /** The id of the table that a change of the schema is about, under its name of now; null: that is none of ours. */
  readonly relationIdOfSchema: (change: SchemaChange) => number | null | Promise<number | null>;
  /**
   * Up to PostgreSQL 14 a walsender keeps to what a table was when it first met it: it goes on sending a detached
   * partition as its root's, and leaves an attached table out. Called where that may be so, to begin a new stream
   * with this very transaction: rejects. `endLsn`: where the transaction before it ended. Null: the server knows better.
   */
  readonly restart: ((endLsn: bigint) => Promise<never>) | null;
  /** Transactions whose commit record lies before this are stored already and are passed over. */
  readonly storedUpTo: bigint;
}

const RECENT_TRANSACTIONS = 16_384;

/** What puts a table under another root than it had. */
const MOVES: ReadonlySet<PartitionEvent['what']> = new Set(['joined', 'attached', 'detached', 'untracked']);

/**
 * Puts a capture's changes together into transactions: ordinals, and who made which of them.
 *
 * Rows before a transaction's first message belong to it (the trigger of the first writing statement
 * fires after its rows), later rows to the last message before them. DESIGN §3.
 */
export class TransactionAssembler<R> implements ChangeHandler<R> {
  readonly #options: AssemblerOptions<R>;
  readonly #sink: TransactionSink<R>;
  readonly counters = { changes: 0, transactions: 0, unverifiedMessages: 0 };
  #head: TransactionHead | null = null;
  #lastCommitLsn = 0n;
  #begun = false;
  #skipping = false;
  #ordinal = 0;
  #stretchOrdinal = 0;
  #context: Context | null = null;
  #origin: string | null = null;
  /** Roots whose TRUNCATE their triggers have told: it is streamed, too. */
  readonly #truncating = new Set<number>();
  /** Those of the last transactions, in a ring. A commit that takes longer to be seen holds up all others, too. */
  readonly #recentXids = new Uint32Array(RECENT_TRANSACTIONS);
  /** The truncation whose rows are coming in. */
  #truncation: { readonly oid: number; readonly relation: R; rows: number } | null = null;
  /** Tables that the command at hand writes anew. */
  readonly #rewriting = new Set<number>();
  /** Transactions of this stream. */
  #begins = 0;
  #endLsn = 0n;
  #lastContent = '';
  #lastMessage: ContextMessage | null = null;

  /** A Begin has come whose Commit has not. */
  get inTransaction(): boolean {
    return this.#head !== null;
  }

  /** The commit LSN of the transaction that is coming in; null between transactions. */
  get openCommitLsn(): bigint | null {
    return this.#head?.commitLsn ?? null;
  }

  /** The commit LSN of the last transaction that began to come in. */
  get lastCommitLsn(): bigint {
    return this.#lastCommitLsn;
  }

  /** Where the last transaction that came in ended; 0 before any. */
  get endLsn(): bigint {
    return this.#endLsn;
  }

  /** Whether such a transaction has come in lately: its commit may not be visible yet. */
  hasReceived(isIt: (xid: number) => boolean): boolean {
    return this.#recentXids.some((xid) => xid !== 0 && isIt(xid));
  }

  constructor(options: AssemblerOptions<R>) {
    this.#options = options;
    this.#sink = options.sink;
  }

  relation(relation: Relation): R | Promise<R> {
    const { commitLsn, xid } = this.#head ?? NO_TRANSACTION;
    // Entries of a transaction that is stored already are not counted again: what is said here holds behind it.
    const ordinal = this.#skipping ? Number.MAX_SAFE_INTEGER : this.#ordinal;
    return this.#options.describe(relation, { commitLsn, ordinal, xid });
  }

  begin(head: TransactionHead): void {
    this.#head = head;
    this.#lastCommitLsn = head.commitLsn;
    this.#recentXids[this.#begins % RECENT_TRANSACTIONS] = head.xid;
    this.#begins += 1;
    this.#begun = false;
    this.#skipping = head.commitLsn < this.#options.storedUpTo;
    this.#ordinal = 0;
    this.#stretchOrdinal = 0;
    this.#context = null;
    this.#origin = null;
    this.#truncating.clear();
    this.#truncation = null;
    this.#rewriting.clear();
  }

  origin(name: string): void {
    this.#origin = name;
  }

  change(change: Change<R>): void {
    if (this.#skipping) return;
    this.#open();
    this.#sink.row(change, this.#ordinal, this.#stretchOrdinal);
    this.#ordinal += 1;
    this.counters.changes += 1;
  }

  truncate(relations: readonly R[]): void {
    if (this.#skipping) return;
    this.#open();
    for (const relation of relations) {
      if (this.#truncating.delete(this.#options.oidOf(relation))) continue;
      this.#sink.truncate(relation, this.#ordinal, this.#stretchOrdinal);
      this.#ordinal += 1;
      this.counters.changes += 1;
    }
  }

  message(prefix: string, content: Buffer): void | Promise<void> {
    if (prefix !== MESSAGE_PREFIX || this.#skipping || content.equals(SEPARATOR_MESSAGE)) return;
    const message = content.length > MAX_MESSAGE_BYTES ? null : this.#parse(content.toString('utf8'));
    // Greetings come by themselves, at the moment they are sent; whatever else does is none of ours.
    if (this.#head === null && message?.kind !== 'hello') {
      this.counters.unverifiedMessages += 1;
      return;
    }
    if (message === null) {
      this.counters.unverifiedMessages += 1;
      return;
    }
    if ('secret' in message && !provesItself(message.secret, this.#options.secret)) {
      this.counters.unverifiedMessages += 1;
      return;
    }
    switch (message.kind) {
      case 'hello':
        this.#options.sessions.add(message.facts);
        return;
      case 'partition':
        return this.#partition(message.event);
      case 'schema':
        return this.#schema(message.change);
      case 'truncation':
        return this.#truncate(message.truncation);
      case 'rows':
        this.#truncatedRows(message.oid, message.tuples);
        return;
      case 'reverts':
        this.#open();
        this.#sink.reverts(message.links);
        return;
      case 'context':
      case 'event':
        return this.#attributed(message);
    }
  }

  #attributed(message: Extract<ContextMessage, { kind: 'context' | 'event' }>): void | Promise<void> {
    const facts = this.#options.sessions.find(message.token);
    if (facts instanceof Promise) {
      return facts.then((found) => {
        this.#accept(message, found);
      });
    }
    this.#accept(message, facts);
  }

  oversizedMessage(prefix: string): void {
    if (prefix === MESSAGE_PREFIX && !this.#skipping) this.counters.unverifiedMessages += 1;
  }

  commit(tail: TransactionTail): void {
    const begun = this.#begun;
    this.#endLsn = tail.endLsn;
    this.#head = null;
    this.#begun = false;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (!begun) {
      this.#sink.empty(tail);
      return;
    }
    // A message after the last entry speaks of nothing.
    if (this.#ordinal > this.#stretchOrdinal) this.#closeStretch();
    this.counters.transactions += 1;
    this.#sink.commit(tail, this.#ordinal);
  }

  #accept(
    message: Extract<ContextMessage, { kind: 'context' | 'event' }>,
    session: Awaited<ReturnType<SessionDirectory['find']>>,
  ): void {
    if (session === null) {
      this.counters.unverifiedMessages += 1;
      return;
    }
    if (message.kind === 'event') {
      this.#open();
      this.#sink.event(message.event, this.#ordinal, this.#stretchOrdinal);
      this.#ordinal += 1;
      this.counters.changes += 1;
      return;
    }
    if (this.#context !== null && this.#ordinal > this.#stretchOrdinal) {
      this.#closeStretch();
      this.#stretchOrdinal = this.#ordinal;
    }
    const context = attribute(session, message.role, message.applicationName, message.claims);
    const replayed = this.#origin !== null && context.claims === null;
    this.#context = replayed ? attributeToOrigin(this.#origin!, context) : context;
  }

  #partition(event: PartitionEvent): void | Promise<void> {
    if (this.#options.restart !== null && this.#begins > 1 && MOVES.has(event.what))
      return this.#options.restart(this.#endLsn);
    const relationId = this.#options.relationIdOf(event);
    if (relationId instanceof Promise) return relationId.then((id) => this.#acceptPartition(event, id));
    this.#acceptPartition(event, relationId);
  }

  #acceptPartition(event: PartitionEvent, relationId: number): void {
    this.#open();
    this.#sink.coverage(event, relationId);
  }

  /** The relation may be new to this stream: nothing but a TRUNCATE was told of it since it began. */
  #truncate(truncation: Truncation): void | Promise<void> {
    const { relation } = truncation;
    const described = relation === null ? null : this.relation(relation);
    if (described instanceof Promise) return described.then((found) => this.#identifyTruncation(truncation, found));
    return this.#identifyTruncation(truncation, described);
  }

  #identifyTruncation(truncation: Truncation, relation: R | null): void | Promise<void> {
    const relationId = this.#options.relationIdOf(truncation);
    if (relationId instanceof Promise) return relationId.then((id) => this.#acceptTruncation(truncation, relation, id));
    this.#acceptTruncation(truncation, relation, relationId);
  }

  #acceptTruncation(truncation: Truncation, relation: R | null, relationId: number): void {
    const { rootOid, oid } = truncation;
    this.#open();
    this.#sink.truncation(truncation, relationId, this.#ordinal, this.#stretchOrdinal);
    this.#ordinal += 1;
    this.counters.changes += 1;
    this.#truncation = relation === null ? null : { oid, relation, rows: 0 };
    if (oid === rootOid) this.#truncating.add(rootOid);
    else if (relation === null) this.#sink.coverage({ ...truncation, what: 'truncated' }, relationId);
  }

  #truncatedRows(oid: number, tuples: Iterable<Tuple>): void {
    const truncation = this.#truncation;
    if (truncation?.oid !== oid) return;
    for (const tuple of tuples) {
      this.#sink.truncatedRow(truncation.relation, tuple, truncation.rows);
      truncation.rows += 1;
    }
  }

  #schema(change: SchemaChange): void | Promise<void> {
    if (change.tag === 'rewrite') {
      if (change.table !== null) this.#rewriting.add(change.table.oid);
      return;
    }
    const isRewritten = change.table !== null && this.#rewriting.delete(change.table.oid);
    const accept = (relationId: number | null): void => {
      this.#open();
      this.#sink.schema(change, relationId, isRewritten, this.#ordinal, this.#stretchOrdinal);
      this.#ordinal += 1;
      this.counters.changes += 1;
    };
    const relationId = this.#options.relationIdOfSchema(change);
    if (relationId instanceof Promise) return relationId.then(accept);
    accept(relationId);
  }

  /** The transaction is handed on with its first entry, so that one with none leaves no trace. */
  #open(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#sink.begin(this.#head!);
  }

  #closeStretch(): void {
    this.#sink.stretch(this.#context ?? (this.#origin === null ? UNKNOWN_CONTEXT : attributeToOrigin(this.#origin)));
  }

  #parse(content: string): ContextMessage | null {
    if (content !== this.#lastContent) {
      this.#lastMessage = parseContextMessage(content, this.#options.mappings);
      this.#lastContent = content;
    }
    return this.#lastMessage;
  }
}

/** Relations are described within transactions; before any, nothing can be trusted yet. */
const NO_TRANSACTION = { commitLsn: 2n ** 64n - 1n, xid: 0 };
