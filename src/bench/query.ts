import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { migrate, storeMigrations } from '../pg/migrate.ts';
import { connect, type BenchServer } from './bench-server.ts';
import { firstMessage, startChild } from './child-process.ts';
import { deepCursor } from './deep-cursor.ts';
import { runExports } from './export-run.ts';
import { buildStore, mapKeys } from './generated-store.ts';
import { usesHugePages } from './huge-pages.ts';
import { HttpClient, type Answer } from './http-client.ts';
import { latencyOf } from './lag.ts';
import { measurePauses, NO_PAUSES, sumOfPauses } from './machine-pause.ts';
import { measureReads, measureWork, speedOf } from './machine-speed.ts';
import type { QueryOptions } from './options.ts';
import { QUESTIONS, type Question, type Sample } from './query-question.ts';
import type { Answered, QueryResult } from './query-report.ts';
import { readSamples } from './query-sample.ts';
import { countEntries, measureSize } from './store-size.ts';

const DATABASE = 'bench_query';
const SCHEMA = 'audit';
const DAYS = 365;
const WORKERS = 2;
/** Of the generator: a kept store of another one is made anew. */
const GENERATOR_VERSION = 3;
/**
 * Of each page of each question, before any counts: V8 makes the best code it can only of what has been called some hundred times.
 * Their samples are others than those that count.
 */
const WARM_UP_REQUESTS = 50;
/** Of a page, right before its own count. */
const LAST_WARM_UP_REQUESTS = 10;
/** Of one page of one question: a slow one is asked less often. */
const MAX_QUESTION_MS = 10_000;
/** Before each page of each question: what the machine does by itself is in its figures, too. */
const PAUSE_MS = 50;

/** What the HTTP server's process is told. */
export interface QueryServerTask {
  readonly url: string;
  readonly schema: string;
}

interface Bench {
  readonly server: BenchServer;
  readonly children: Set<ChildProcess>;
  readonly note: (line: string) => void;
}

/**
 * Builds a store (or takes the kept one), and asks the HTTP server, in a process of its own, every question, one
 * request after the other, for its first page and for one from the middle of the history.
 */
export async function runQuery(options: QueryOptions, bench: Bench): Promise<QueryResult> {
  const { url } = bench.server.address(DATABASE);
  const buildSeconds = await ensureStore(options, bench);
  if (options.sizeOnly) return { ...(await sizeAlone(url, bench)), buildSeconds };
  const client = await connect(url);
  const child = startChild(new URL('./query-server-process.js', import.meta.url), bench.children);
  try {
    // Who looks at some questions again and again does not want to wait for it.
    const size = options.question === null ? await measureSize(client, SCHEMA, bench.note) : null;
    const entries = await countEntries(client, SCHEMA);
    const hugePages = await usesHugePages(client);
    const samples = await readSamples(client, SCHEMA, options.requests + WARM_UP_REQUESTS);
    const middle = await middleId(client, entries);
    bench.note('reading the store once, so that no figure is about the disk');
    await warm(client);
    const base = await firstMessage<string>(child, { url, schema: SCHEMA } satisfies QueryServerTask, 'the server');
    const http = new HttpClient(base);
    const answers = await askAll(http, { options, samples, middle, note: bench.note }).finally(() => http.close());
    const exported =
      options.question === null || 'export'.includes(options.question)
        ? await runExports(client, SCHEMA, { base, pid: child.pid!, note: bench.note })
        : [];
    return { entries, size, buildSeconds, hugePages, ...answers, exported };
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await client.end();
  }
}

interface Questioning {
  readonly options: QueryOptions;
  /** `WARM_UP_REQUESTS` more than count. */
  readonly samples: readonly Sample[];
  /** Where deep pages begin. */
  readonly middle: bigint;
  readonly note: Bench['note'];
}

