import { describe, expect, it } from 'vitest';
import type { Change, TransactionHead } from '../../../src/change/change.ts';
import type { Relation } from '../../../src/change/relation.ts';
import type { SessionFacts } from '../../../src/change/context.ts';
import { TransactionAssembler } from '../../../src/transaction/assembler.ts';
import { MAX_MESSAGE_BYTES } from '../../../src/transaction/context-message.ts';
import type { TransactionSink } from '../../../src/transaction/transaction-sink.ts';
import { arrayText } from './array-text.ts';

const SECRET = 'secret';
const FACTS: SessionFacts = { token: 'token', sessionRole: 'app', clientAddr: null, pid: 1, startedAt: null };
const RELATION: Relation = { oid: 1, schema: 'public', name: 't', replicaIdentity: 'd', columns: [] };
const CHANGE = { action: 'create', relation: 'r', old: null, oldHasKeyOnly: false, new: null } as Change<string>;

function context(userId: string | null, token = 'token'): Buffer {
  return Buffer.from(arrayText(['c', token, 'none', 'psql', userId ?? '', '', '', '', '', '', '']));
}

function hello(secret: string, token: string): Buffer {
  return Buffer.from(arrayText(['h', secret, token, 'app', null, '1', null]));
}

function partition(what: string, name: string, options: { root?: number; secret?: string } = {}): Buffer {
  const { root = 5, secret = SECRET } = options;
  return Buffer.from(arrayText(['p', secret, what, String(root), 'public', 'root', '7', 'public', name]));
}

function head(commitLsn: bigint): TransactionHead {
  return { commitLsn, committedAtMicros: 0n, xid: 7 };
}

function assemble(
  options: {
    storedUpTo?: bigint;
    known?: SessionFacts[];
    slow?: boolean;
    restart?: (endLsn: bigint) => Promise<never>;
  } = {},
) {
  const calls: string[] = [];
  const sessions = new Map((options.known ?? [FACTS]).map((facts) => [facts.token, facts]));
  const sink: TransactionSink<string> = {
    begin: ({ commitLsn }) => calls.push(`begin ${commitLsn}`),
    row: (_, ordinal, stretch) => calls.push(`row ${ordinal} of ${stretch}`),
    truncate: (relation, ordinal, stretch) => calls.push(`truncate ${relation} ${ordinal} of ${stretch}`),
    event: (event, ordinal, stretch) => calls.push(`event ${event.action} ${ordinal} of ${stretch}`),
    schema: ({ tag }, relationId, isRewritten, ordinal) =>
      calls.push(`schema ${tag} of ${relationId}${isRewritten ? ' anew' : ''} ${ordinal}`),
    truncation: ({ name, reason }, relation, ordinal, stretch) =>
      calls.push(`truncate ${name} of ${relation} ${ordinal} of ${stretch} ${reason ?? 'with rows'}`),
    truncatedRow: (relation, { columnCount }, position) => calls.push(`row ${position} of ${relation}: ${columnCount}`),
    coverage: (event, relation) => calls.push(`${event.what} ${event.name} of ${relation}`),
    reverts: (links) =>
      calls.push(`reverts ${links.map(({ recordKey, entryIds }) => `${recordKey}: ${entryIds.join(' ')}`).join(', ')}`),
    stretch: ({ actor, attribution }) => calls.push(`stretch ${attribution} ${actor.claim}`),
    commit: (tail, count) => calls.push(`commit ${tail.commitLsn} with ${count}`),
    empty: (tail) => calls.push(`empty ${tail.endLsn}`),
  };
  const assembler = new TransactionAssembler<string>({
    sink,
    sessions: {
      find: (token) => {
        const facts = sessions.get(token) ?? null;
        return options.slow === true ? Promise.resolve(facts) : facts;
      },
      add: (facts) => sessions.set(facts.token, facts),
    },
    secret: SECRET,
    oidOf: (relation) => (relation === 'root' ? 5 : 0),
    mappings: [],
    describe: (_, { commitLsn, ordinal, xid }) => {
      calls.push(`relation at ${commitLsn}/${ordinal} in ${xid}`);
      return 'r';
    },
    relationIdOfSchema: ({ table }) => table?.oid ?? null,
    relationIdOf: ({ rootOid }) => (options.slow === true ? Promise.resolve(rootOid) : rootOid),
    restart: options.restart ?? null,
    storedUpTo: options.storedUpTo ?? 0n,
  });
  return { assembler, calls, message: (content: Buffer) => assembler.message('rowtrail', content) };
}

function truncation(
  name: string,
  { oid, reason = null, relation = null }: { oid: number; reason?: string | null; relation?: string | null },
): Buffer {
  const table = ['5', 'public', 'root', String(oid), 'public', name];
  return Buffer.from(arrayText(['t', SECRET, ...table, reason, reason === null ? '3' : null, relation]));
}

