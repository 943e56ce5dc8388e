import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import pg from 'pg';
import type { Config } from '../config/config.ts';
import { counted } from '../lib/counted.ts';
import { messageOf, RowtrailError } from '../lib/errors.ts';
import { assertMigrated, storeMigrations } from '../pg/migrate.ts';
import { connectionOptions, createPool, explainDatabaseError } from '../pg/pool.ts';
import { idAt, nowMicros, parseTime } from '../query/time.ts';
import { parseHead, type ExpectedHead } from '../seal/head.ts';
import { publicKeyOf, readPublicKey, readSigningKey } from '../seal/signing-key.ts';
import { verificationOf } from '../seal/verification-json.ts';
import { recordVerification } from '../seal/verification-record.ts';
import { verifyHistory, type Verification, type VerificationOptions } from '../seal/verification.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import { userName } from './os-user.ts';
import type { Paint } from './paint.ts';
import { grouped, printable } from './printable.ts';
import { abortOnSignal } from './shutdown.ts';
import { timeOption } from './time-option.ts';

const PROGRESS_INTERVAL_MS = 200;
const MAX_WORKERS = 64;

interface VerifyOptions {
  readonly config?: string;
  readonly from?: string;
  readonly to?: string;
  readonly head?: string;
  readonly publicKey?: readonly string[];
  readonly workers: number;
  readonly json?: boolean;
}

export function verifyCommand(context: CliContext): Command {
  return databaseCommand('verify', 'compare the history with its seals: was anything edited, removed or added')
    .option('--from <time>', 'not what was recorded before: RFC 3339, a date, or now-2h', timeOption)
    .option('--to <time>', 'only what was recorded before; the same forms', timeOption)
    .option('--head <file>', 'what `rowtrail seal export` wrote: proves the history up to there')
    .option('--public-key <file>', 'whose signatures prove it (repeatable; default: that of seal.keyFile)', collect)
    .option('--workers <n>', 'connections that read at once', workers, Math.min(4, availableParallelism()))
    .option('--json', 'print JSON')
    .action(async (options: VerifyOptions) => {
      const config = await configOf(context, options);
      const [head, publicKeys] = await Promise.all([headOption(options), keyOption(options, config)]);
      const begunAt = new Date();
      const stop = abortOnSignal();
      try {
        await assertStore(config);
        const found = await verify(context, options, { config, head, publicKeys, signal: stop.signal });
        await record(config, found, begunAt, context);
        const { print, paint } = context.terminal;
        print(
          options.json === true
            ? JSON.stringify(verificationOf(found))
            : verificationText(found, { seconds: (Date.now() - begunAt.getTime()) / 1000, paint }),
        );
        context.exitCode = found.outcome === 'mismatch' ? EXIT.foundProblems : found.complete ? EXIT.ok : EXIT.failed;
      } finally {
        stop.ended();
      }
    });
}

async function assertStore({ store }: Config): Promise<void> {
  const pool = createPool(store.url, 'verify', { max: 1 });
  try {
    await assertMigrated(pool, store.schema, await storeMigrations());
  } catch (error) {
    throw explainDatabaseError(error, 'store', store.url);
  } finally {
    await pool.end();
  }
}

