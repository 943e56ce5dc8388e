import { z } from 'zod';
import { isLoopbackHost, isPostgresUrl, serverOf } from './url.ts';
import { slotName } from './slot-name.ts';

/**
 * What the configuration file takes. Every `error` says what a key *takes*; `problem.ts` adds the
 * path, the line and what was found. No transforms here: `resolve.ts` turns the file into a Config,
 * so that this also is the JSON Schema.
 */

const URL_TAKES =
  'a PostgreSQL URL, postgres://role:password@host:5432/database (special characters in the password percent-encoded)';
const TABLE_PATTERN_TAKES = '"schema.table" with * for any letters, and ! before an exclusion, quoted';
const TABLE_NAME_TAKES = '"schema.table"';
const SIZE_TAKES = 'a size such as 64MB (B, kB, MB or GB, powers of 1024) or a number of bytes';
const PUBLIC_URL_TAKES = 'a URL without a path, such as https://audit.example.org';
const MAX_PORT = 65_535;
/** Below this, whoever has the hashes finds the key by trying. */
const MIN_HASH_KEY_LENGTH = 16;
const HASH_KEY_TAKES = `a secret of at least ${MIN_HASH_KEY_LENGTH} characters, quoted, such as "\${ROWTRAIL_HASH_KEY}"`;

/** `z.strictObject` whose error names the keys it takes. */
function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: () => Object.keys(shape).join(', ') });
}

function text(takes: string) {
  return z.string({ error: takes }).min(1, { error: takes });
}

