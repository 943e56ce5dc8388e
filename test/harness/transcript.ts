import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { connectionOptions } from '../../src/pg/pool.ts';
import type { ScriptStatement } from './statement-script.ts';

/** Everything that a client gets to see of a statement. */
export interface Heard {
  readonly sql: string;
  readonly results?: readonly Result[];
  readonly copied?: string;
  readonly error?: Readonly<Record<string, unknown>>;
  readonly notices?: readonly Readonly<Record<string, unknown>>[];
  readonly notifications?: readonly (string | undefined)[][];
}

interface Result {
  readonly command: string;
  readonly count: number | null;
  readonly columns: readonly string[];
  readonly rows: readonly unknown[];
}

/** What the protocol has for errors and notices. https://www.postgresql.org/docs/current/protocol-error-fields.html */
const FIELDS =
  'severity code message detail hint position internalPosition internalQuery where schema table column dataType constraint'.split(
    ' ',
  );
const TEXT: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

/** Sessions of a database by name, opened when they are first needed. */
export class Transcriber implements AsyncDisposable {
  readonly #urlOf: (session: string) => string;
  readonly #sessions = new Map<string, Session>();

  constructor(urlOf: (session: string) => string) {
    this.#urlOf = urlOf;
  }

  async run(statements: readonly ScriptStatement[]): Promise<Heard[]> {
    const heard: Heard[] = [];
    for (const statement of statements) {
      let session = this.#sessions.get(statement.session);
      if (session === undefined) {
        session = await openSession(this.#urlOf(statement.session));
        this.#sessions.set(statement.session, session);
      }
      heard.push(await session(statement));
    }
    return heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session(null)));
  }
}

/** Runs a statement and tells what came back; null ends the session. */
type Session = (statement: ScriptStatement | null) => Promise<Heard>;

async function openSession(url: string): Promise<Session> {
  const client = new pg.Client({ ...connectionOptions(url, 'application'), types: TEXT });
  const notices: Record<string, unknown>[] = [];
  const notifications: (string | undefined)[][] = [];
  client.on('error', () => {});
  client.on('notice', (notice) => notices.push(fieldsOf(notice)));
  client.on('notification', ({ channel, payload }) => notifications.push([channel, payload]));
  await client.connect();
  return async (statement) => {
    if (statement === null) {
      await client.end();
      return { sql: '' };
    }
    const outcome = await run(client, statement).catch((error: unknown) => {
      if (error instanceof pg.DatabaseError) return { error: fieldsOf(error) };
      throw error;
    });
    return {
      sql: statement.sql,
      ...outcome,
      ...(notices.length === 0 ? {} : { notices: notices.splice(0) }),
      ...(notifications.length === 0 ? {} : { notifications: notifications.splice(0) }),
    };
  };
}

async function run(client: pg.Client, statement: ScriptStatement): Promise<Pick<Heard, 'results' | 'copied'>> {
  const { sql, input, extended } = statement;
  if (input !== null) {
    const stream = client.query(copyFrom(sql));
    await pipeline([Buffer.from(input)], stream);
    return { copied: `${stream.rowCount} rows in` };
  }
  if (/^copy [^;]* to stdout/i.test(sql)) {
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    await pipeline(client.query(copyTo(sql)), sink);
    return { copied: Buffer.concat(chunks).toString() };
  }
  // pg's types do not know of queryMode yet.
  const query: pg.QueryArrayConfig & { queryMode?: string } = { text: sql, rowMode: 'array' };
  if (extended) query.queryMode = 'extended';
  // Several statements in one string have several results.
  const results = [await client.query(query)].flat() as pg.QueryArrayResult[];
  return {
    results: results.map(({ command, rowCount, fields, rows }) => ({
      command,
      count: rowCount,
      columns: fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID >= FIRST_OWN_OID ? 'own' : dataTypeID}`),
      rows,
    })),
  };
}

/** From here on oids are a database's own. https://www.postgresql.org/docs/current/system-catalog-initial-data.html */
const FIRST_OWN_OID = 16_384;

function fieldsOf(notice: object): Record<string, unknown> {
  const values = notice as Record<string, unknown>;
  return Object.fromEntries(
    FIELDS.flatMap((name) => (values[name] === undefined ? [] : [[name, placeless(values[name])]])),
  );
}

/** Where a tuple lies depends on when its page was last pruned, which no two runs have in common. */
function placeless(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll(/\btuple \(\d+,\d+\)/g, 'tuple (…)') : value;
}
