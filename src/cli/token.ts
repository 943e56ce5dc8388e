import { Command, InvalidArgumentError, Option } from 'commander';
import { ROLES, type Role } from '../access/role.ts';
import type { TokenStore } from '../access/store-access.ts';
import {
  createToken,
  listTokens,
  MAX_NAME_LENGTH,
  revokeToken,
  TABLE_PATTERN,
  type NewToken,
  type Token,
} from '../access/token.ts';
import type { StoreConfig } from '../config/config.ts';
import { RowtrailError } from '../lib/errors.ts';
import { createPool } from '../pg/pool.ts';
import { configOf, databaseCommand, type CliContext } from './context.ts';
import { EXIT } from './failure.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

const DAY_MS = 86_400_000;

interface CreateOptions {
  readonly config?: string;
  readonly name: string;
  readonly role: Role;
  readonly table?: readonly string[];
  readonly expires?: Date;
  readonly json?: boolean;
}

export function tokenCommand(context: CliContext): Command {
  return new Command('token')
    .description('who may use the HTTP API: make, list and revoke tokens')
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(revokeCommand(context));
}

function createCommand(context: CliContext): Command {
  return databaseCommand('create', 'make a token; standard output has its secret alone, once')
    .requiredOption('-n, --name <name>', 'whose it is, or what it is for', name)
    .addOption(
      new Option('-r, --role <role>', 'writer posts events, viewer reads, operator reverts too, admin does everything')
        .choices(ROLES)
        .default('viewer'),
    )
    .option(
      '-t, --table <pattern>',
      'only these tables, "schema.table" with * and !, as in the config (repeatable)',
      pattern,
    )
    .option('-e, --expires <time>', 'when it ends: a number of days such as 90d, or an RFC 3339 time', expiry)
    .option('--json', 'print JSON')
    .action(async (options: CreateOptions) => {
      const made = await onStore(context, options, (store) =>
        createToken(store, {
          name: options.name,
          role: options.role,
          tables: options.table ?? null,
          expiresAt: options.expires ?? null,
          createdBy: 'cli',
        }),
      );
      printNewToken(made, options.json === true, context);
      context.exitCode = EXIT.ok;
    });
}

function printNewToken({ token, secret }: NewToken, json: boolean, { terminal }: CliContext): void {
  terminal.print(json ? JSON.stringify({ ...token, secret }) : secret);
  if (json) return;
  terminal.note(`Token ${token.id}, ${scopeOf(token)}. It is shown this once: keep it where secrets are kept.`);
}

function listCommand(context: CliContext): Command {
  return databaseCommand('list', 'every token, without its secret')
    .option('--json', 'print JSON')
    .action(async (options: { config?: string; json?: boolean }) => {
      const tokens = await onStore(context, options, listTokens);
      const { print, paint } = context.terminal;
      print(options.json === true ? JSON.stringify(tokens) : tokensText(tokens, paint, Date.now()));
      context.exitCode = EXIT.ok;
    });
}

function revokeCommand(context: CliContext): Command {
  return databaseCommand('revoke', 'end a token for good; it stops working within 5 seconds')
    .argument('<id>', 'as `rowtrail token list` has it', id)
    .option('--json', 'print JSON')
    .action(async (tokenId: string, options: { config?: string; json?: boolean }) => {
      const token = await onStore(context, options, (store) => revokeToken(store, tokenId));
      if (token === undefined) {
        throw new RowtrailError('RT_TOKEN_MISSING', `there is no token ${tokenId}`, {
          hint: '`rowtrail token list` lists them.',
        });
      }
      const { print } = context.terminal;
      print(options.json === true ? JSON.stringify(token) : `Revoked: token ${token.id}, ${printable(token.name)}.`);
      context.exitCode = EXIT.ok;
    });
}

async function onStore<Result>(
  context: CliContext,
  options: { readonly config?: string },
  work: (store: TokenStore) => Promise<Result>,
): Promise<Result> {
  const { store } = await configOf(context, options);
  return withTokenStore(store, work);
}

/** A connection of its own, for as long as the work takes. */
export async function withTokenStore<Result>(
  { url, schema }: StoreConfig,
  work: (store: TokenStore) => Promise<Result>,
): Promise<Result> {
  const pool = createPool(url, 'token', { max: 1 });
  try {
    return await work({ pool, schema });
  } finally {
    await pool.end();
  }
}

/** One line a token, in columns. */
export function tokensText(tokens: readonly Token[], paint: Paint, nowMs: number): string {
  if (tokens.length === 0) return 'There is no token. `rowtrail token create` makes one.';
  const rows = [
    ['id', 'name', 'role', 'tables', 'made', 'last used', 'state'],
    ...tokens.map((token) => [
      token.id,
      printable(token.name),
      token.role,
      token.tables === null ? 'all' : printable(token.tables.join(' ')),
      minute(token.created_at),
      token.last_used_at === null ? 'never' : minute(token.last_used_at),
      stateOf(token, nowMs),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row, index) => {
      const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
      if (index === 0) return paint.dim(line.trimEnd());
      return row.at(-1) === 'good' || row.at(-1)?.startsWith('until') === true
        ? line.trimEnd()
        : paint.dim(line.trimEnd());
    })
    .join('\n');
}

function stateOf({ revoked_at: revoked, expires_at: expires }: Token, nowMs: number): string {
  if (revoked !== null) return `revoked ${minute(revoked)}`;
  if (expires === null) return 'good';
  return Date.parse(expires) <= nowMs ? `expired ${minute(expires)}` : `until ${minute(expires)}`;
}

/** `2026-11-25T00:18:33.779084Z` → `2026-11-25 00:18`, UTC. */
function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

/** `admin` or `viewer of public.orders until 2027-01-01 00:00`. */
function scopeOf({ role, tables, expires_at: expires }: Token): string {
  const of = tables === null ? '' : ` of ${printable(tables.join(' '))}`;
  return `${role}${of}${expires === null ? '' : `, until ${minute(expires)} UTC`}`;
}

function name(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(trimmed)) {
    throw new InvalidArgumentError(`It takes 1 to ${MAX_NAME_LENGTH} characters.`);
  }
  return trimmed;
}

function pattern(text: string, earlier: readonly string[] = []): string[] {
  if (!TABLE_PATTERN.test(text)) {
    throw new InvalidArgumentError('It takes "schema.table" with * for any letters, and ! before an exclusion.');
  }
  return [...earlier, text];
}

function id(text: string): string {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('It takes the id of a token, a number.');
  return text;
}

function expiry(text: string): Date {
  const days = /^([1-9]\d{0,4})d$/.exec(text)?.[1];
  const time = new Date(days === undefined ? rfc3339(text) : Date.now() + Number(days) * DAY_MS);
  if (Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('It takes a number of days such as 90d, or a time such as 2027-01-01T00:00:00Z.');
  }
  if (time.getTime() <= Date.now()) throw new InvalidArgumentError('It takes a time to come.');
  return time;
}

function rfc3339(text: string): string {
  return /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? text : '';
}