function matching(pattern: RegExp, takes: string) {
  return z.string({ error: takes }).regex(pattern, { error: takes });
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` });
}

function flag() {
  return z.boolean({ error: 'true or false' });
}

function postgresUrl() {
  return z.string({ error: URL_TAKES }).refine(isPostgresUrl, { error: URL_TAKES });
}

const columns = z.array(text('a column name'), { error: 'a list of column names' }).default([]);

const tableOptions = mapping({
  exclude: columns.describe('Columns that are never captured at all.'),
  hash: columns.describe('Columns of which only a keyed hash is kept.'),
  redact: columns.describe('Columns of which only "changed" is kept.'),
  identity: oneOf(['full', 'existing']).optional().describe("Overrides the source's `identity` for this table."),
}).superRefine((options, context) => {
  const lists = ['exclude', 'hash', 'redact'] as const;
  for (const [position, list] of lists.entries()) {
    const earlier = lists.slice(0, position);
    for (const [index, column] of options[list].entries()) {
      const other = earlier.find((name) => options[name].includes(column));
      if (other === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [list, index],
        message: `a column that no other list names: ${other} has it too`,
      });
    }
  }
});

const contextMapping = mapping({
  setting: matching(
    /^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)*$/,
    'the name of a PostgreSQL setting, such as request.jwt.claims',
  ),
  path: text('a key, or keys joined by dots, within a setting that holds JSON').optional(),
});

const source = mapping({
  name: matching(
    /^[A-Za-z0-9][\w.-]{0,62}$/,
    'a name of 1 to 63 letters, digits, "_", "-" and ".", beginning with a letter or digit',
  )
    .refine((name) => name.toLowerCase() !== 'rowtrail', {
      error: 'any other name: "rowtrail" is reserved for Rowtrail\'s own entries',
    })
    .describe("The source's name in entries, filters and URLs."),
  url: postgresUrl().describe('The database to watch, as the role the daemon runs as (REPLICATION and SELECT).'),
  admin: mapping({ url: postgresUrl() })
    .optional()
    .describe('A role that owns the tables; used by `setup` and `teardown` alone. Default: `url`.'),
  capture: oneOf(['wal', 'trigger'])
    .default('wal')
    .describe('How changes are seen: in the WAL, or by triggers where wal_level or replication cannot be had.'),
  outbox: mapping({
    maxBytes: z
      .union([z.int().min(0), matching(/^\d{1,12}\s*(B|kB|KB|MB|GB)$/, SIZE_TAKES)], { error: SIZE_TAKES })
      .default('1GB')
      .describe(
        'With capture: trigger, what waits for the daemon; past it, changes are dropped and a gap is recorded.',
      ),
  }).prefault({}),
  tables: z
    .array(matching(/^!?[^.!\s][^.]*\..+$/, TABLE_PATTERN_TAKES), { error: `a list of ${TABLE_PATTERN_TAKES}` })
    .refine((patterns) => patterns.some((pattern) => !pattern.startsWith('!')), {
      error: 'a list with at least one pattern that includes tables, such as "public.*"',
    })
    .default(['public.*'])
    .describe('`schema.table` patterns; `*` matches any letters, `!` excludes, later patterns win.'),
  identity: oneOf(['full', 'existing']).default('full'),
  truncate: mapping({
    capture: flag().default(true),
    maxBytes: z
      .union([z.int().min(0), matching(/^\d{1,12}\s*(B|kB|KB|MB|GB)$/, SIZE_TAKES)], { error: SIZE_TAKES })
      .default('64MB'),
  }).prefault({}),
  ddlText: flag()
    .default(false)
    .describe('Keep the text of DDL statements in their entries. It holds whatever else was sent in the same query.'),
  tableOptions: z
    .record(matching(/^[^.*!\s][^.*]*\.[^*]+$/, TABLE_NAME_TAKES), tableOptions, {
      error: `a mapping from ${TABLE_NAME_TAKES} to options`,
    })
    .default({}),
  hashKey: z
    .string({ error: HASH_KEY_TAKES })
    .min(MIN_HASH_KEY_LENGTH, { error: HASH_KEY_TAKES })
    .optional()
    .describe('The secret that `hash` columns are hashed with (HMAC-SHA-256). Another one makes other hashes.'),
  baseline: flag()
    .default(false)
    .describe('Record the rows that are there when a table comes to be tracked, as `baseline` entries.'),
  slot: matching(/^[a-z0-9_]{1,63}$/, 'a slot name: 1 to 63 of a-z, 0-9 and _').optional(),
  publication: matching(/^[a-z_][a-z0-9_]{0,62}$/, 'a publication name: 1 to 63 of a-z, 0-9 and _').optional(),
  context: mapping({
    user_id: contextMapping.optional(),
    user_name: contextMapping.optional(),
    ip: contextMapping.optional(),
    user_agent: contextMapping.optional(),
    comment: contextMapping.optional(),
    request_id: contextMapping.optional(),
    context: contextMapping.optional(),
  })
    .default({})
    .describe('Where an existing convention keeps a claim: a setting, and a path where it holds JSON.'),
  users: mapping({
    table: matching(/^[^.*!\s][^.*]*\.[^*]+$/, TABLE_NAME_TAKES),
    id: text('a column name'),
    name: text('a column name'),
  }).optional(),
  links: z
    .record(
      matching(/^[^.*!\s][^.*]*\.[^*]+$/, TABLE_NAME_TAKES),
      matching(
        /^https?:\/\/[^\s/?#{}]+(?:[/?#]\S*)?$/,
        'an http(s) URL with {column} for values after its host, such as https://shop.example/orders/{id}',
      ),
      { error: `a mapping from ${TABLE_NAME_TAKES} to a URL` },
    )
    .default({}),
  revert: mapping({ url: postgresUrl() }).optional().describe('The role reverts run as. Absent: reverts are off.'),
  allowUnboundedWal: flag().default(false),
}).superRefine((value, context) => {
  const hashing = Object.entries(value.tableOptions).find(([, options]) => options.hash.length > 0);
  if (hashing === undefined || value.hashKey !== undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['hashKey'],
    message: `${HASH_KEY_TAKES}: ${hashing[0]} has \`hash\` columns`,
  });
});

const sources = z
  .array(source, { error: 'a list of sources' })
  .min(1, { error: 'a list with at least one source' })
  .superRefine((list, context) => {
    for (const [index, { name }] of list.entries()) {
      const twin = list.slice(0, index).findIndex((other) => other.name === name);
      if (twin === -1) continue;
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `a name of its own: sources[${twin}] has it`,
      });
    }
    for (const [index, item] of list.entries()) {
      // A slot belongs to the whole server, so two databases of one server cannot share its name.
      const twin = list
        .slice(0, index)
        .findIndex((other) => other.name !== item.name && slotOf(other) === slotOf(item));
      if (twin === -1) continue;
      context.addIssue({
        code: 'custom',
        path: [index, item.slot === undefined ? 'name' : 'slot'],
        message: `a slot of its own on this server: sources[${twin}] comes to "${item.slot ?? slotName(item.name)}" too`,
      });
    }
  });

function slotOf(item: { name: string; url: string; slot?: string | undefined }): string {
  return `${serverOf(item.url)} ${item.slot ?? slotName(item.name)}`;
}

