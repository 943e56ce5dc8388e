import type { Change, ChangeHandler, RowAction } from '../../change/change.ts';
import type { Tuple } from '../../change/tuple.ts';
import { malformed } from '../pgoutput/malformed.ts';
import { fieldPlaces, parseDescription, relationOf, type TableDescription } from './description.ts';
import { parseRecord } from './record-text.ts';

/** A row of rowtrail.outbox, as the drain reads it. */
export interface OutboxRow {
  readonly xid: bigint;
  /** Time of the transaction's last write, microseconds since 2000-01-01 UTC. */
  readonly writtenAtMicros: bigint;
  readonly kind: string;
  readonly relid: number;
  readonly message: Buffer | null;
  readonly image: Buffer | null;
}

export interface OutboxDecoderOptions<R> {
  readonly handler: ChangeHandler<R>;
  /** Looks a table up that no description has come of; null: it is not a tracked one. */
  readonly describe: (oid: number) => Promise<string | null>;
  /** A row's text was too large for the outbox. */
  readonly onTooLarge: (root: TableDescription, row: OutboxRow) => void;
}

const MESSAGE_PREFIX = 'rowtrail';
const CONTEXT_START = Buffer.from('{c,');

/** What is known of the rows of one table or partition. */
interface Member<R> {
  readonly root: TableDescription;
  readonly places: readonly number[];
  readonly relation: R;
}

/** Turns rows of the outbox, in order, into the changes that a replication stream would have told. */
export class OutboxDecoder<R> {
  readonly #options: OutboxDecoderOptions<R>;
  /** By oid; JSON text as it came, to be kept where it came from. */
  readonly #descriptions = new Map<number, TableDescription>();
  readonly #members = new Map<number, Member<R> | null>();
  readonly #relations = new Map<number, R>();
  #before: { readonly row: OutboxRow; readonly image: Tuple | null } | null = null;
  /** The context that rows of the open transaction are under. */
  #context: { readonly xid: bigint; readonly message: Buffer } | null = null;

  constructor(options: OutboxDecoderOptions<R>) {
    this.#options = options;
  }

  /** From here on the table is what this says. */
  describe(text: string): TableDescription {
    const description = parseDescription(text);
    this.#descriptions.set(description.oid, description);
    this.#members.clear();
    this.#relations.delete(description.oid);
    return description;
  }

  /** Hands a row of the open transaction on. A promise: the next one must wait. */
  async row(row: OutboxRow): Promise<void> {
    const { handler } = this.#options;
    if (row.kind === 'r') {
      if (row.message !== null) this.describe(row.message.toString('utf8'));
      return;
    }
    if (row.message !== null && !this.#isUnder(row, row.message)) await handler.message(MESSAGE_PREFIX, row.message);
    if (row.kind === 'm' || row.kind === 'x') return;
    const member = this.#members.get(row.relid) ?? (await this.#member(row.relid));
    if (member === null) return;
    if (row.kind === 't') {
      handler.truncate([member.relation]);
      return;
    }
    const image = await this.#image(member, row);
    if (row.kind === 'o') {
      this.#before = { row, image };
      return;
    }
    const before = this.#before;
    this.#before = null;
    if (row.kind === 'n') {
      if (before === null || before.row.relid !== row.relid) throw malformed('an updated row without the one before');
      if (image === null || before.image === null) this.#options.onTooLarge(member.root, row);
      else handler.change(change('update', member.relation, before.image, image));
      return;
    }
    if (image === null) this.#options.onTooLarge(member.root, row);
    else if (row.kind === 'i') handler.change(change('create', member.relation, null, image));
    else if (row.kind === 'd') handler.change(change('delete', member.relation, image, null));
    else throw malformed(`an outbox row of kind ${row.kind}`);
  }

  /** Whether a row says again what the context is: each of nested statements does. */
  #isUnder({ xid, kind }: OutboxRow, message: Buffer): boolean {
    const last = this.#context;
    if (kind !== 'm' && last !== null && last.xid === xid && last.message.equals(message)) return true;
    if (message.subarray(0, CONTEXT_START.length).equals(CONTEXT_START)) this.#context = { xid, message };
    return false;
  }

  /** The row's values by its root's columns; null: they were too large. */
  async #image(member: Member<R>, row: OutboxRow): Promise<Tuple | null> {
    if (row.image === null) return null;
    const parsed = parseRecord(row.image, member.places, member.root.columns.length);
    if (parsed !== null) return parsed;
    // Altered where no event trigger told it.
    const text = await this.#options.describe(row.relid);
    if (text !== null) {
      this.describe(text);
      const renewed = await this.#member(row.relid);
      const again = renewed === null ? null : parseRecord(row.image, renewed.places, renewed.root.columns.length);
      if (again !== null) return again;
    }
    throw malformed(`a row of ${member.root.schema}.${member.root.name} with other columns than its description`);
  }

  async #member(oid: number): Promise<Member<R> | null> {
    const description = await this.#description(oid);
    const root =
      description === null || description.root === oid ? description : await this.#description(description.root);
    let member: Member<R> | null = null;
    if (description !== null && root !== null) {
      let relation = this.#relations.get(root.oid);
      if (relation === undefined) {
        relation = await this.#options.handler.relation(relationOf(root));
        this.#relations.set(root.oid, relation);
      }
      member = { root, places: fieldPlaces(description, root), relation };
    }
    this.#members.set(oid, member);
    return member;
  }

  async #description(oid: number): Promise<TableDescription | null> {
    const known = this.#descriptions.get(oid);
    if (known !== undefined) return known;
    const text = await this.#options.describe(oid);
    return text === null ? null : this.describe(text);
  }
}

function change<R>(action: RowAction, relation: R, old: Tuple | null, created: Tuple | null): Change<R> {
  return { action, relation, old, oldHasKeyOnly: false, new: created, large: null };
}
