import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon, type Daemon } from '../../src/daemon/daemon.ts';
import { runChecks } from '../../src/setup/check.ts';
import { createDatabase, createRole, type TestDatabase, type TestRole } from '../harness/database.ts';
import { SITUATION_CONTEXT, SITUATION_TABLES, SITUATIONS, type Stage } from '../harness/context-situations.ts';
import { findPgbouncer, startPgbouncer } from '../harness/pgbouncer.ts';
import { until } from '../harness/poll.ts';
import { configFor, runSetup, silent } from './setup-fixture.ts';
import type { Config } from '../../src/config/config.ts';
import type { Status } from '../../src/query/status.ts';

/** Where the table goes that the suite makes: situation, and what was seen of it. */
const TABLE = new URL('../../.test-results/context-table.md', import.meta.url);

describe('what an entry says of who did it', () => {
  let db: TestDatabase;
  let role: TestRole;
  let daemon: Daemon;
  let config: Config;
  let stage: Stage;
  let major: number;
  const lines: string[] = [];

  beforeAll(async () => {
    role = await createRole();
    db = await createDatabase();
    const facts = await db.query(`select current_user as me, current_setting('server_version_num') as version`);
    major = Math.floor(Number(facts.rows[0].version) / 10_000);
    await db.query(`create table marker (id integer primary key); ${SITUATION_TABLES.replaceAll('{app}', role.name)}`);
    config = configFor(db, { allowUnboundedWal: true, context: SITUATION_CONTEXT });
    await runSetup(config);
    daemon = await startDaemon(config, { log: silent });
    void daemon.run();
    stage = {
      role: role.name,
      superuser: facts.rows[0].me,
      app: () => db.connect({ url: role.url(db), applicationName: 'web' }),
      admin: () => db.connect({ applicationName: 'psql' }),
    };
  });
  afterAll(async () => {
    await daemon?.stop();
    await db?.query(`drop owned by ${role.name}`);
    await db?.[Symbol.asyncDispose]();
    await role?.[Symbol.asyncDispose]();
    await mkdir(new URL('.', TABLE), { recursive: true });
    await writeFile(TABLE, `| situation | seen |\n|---|---|\n${lines.join('\n')}\n`);
  });

  const unverified = async (): Promise<number> => {
    const response = await fetch(`${daemon.url}/api/v1/status`);
    const { data } = (await response.json()) as { data: Status };
    return data.sources[0]?.live?.counters?.unverified_messages ?? -1;
  };

  test.each(SITUATIONS.map((situation, i) => ({ ...situation, i })))('$name', async ({ i, ...situation }) => {
    if (major < (situation.minMajor ?? 0)) return;
    const before = await unverified();
    const first = await mark(db, 2 * i);
    await situation.run(stage);
    const last = await mark(db, 2 * i + 1);
    const seen = (await readSeen(db, first, last)).map((line) => named(line, stage));
    const counted = (await unverified()) - before;
    lines.push(
      `| ${escaped(situation.name)} | ${seen.map((line) => escaped(line)).join('<br>')}${counted === 0 ? '' : `<br>${counted} unverified`} |`,
    );
    expect(seen).toEqual(situation.expected);
    expect(counted).toBe(situation.unverified ?? 0);
  });

  test('through PgBouncer in transaction mode', async ({ skip }) => {
    const program = await findPgbouncer();
    skip(program === null, 'pgbouncer is not installed');
    await using pooler = await startPgbouncer(program!, db.url, [role]);
    const connect = (): ReturnType<typeof db.connect> =>
      db.connect({ url: pooler.url(role.url(db)), applicationName: 'pooled' });
    const first = await mark(db, 1_000);
    const [ana, bo] = [await connect(), await connect()];
    const pids: string[] = [];
    for (const [client, who, id] of [
      [ana, 'ana', 1],
      [bo, 'bo', 2],
      [ana, 'ana', 3],
    ] as const) {
      await client.query(`begin; set local rowtrail.user_id = '${who}'; update items set v = v + 1 where id = ${id}`);
      pids.push((await client.query('select pg_backend_pid() as pid')).rows[0].pid);
      await client.query('commit');
    }
    // Nothing of one client's transaction is left for the next.
    await bo.query('update items set v = v + 1 where id = 4');
    // What is set for the session stays with the server's: the next client writes under it.
    await ana.query(`select rowtrail.set_context('{"user_id": "ana"}', false)`);
    await bo.query('update items set v = v + 1 where id = 5');
    await ana.query('reset rowtrail.user_id');
    const last = await mark(db, 1_001);
    const seen = (await readSeen(db, first, last)).map((line) => named(line, stage));
    expect(new Set(pids).size).toBe(1);
    lines.push(`| PgBouncer, transaction mode: two clients, one server connection | ${seen.join('<br>')} |`);
    expect(seen).toEqual([
      'update items 1: app ana',
      'update items 2: app bo',
      'update items 3: app ana',
      'update items 4: database {app}',
      'update items 5: app ana',
    ]);
    await ana.end();
    await bo.end();
  });

  test('is counted in the metrics and told by check', async () => {
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    const total = SITUATIONS.reduce((sum, { unverified: n = 0 }) => sum + n, 0);
    expect(metrics.split('\n')).toContain(`rowtrail_unverified_messages_total{source="shop"} ${total}`);
    const found = (await runChecks(config)).find(({ name }) => name === 'attribution');
    expect(found).toMatchObject({ status: 'warning' });
    expect(found?.message).toMatch(
      /of the last 24 hours do not say who they were for: .*web \d+ of \d+.*unknown 6 of 6/,
    );
    expect(found?.message).toMatch(/of 6 entries not even the database session is known/);
  });
});