const http = mapping({
  host: text('a host name or address').default('127.0.0.1'),
  port: z
    .int({ error: 'a port from 0 (any free one) to 65535' })
    .min(0, { error: 'a port from 0 (any free one) to 65535' })
    .max(MAX_PORT, { error: 'a port from 0 (any free one) to 65535' })
    .default(7400),
  publicUrl: matching(/^https?:\/\/[^/?#@\s]+$/, PUBLIC_URL_TAKES)
    .refine((url) => URL.canParse(url), { error: PUBLIC_URL_TAKES })
    .optional()
    .describe('Where browsers find it, behind a proxy. With https, cookies go that way only.'),
  hosts: z
    .array(matching(/^[^\s:/?#@]+$|^\[?[\da-fA-F:.]+\]?$/, 'a host name without a port'), {
      error: 'a list of host names',
    })
    .default([])
    .describe('Further names that requests may be addressed to (the Host header), such as that of a service.'),
  auth: mapping({
    mode: oneOf(['token', 'none'])
      .default('token')
      .describe('token: requests bring one. none: nobody is asked, on a loopback address only.'),
    publicMetrics: flag().default(false).describe('/metrics takes no token.'),
  }).prefault({}),
  requestsPerMinute: z
    .int({ error: 'a number of requests' })
    .min(1, { error: 'a number of requests, 1 or more' })
    .default(6000)
    .describe('How many requests each token may make.'),
  contact: text('text: whom to ask for access').optional(),
  journal: mapping({
    reads: flag().default(true),
    exports: flag().default(true),
    reverts: flag().default(true),
    denials: flag().default(true),
  })
    .prefault({})
    .describe(
      'What people read, take away (exports, reports), revert and are refused becomes entries of the source "rowtrail".',
    ),
}).superRefine((value, context) => {
  if (value.auth.mode === 'none' && !isLoopbackHost(value.host)) {
    context.addIssue({
      code: 'custom',
      path: ['auth', 'mode'],
      message: `token when http.host is not a loopback address (it is "${value.host}")`,
    });
  }
});

const INTERVAL_TAKES = 'a time such as 30s, 1m or 1h';

const seal = mapping({
  enabled: flag()
    .default(true)
    .describe('Entries are sealed, so that `rowtrail verify` can tell whether they were changed.'),
  interval: matching(/^[1-9]\d{0,4}[smh]$/, INTERVAL_TAKES)
    .default('1m')
    .describe('How often new entries are sealed. What was changed in the store before its seal was made stays unseen.'),
  maxEntries: z
    .int({ error: 'a number of entries from 1,000 to 1,000,000' })
    .min(1_000, { error: 'a number of entries from 1,000 to 1,000,000' })
    .max(1_000_000, { error: 'a number of entries from 1,000 to 1,000,000' })
    .default(50_000)
    .describe('How many entries one seal covers at most: where a seal does not match, one of these was changed.'),
  keyFile: text('a path')
    .optional()
    .describe(
      'An Ed25519 private key (PEM) that seals are signed with; `rowtrail seal key` makes one. Relative to the working directory. Keep it where the store is not.',
    ),
});

export const CONFIG_SCHEMA = mapping({
  store: mapping({
    url: postgresUrl().optional().describe("Where entries are kept. Default: the first source's url."),
    schema: matching(
      /^[A-Za-z_](?:[A-Za-z0-9_ -]{0,39}[A-Za-z0-9_-])?$/,
      'a schema name: up to 41 letters, digits, spaces, _ and -, beginning with a letter or _',
    )
      .refine((name) => !name.startsWith('pg_') && name !== 'rowtrail' && name !== 'information_schema', {
        error: 'any other schema name: this one is reserved',
      })
      .default('audit'),
    partition: oneOf(['day', 'week', 'month']).default('month'),
    retention: matching(/^[1-9]\d{0,5}d$/, 'a number of days such as 400d, or null to keep everything')
      .nullable()
      .default(null)
      .describe('How long entries are kept, such as 400d. Null keeps everything.'),
    archive: text('a path')
      .optional()
      .describe('A folder. What retention removes is written there before, as compressed NDJSON.'),
  })
    .superRefine(({ archive, retention }, context) => {
      if (archive === undefined || retention !== null) return;
      context.addIssue({
        code: 'custom',
        path: ['archive'],
        message: 'nothing without `retention`: nothing is removed',
      });
    })
    .prefault({}),
  sources,
  seal: seal.prefault({}),
  http: http.prefault({}),
  log: mapping({
    level: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  }).prefault({}),
});

/** The configuration file with its literal defaults filled in. */
export type ConfigFile = z.output<typeof CONFIG_SCHEMA>;
