import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import pg from 'pg';
import { connectionOptions } from '../../../src/pg/pool.ts';
import { sealNext } from '../../../src/seal/sealer.ts';
import { SEAL_PARTS, sealHash, sealOf, SEAL_COLUMNS, type Seal } from '../../../src/seal/seal.ts';
import { digestRows } from '../../../src/seal/sealed-rows.ts';
import { keyId, type SigningKey } from '../../../src/seal/signing-key.ts';
import { verifyHistory, type Verification, type VerificationOptions } from '../../../src/seal/verification.ts';
import { prepareCapture } from '../../harness/capture.ts';
import { createDatabase, type TestDatabase } from '../../harness/database.ts';

export function makeKey(): SigningKey & { readonly public: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const text = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { id: keyId(publicKey), privateKey, publicKey: text, public: publicKey };
}

/**
 * A source whose daemon has captured what an application does: people, one transaction of several rows, a changed key,
 * a truncate with its rows, an event. Its store is a database of its own, so that it can be copied.
 */
export async function captureHistory(store: TestDatabase): Promise<void> {
  await using source = await createDatabase();
  await source.query(
    `create table orders (id integer primary key, status text, note json); create table bins (id integer primary key)`,
  );
  const capture = await prepareCapture(source, { tables: ['orders', 'bins'], store });
  await using daemon = await capture.start();
  const client = await source.connect();
  for (let n = 1; n <= 12; n += 1) {
    await client.query('begin');
    await client.query(
      `select set_config('rowtrail.user_id', $1, true), set_config('rowtrail.ip', '203.0.113.9', true)`,
      [String((n % 3) + 1)],
    );
    await client.query(`insert into orders values ($1, 'new', '{"n": 1.00}')`, [n]);
    await client.query(`update orders set status = 'paid' where id = $1`, [n]);
    await client.query(`update orders set status = 'shipped' where id = $1`, [n]);
    await client.query('commit');
  }
  await client.query('update orders set id = 100 where id = 1; insert into bins values (1), (2); truncate bins');
  await client.query(`select rowtrail.log('login', 'hello', '{"a": [1, null]}')`);
  await capture.caughtUp();
  await daemon.stop();
}

/** Seals all that is there; returns how many seals there are. */
export async function sealAll(database: TestDatabase, maxEntries: number, key: SigningKey | null): Promise<number> {
  const client = await database.connect();
  try {
    let count = 0;
    while ((await sealNext(client, { schema: 'audit', maxEntries, key })) !== null) count += 1;
    return count;
  } finally {
    await client.end();
  }
}

export function verify(
  url: string,
  options: Partial<Omit<VerificationOptions, 'schema' | 'connect'>> = {},
): Promise<Verification> {
  return verifyHistory({
    schema: 'audit',
    connect: async () => {
      const client = new pg.Client(connectionOptions(url, 'test verify'));
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    workers: 2,
    fromId: null,
    toId: null,
    head: null,
    publicKeys: [],
    ...options,
  });
}

export async function seals(database: TestDatabase): Promise<Seal[]> {
  const found = await database.query(`select ${SEAL_COLUMNS} from audit.seals order by seals.number`);
  return found.rows.map(sealOf);
}

/** Makes every seal anew over what is there now, as one would who rules the store and has no key: what they said before stays. */
export async function recomputeChain(database: TestDatabase): Promise<void> {
  const client = await database.connect();
  try {
    let previous: Buffer | null = null;
    for (const seal of await seals(database)) {
      const parts = { ...seal.parts };
      for (const part of SEAL_PARTS) parts[part] = (await digestRows(client, 'audit', part, [seal]))[0]!;
      const hash = sealHash({ ...seal, parts, previous: previous ?? seal.previous });
      await client.query(
        `update audit.seals set previous = $2, hash = $3, ${SEAL_PARTS.map((part, n) => `${part} = $${2 * n + 4}, ${part}_sha256 = $${2 * n + 5}`).join(', ')}
         where number = $1`,
        [
          seal.number,
          previous ?? seal.previous,
          hash,
          ...SEAL_PARTS.flatMap((part) => [parts[part].rows, parts[part].sha256]),
        ],
      );
      previous = hash;
    }
  } finally {
    await client.end();
  }
}

/** What a superuser of the store does before they change anything. */
export async function switchTriggersOff(database: TestDatabase): Promise<void> {
  await database.query(`do $$ declare t regclass; begin
    for t in select distinct tgrelid from pg_trigger where tgname = 'refuse_change' loop
      execute format('alter table %s disable trigger all', t);
    end loop; end $$`);
}
