/**
 * For applications on Node: `import { withContext } from 'rowtrail/context'`. Needs nothing of Rowtrail at run time, and no
 * Rowtrail on the database either: what it sets are plain settings.
 */

/** Who acts, from where and why. What is left out stays as it is; null takes it away. */
export interface Context {
  readonly userId?: string | number | bigint | null;
  readonly userName?: string | null;
  readonly ip?: string | null;
  readonly userAgent?: string | null;
  readonly comment?: string | null;
  readonly requestId?: string | null;
  /** Anything else, as JSON. */
  readonly context?: Readonly<Record<string, unknown>> | null;
}

/** A client of node-postgres, or whatever takes a statement with `$1` and its values. */
export interface ContextClient {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/** What the web frameworks of Node have of a request. */
export interface ContextRequest {
  readonly ip?: string | undefined;
  readonly id?: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const SETTINGS: Readonly<Record<keyof Context, string>> = {
  userId: 'rowtrail.user_id',
  userName: 'rowtrail.user_name',
  ip: 'rowtrail.ip',
  userAgent: 'rowtrail.user_agent',
  comment: 'rowtrail.comment',
  requestId: 'rowtrail.request_id',
  context: 'rowtrail.context',
};

/**
 * The one statement that sets a context; null: there is nothing to set. `isLocal`: for the transaction, which alone is safe
 * through a pooler; else for the session.
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
 */
export function contextStatement(context: Context, isLocal = true): { text: string; values: string[] } | null {
  const calls: string[] = [];
  const values: string[] = [];
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const value = context[name as keyof Context];
    if (value === undefined) continue;
    values.push(settingText(value));
    calls.push(`pg_catalog.set_config('${setting}', $${values.length}, ${isLocal})`);
  }
  return calls.length === 0 ? null : { text: `select ${calls.join(', ')}`, values };
}

/** Sets a context for the transaction that the client is in. */
export async function setContext(client: ContextClient, context: Context): Promise<void> {
  const statement = contextStatement(context);
  if (statement !== null) await client.query(statement.text, statement.values);
}

/** Runs `work` in a transaction with this context: committed if it resolves, rolled back if it rejects. */
export async function withContext<T>(client: ContextClient, context: Context, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await setContext(client, context);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // Of the two errors, the first one says what happened.
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Address, user agent and number of a request of Express, Fastify, Koa or node:http. */
export function contextOfRequest({ ip, id, headers }: ContextRequest): Context {
  const first = (name: string): string | null => {
    const value = headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  };
  return {
    ip: ip ?? null,
    userAgent: first('user-agent'),
    requestId: first('x-request-id') ?? (typeof id === 'string' ? id : null),
  };
}

/** PostgreSQL's text takes no NUL, and a context must not make a statement fail. */
function settingText(value: NonNullable<Context[keyof Context]> | null): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.replaceAll('\0', '');
}