describe('the assembler', () => {
  it('gives rows before the first message to it, later ones to the last message before them', () => {
    const { assembler, calls, message } = assemble();
    assembler.begin(head(10n));
    assembler.change(CHANGE);
    assembler.change(CHANGE);
    void message(context('1'));
    assembler.change(CHANGE);
    void message(context('2'));
    assembler.change(CHANGE);
    assembler.truncate(['a', 'b']);
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toEqual([
      'begin 10',
      'row 0 of 0',
      'row 1 of 0',
      'row 2 of 0',
      'stretch app 1',
      'row 3 of 3',
      'truncate a 4 of 3',
      'truncate b 5 of 3',
      'stretch app 2',
      'commit 10 with 6',
    ]);
    expect(assembler.inTransaction).toBe(false);
  });

  it('makes no stretch of a message after the last row', () => {
    const { assembler, calls, message } = assemble();
    assembler.begin(head(10n));
    void message(context('1'));
    assembler.change(CHANGE);
    void message(context('2'));
    void message(context('3'));
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toEqual(['begin 10', 'row 0 of 0', 'stretch app 1', 'commit 10 with 1']);
  });

  it('leaves no trace of a transaction with messages alone', () => {
    const { assembler, calls, message } = assemble();
    assembler.begin(head(10n));
    void message(context('1'));
    assembler.commit({ commitLsn: 10n, endLsn: 12n });
    expect(calls).toEqual(['empty 12']);
    expect(assembler.counters.transactions).toBe(0);
  });

  it('passes over what is stored, up to the last byte', () => {
    const { assembler, calls, message } = assemble({ storedUpTo: 11n });
    for (const lsn of [9n, 10n, 11n]) {
      assembler.begin(head(lsn));
      assembler.change(CHANGE);
      assembler.truncate(['a']);
      void message(context('1'));
      assembler.commit({ commitLsn: lsn, endLsn: lsn + 1n });
    }
    expect(calls.filter((call) => call.startsWith('commit'))).toEqual(['commit 11 with 2']);
    expect(assembler.counters).toEqual({ changes: 2, transactions: 1, unverifiedMessages: 0 });
  });

  it('attributes replicated changes to their origin, unless a session claims them', () => {
    const { assembler, calls, message } = assemble();
    assembler.begin(head(10n));
    assembler.origin('berlin');
    assembler.change(CHANGE);
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    assembler.begin(head(20n));
    assembler.origin('berlin');
    assembler.change(CHANGE);
    void message(context(null));
    assembler.change(CHANGE);
    void message(context('7'));
    assembler.change(CHANGE);
    assembler.commit({ commitLsn: 20n, endLsn: 21n });
    assembler.begin(head(30n));
    assembler.change(CHANGE);
    assembler.commit({ commitLsn: 30n, endLsn: 31n });
    expect(calls.filter((call) => call.startsWith('stretch'))).toEqual([
      'stretch replication berlin',
      'stretch replication berlin',
      'stretch app 7',
      'stretch unknown ',
    ]);
  });

  it.each([
    ['an unknown token', context('1', 'made-up')],
    ['garbage', Buffer.from([0xff, 0xfe, 0x00, 0x7b])],
    ['nothing', Buffer.alloc(0)],
    ['a hello with another secret', hello('wrong!', 'token')],
    ['a NUL, which the store cannot keep', context('a\0b')],
    ['more than any real message', context('a'.repeat(MAX_MESSAGE_BYTES))],
    ['deep nesting', Buffer.from('{'.repeat(200_000))],
    ['a row action as an event', Buffer.from(arrayText(['e', 'token', 'delete', '', '', '', '', '', '']))],
  ])('counts and ignores %s', (_, content) => {
    const { assembler, calls, message } = assemble();
    assembler.begin(head(10n));
    void message(content);
    assembler.change(CHANGE);
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toContain('stretch unknown ');
    expect(assembler.counters.unverifiedMessages).toBe(1);
  });

  it('ignores messages of others, and counts those outside a transaction', () => {
    const { assembler, message } = assemble();
    void message(context('1'));
    assembler.begin(head(10n));
    void assembler.message('pglogical', context('1'));
    assembler.change(CHANGE);
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(assembler.counters.unverifiedMessages).toBe(1);
  });

  it('believes a session once it has proven itself', () => {
    const { assembler, calls, message } = assemble({ known: [] });
    assembler.begin(head(10n));
    void message(hello(SECRET, 'new'));
    void message(context('9', 'new'));
    assembler.change(CHANGE);
    void message(Buffer.from(arrayText(['e', 'new', 'login', 'hi', '{}', null, null, null, null])));
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toEqual(['begin 10', 'row 0 of 0', 'event login 1 of 0', 'stretch app 9', 'commit 10 with 2']);
  });

  it('waits for a session that must be looked up', async () => {
    const { assembler, calls, message } = assemble({ slow: true });
    assembler.begin(head(10n));
    const pending = message(context('1'));
    expect(pending).toBeInstanceOf(Promise);
    await pending;
    assembler.change(CHANGE);
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toContain('stretch app 1');
  });

  it.each([false, true])(
    'makes an entry of a truncated leaf, and a gap without an entry of a dropped one (slow: %s)',
    async (slow) => {
      const { assembler, calls, message } = assemble({ slow });
      assembler.begin(head(10n));
      await message(truncation('leaf', { oid: 7, reason: 'off' }));
      await message(context('1'));
      await message(partition('dropped', 'other'));
      assembler.commit({ commitLsn: 10n, endLsn: 11n });
      assembler.begin(head(20n));
      await message(partition('dropped', 'third'));
      assembler.commit({ commitLsn: 20n, endLsn: 21n });
      expect(calls).toEqual([
        'begin 10',
        'truncate leaf of 5 0 of 0 off',
        'truncated leaf of 5',
        'dropped other of 5',
        'stretch app 1',
        'commit 10 with 1',
        'begin 20',
        'dropped third of 5',
        'commit 20 with 0',
      ]);
      expect(assembler.counters.unverifiedMessages).toBe(0);
    },
  );

  it.each([false, true])(
    'makes one entry of a truncate that is told and streamed, with its rows (slow: %s)',
    async (slow) => {
      const { assembler, calls, message } = assemble({ slow });
      const columns = [{ name: 'id', type: 23, modifier: -1, identity: true, baseSchema: null, baseName: null }];
      const relation = JSON.stringify({ identity: 'f', columns });
      const rows = (secret: string, ...ids: string[]): Buffer =>
        Buffer.from(arrayText(['r', secret, '5', '1', ...ids]));
      assembler.begin(head(10n));
      await message(context('1'));
      await message(truncation('root', { oid: 5, relation }));
      await message(rows(SECRET, '1', '2'));
      await message(rows('guessed', '9'));
      await message(rows(SECRET, '3'));
      await message(truncation('leaf', { oid: 7, reason: 'size' }));
      assembler.truncate(['root', 'plain']);
      assembler.truncate(['root']);
      assembler.commit({ commitLsn: 10n, endLsn: 11n });
      expect(calls.filter((call) => /^(truncate|row|truncated) /.test(call))).toEqual([
        'truncate root of 5 0 of 0 with rows',
        'row 0 of r: 1',
        'row 1 of r: 1',
        'row 2 of r: 1',
        'truncate leaf of 5 1 of 0 size',
        'truncated leaf of 5',
        'truncate plain 2 of 0',
        'truncate root 3 of 0',
      ]);
      expect(assembler.counters.unverifiedMessages).toBe(1);
    },
  );

  it('begins a new stream with a partition that moves, where the server does not know better, once', async () => {
    const restart = (endLsn: bigint): Promise<never> => Promise.reject(new Error(`restarted at ${endLsn}`));
    const { assembler, calls, message } = assemble({ restart });
    assembler.begin(head(10n));
    await message(partition('detached', 'leaf'));
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toEqual(['begin 10', 'detached leaf of 5', 'commit 10 with 0']);
    assembler.begin(head(20n));
    await message(partition('created', 'new'));
    await expect(message(partition('joined', 'leaf'))).rejects.toThrow('restarted at 11');
  });

  it('drops and counts partition messages without the secret, of no known kind, or with parts missing', () => {
    const { assembler, calls, message } = assemble();
    assembler.begin(head(10n));
    void message(partition('truncated', 'leaf', { secret: 'guess' }));
    void message(partition('truncating', 'leaf', { secret: '' }));
    void message(partition('invented', 'leaf'));
    void message(partition('truncated', ''));
    assembler.commit({ commitLsn: 10n, endLsn: 11n });
    expect(calls).toEqual(['empty 11']);
    expect(assembler.counters.unverifiedMessages).toBe(4);
  });

  it('says where a relation is described: behind all of a transaction that is stored already', () => {
    const { assembler, calls } = assemble({ storedUpTo: 20n });
    assembler.begin(head(10n));
    void assembler.relation(RELATION);
    assembler.commit({ commitLsn: 10n, endLsn: 20n });
    assembler.begin(head(20n));
    assembler.change(CHANGE);
    void assembler.relation(RELATION);
    expect(calls.filter((call) => call.startsWith('relation'))).toEqual([
      `relation at 10/${Number.MAX_SAFE_INTEGER} in 7`,
      'relation at 20/1 in 7',
    ]);
  });
});