async function verify(
  { terminal }: CliContext,
  { from, to, workers: count }: VerifyOptions,
  {
    config: { store },
    head,
    publicKeys,
    signal,
  }: Pick<VerificationOptions, 'head' | 'publicKeys'> & { readonly config: Config; readonly signal: AbortSignal },
): Promise<Verification> {
  const now = nowMicros();
  let progress = { entries: 0n, of: 0n };
  const timer = setInterval(() => {
    const { entries, of } = progress;
    const share = of === 0n ? '' : ` of ${grouped(Number(of))} (${(entries * 100n) / of} %)`;
    terminal.progress(`verified ${grouped(Number(entries))}${share} entries`);
  }, PROGRESS_INTERVAL_MS);
  try {
    return await verifyHistory({
      schema: store.schema,
      connect: () => connect(store.url),
      workers: count,
      fromId: from === undefined ? null : idAt(parseTime(from, now)),
      toId: to === undefined ? null : idAt(parseTime(to, now)) - 1n,
      head,
      publicKeys,
      signal: AbortSignal.any([signal, terminal.closed]),
      onProgress: (made) => {
        progress = made;
      },
    });
  } catch (error) {
    throw explainDatabaseError(error, 'store', store.url);
  } finally {
    clearInterval(timer);
    terminal.progress(null);
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(connectionOptions(url, 'verify'));
  client.on('error', () => {});
  await client.connect();
  await client.query('set statement_timeout = 0; set search_path = pg_catalog');
  return client;
}

/** Who may only read the store can verify it all the same. */
async function record({ store }: Config, found: Verification, begunAt: Date, { terminal }: CliContext): Promise<void> {
  const pool = createPool(store.url, 'verify', { max: 1 });
  try {
    await recordVerification(pool, store.schema, found, { begunAt, madeBy: `${userName()}, on the command line` });
  } catch (error) {
    terminal.note(`The verification could not be put on record: ${messageOf(error)}`);
  } finally {
    await pool.end();
  }
}

async function headOption({ head }: VerifyOptions): Promise<ExpectedHead | null> {
  if (head === undefined) return null;
  const text = await readFile(head, 'utf8').catch((error: unknown) => {
    throw new RowtrailError('RT_USAGE', `cannot read ${head}: ${messageOf(error)}`, {
      hint: '`rowtrail seal export --output FILE` writes one.',
    });
  });
  return parseHead(text, head);
}

async function keyOption({ publicKey }: VerifyOptions, { seal }: Config): Promise<readonly KeyObject[]> {
  if (publicKey !== undefined) return Promise.all(publicKey.map(readPublicKey));
  return seal.keyFile === null ? [] : [publicKeyOf(await readSigningKey(seal.keyFile))];
}

function verificationText(
  found: Verification,
  { seconds, paint }: { readonly seconds: number; readonly paint: Paint },
): string {
  const entries = Number(found.entries);
  const range = found.firstSeal === null ? '' : ` (${found.firstSeal} to ${found.lastSeal})`;
  const read = `${grouped(entries)} entries under ${counted(Number(found.seals), 'seal')}${range}`;
  const speed = `${seconds.toFixed(1)} s, ${grouped(Math.round(entries / Math.max(seconds, 0.001)))} entries a second`;
  const lines = [`${read}, ${speed}`];
  for (const problem of found.problems) lines.push(`  ${paint.red('✗')} ${printable(problem.message)}`);
  if (found.furtherProblems > 0) lines.push(`  ${paint.red('✗')} and ${found.furtherProblems} more`);
  lines.push(...outcomeLines(found, paint));
  if (found.removedSeals > 0n) {
    const seals = counted(Number(found.removedSeals), 'seal');
    lines.push(
      `  ${paint.yellow('!')} The entries of ${seals} are gone by retention: of them, the chain alone was checked.`,
    );
  }
  if ((found.unsealed ?? 0n) > 0n) {
    lines.push(`  ${paint.yellow('!')} ${grouped(Number(found.unsealed))} newer entries have no seal yet.`);
  }
  if (!found.complete) lines.push(`  ${paint.yellow('!')} Broken off: the rest was not read.`);
  return lines.join('\n');
}

function outcomeLines({ outcome, problems, provenTo, head }: Verification, paint: Paint): string[] {
  if (outcome === 'mismatch') {
    return [paint.red(`Mismatch: the first one is at seal ${problems[0]!.seal}.`)];
  }
  if (head === null) return [paint.yellow('There is no seal yet: nothing can be said.')];
  if (provenTo === null) {
    return [
      paint.green('Consistent.'),
      '  Whoever rules the store could have made all seals anew. `seal.keyFile` signs them, and a head from',
      '  `rowtrail seal export`, kept elsewhere, proves what comes before it: `rowtrail verify --head FILE`.',
    ];
  }
  const rest = provenTo === head.number ? '' : ` Consistent from there to seal ${head.number}.`;
  return [paint.green(`Proven up to seal ${provenTo}.${rest}`)];
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

function workers(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS) {
    throw new InvalidArgumentError(`It takes a whole number from 1 to ${MAX_WORKERS}.`);
  }
  return count;
}