/** Writes a marker and waits until it is stored; returns the id of its entry. */
export async function mark(db: TestDatabase, n: number): Promise<string> {
  await db.query('insert into marker values ($1)', [n]);
  const stored = await until(
    async () =>
      (
        await db.query(
          `select e.id from audit.entries e join audit.relations r on r.id = e.relation_id
           where r.table_name = 'marker' and e.record_key = $1`,
          [String(n)],
        )
      ).rows[0],
    { what: 'the marker is stored' },
  );
  return stored.id;
}

/** How long a claim may be in the table. */
const SHOWN_CHARACTERS = 40;

export async function readSeen(db: TestDatabase, first: string, last: string): Promise<string[]> {
  const found = await db.query(
    `select e.action, r.table_name as table, e.record_key as record, c.attribution, a.claim as actor, a.kind,
       c.user_name as name, c.ip, c.user_agent as agent, c.comment, c.request_id as request, c.context::text as context, c.role
     from audit.entries e left join audit.relations r on r.id = e.relation_id
       join audit.contexts c on c.id = e.context_id join audit.actors a on a.id = c.actor_id
     where e.id > $1 and e.id < $2 order by e.id`,
    [first, last],
  );
  return found.rows.map((row) => {
    const claims = ['name', 'ip', 'agent', 'comment', 'request', 'context', 'role']
      .filter((name) => row[name] !== null)
      .map((name) => ` ${name}=${shortened(row[name])}`);
    return `${row.action} ${row.table ?? ''}${row.record === null ? '' : ` ${row.record}`}${row.table === null || row.record !== null ? '' : ' '}: ${row.attribution} ${row.actor}${claims.join('')}`;
  });
}

/** The beginning of a claim that is long and ends in `…`. */
function shortened(text: string): string {
  const isMarked = text.endsWith('…') || text.endsWith('…"');
  return text.length > SHOWN_CHARACTERS && isMarked ? `${text.slice(0, text.startsWith('"') ? 31 : 30)}…` : text;
}

function named(line: string, { role, superuser }: Stage): string {
  return line
    .replaceAll(role, '{app}')
    .replaceAll(/rowtrail_situation_\w+/g, '{origin}')
    .replaceAll(new RegExp(String.raw`\b${superuser}\b`, 'g'), '{superuser}');
}

function escaped(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\t', ' ');
}