async function askAll(
  http: HttpClient,
  { options, samples, middle, note }: Questioning,
): Promise<Pick<QueryResult, 'answered' | 'pauses' | 'speed' | 'reads'>> {
  const [counted, warming] = [samples.slice(0, options.requests), samples.slice(options.requests)];
  const pages = QUESTIONS.filter(({ name }) => options.question === null || name.includes(options.question)).flatMap(
    (question) =>
      (question.isList === true ? (['first', 'deep'] as const) : (['first'] as const)).map((page) => ({
        question,
        page,
        asker: { http, from: page === 'deep' ? middle : null },
      })),
  );
  note('asking everything, so that no figure is about code and plans that are still being made');
  for (const { question, asker } of pages) await warmUp(question, warming, asker);
  const answered: Answered[] = [];
  let pauses = NO_PAUSES;
  const [work, reads]: [number[], number[]] = [[], []];
  measureReads();
  for (const { question, page, asker } of pages) {
    pauses = sumOfPauses(pauses, measurePauses(PAUSE_MS));
    work.push(measureWork());
    reads.push(measureReads());
    const result = await ask(question, counted, asker);
    answered.push({ question: question.name, page, limitMs: question.limitMs, ...result });
    const { p50Ms, p99Ms } = result.latency;
    note(`${question.name}, ${page}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
  }
  return { answered, pauses, speed: speedOf(work), reads: speedOf(reads) };
}

async function sizeAlone(url: string, { note }: Bench): Promise<Omit<QueryResult, 'buildSeconds'>> {
  const client = await connect(url);
  try {
    const entries = await countEntries(client, SCHEMA);
    const size = await measureSize(client, SCHEMA, note);
    return {
      entries,
      size,
      hugePages: await usesHugePages(client),
      answered: [],
      pauses: NO_PAUSES,
      speed: null,
      reads: null,
      exported: [],
    };
  } finally {
    await client.end();
  }
}

/** Returns how long the building took; null: the store was there. */
async function ensureStore({ entries }: QueryOptions, { server, note }: Bench): Promise<number | null> {
  const admin = await connect(server.address('postgres').url);
  const { url } = server.address(DATABASE);
  const wanted = `entries ${entries}, generator ${GENERATOR_VERSION}`;
  try {
    const found = await admin.query<{ built: string | null }>(
      "select shobj_description(oid, 'pg_database') as built from pg_database where datname = $1",
      [DATABASE],
    );
    if (found.rows[0]?.built === wanted) {
      await migrateKept(url, note);
      return null;
    }
    note(`building a store of ${entries.toLocaleString('en-US')} entries`);
    const began = performance.now();
    await admin.query(`drop database if exists ${DATABASE}`);
    await admin.query(`create database ${DATABASE}`);
    await buildStore({ schema: SCHEMA, entries, days: DAYS }, { connect: () => connect(url), workers: WORKERS, note });
    await admin.query('checkpoint');
    await admin.query(`comment on database ${DATABASE} is '${wanted}'`);
    return (performance.now() - began) / 1000;
  } finally {
    await admin.end();
  }
}

async function migrateKept(url: string, note: (line: string) => void): Promise<void> {
  const client = await connect(url);
  try {
    const added = await migrate(client, SCHEMA, await storeMigrations());
    if (added.length > 0) note(`migrated the kept store: ${added.join(', ')}`);
    await mapKeys(client, SCHEMA);
  } finally {
    await client.end();
  }
}

/**
 * As in a server that has been asked for a while: indexes, contexts and counts are in its buffers, the entries themselves in
 * the system's cache. https://www.postgresql.org/docs/current/pgprewarm.html
 */
async function warm(client: Awaited<ReturnType<typeof connect>>): Promise<void> {
  await client.query('create extension if not exists pg_prewarm');
  await client.query(
    `select sum(pg_prewarm(c.oid::regclass, case when exists (select from pg_inherits h
         where h.inhrelid = c.oid and h.inhparent = ($1 || '.entries')::regclass and c.relkind = 'r') then 'read' else 'buffer' end))
     from pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'i')`,
    [SCHEMA],
  );
}

async function middleId(client: Awaited<ReturnType<typeof connect>>, entries: number): Promise<bigint> {
  const found = await client.query<{ id: string }>(
    `select id from ${SCHEMA}.entries order by id desc offset ${Math.floor(entries / 2)} limit 1`,
  );
  return BigInt(found.rows[0]!.id);
}

interface Asker {
  readonly http: HttpClient;
  /** Where the page begins; null: it is the first. */
  readonly from: bigint | null;
}

async function warmUp(question: Question, samples: readonly Sample[], asker: Asker): Promise<void> {
  for (const { target, body } of await targetsOf(question, samples, asker)) await send(asker, target, body);
}

async function ask(
  question: Question,
  samples: readonly Sample[],
  asker: Asker,
): Promise<Pick<Answered, 'latency' | 'requests' | 'failed' | 'bytes'>> {
  const targets = await targetsOf(question, samples, asker);
  const times: number[] = [];
  let bytes = 0;
  const failures = new Set<string>();
  const deadline = performance.now() + MAX_QUESTION_MS;
  for (const { target, body } of targets.slice(-LAST_WARM_UP_REQUESTS)) await send(asker, target, body);
  // Fewer of the samples' lists may go on as far down: those are asked for again, as p99 of a hundred is the slowest one.
  for (let asked = 0; asked < samples.length && targets.length > 0; asked += 1) {
    if (performance.now() > deadline && times.length > 0) break;
    const { target, body } = targets[asked % targets.length]!;
    const answer = await send(asker, target, body);
    if (answer.status !== 200) failures.add(`${answer.status} ${target}`);
    times.push(answer.ms);
    bytes += answer.bytes;
  }
  return {
    latency: latencyOf(times),
    requests: times.length,
    failed: [...failures],
    bytes: times.length === 0 ? 0 : Math.round(bytes / times.length),
  };
}

interface Target {
  readonly target: string;
  readonly body: object | undefined;
}

/**
 * What is asked for: for a page deep down, of the samples whose list goes on that far. All cursors are looked up before
 * anything is measured, which leaves the client with large pages to collect.
 */
async function targetsOf(question: Question, samples: readonly Sample[], asker: Asker): Promise<readonly Target[]> {
  const { from } = asker;
  const targets: Target[] = [];
  const cursors = new Map<string, string | null>();
  const deadline = performance.now() + MAX_QUESTION_MS;
  for (const sample of samples) {
    if (performance.now() > deadline && targets.length > 0) break;
    const [path, body] = [question.url(sample), question.body?.(sample)];
    if (from === null) {
      targets.push({ target: path, body });
      continue;
    }
    if (!cursors.has(path)) cursors.set(path, await deepCursor(path, from, (page) => nextOf(asker, page, body)));
    const cursor = cursors.get(path) ?? null;
    // A list of one page has no cursor to go on from.
    if (cursor === null) continue;
    targets.push({ target: `${path}${path.includes('?') ? '&' : '?'}after=${cursor}`, body });
  }
  return targets;
}

async function nextOf(asker: Asker, path: string, body: object | undefined): Promise<string | null> {
  const chunks: Buffer[] = [];
  await send(asker, path, body, (chunk) => chunks.push(Buffer.from(chunk)));
  const page = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { meta?: { next: string | null } };
  return page.meta?.next ?? null;
}

function send(
  { http }: Asker,
  path: string,
  body: object | undefined,
  onChunk?: (chunk: Buffer) => void,
): Promise<Answer> {
  return http.ask(`/api/v1${path}`, body, onChunk);
}
