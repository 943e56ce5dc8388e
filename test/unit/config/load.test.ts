import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig, parseConfig } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/problem.ts';
import { RowtrailError } from '../../../src/lib/errors.ts';

const SHOP = 'sources:\n  - name: shop\n    url: postgres://app@db.example/shop\n';

function parse(text: string, environment: Record<string, string> = {}): Config {
  return parseConfig(text, 'rowtrail.yaml', environment);
}

/** The problems of a configuration, as `path (line): message`. */
function problemsOf(text: string, environment: Record<string, string> = {}): string[] {
  try {
    parse(text, environment);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rowtrail-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('defaults', () => {
  test('a name and a url are enough', () => {
    expect(parse(SHOP)).toEqual({
      store: {
        url: 'postgres://app@db.example/shop',
        schema: 'audit',
        partition: 'month',
        retentionDays: null,
        archiveDir: null,
      },
      sources: [
        {
          name: 'shop',
          url: 'postgres://app@db.example/shop',
          adminUrl: null,
          capture: 'wal',
          outbox: { maxBytes: 1024 ** 3 },
          tables: ['public.*'],
          identity: 'full',
          truncate: { capture: true, maxBytes: 64 * 1024 ** 2 },
          ddlText: false,
          tableOptions: {},
          hashKey: null,
          baseline: false,
          slot: 'rowtrail_shop',
          publication: 'rowtrail_shop',
          context: {},
          users: null,
          links: {},
          revert: null,
          allowUnboundedWal: false,
        },
      ],
      seal: { enabled: true, intervalMs: 60_000, maxEntries: 50_000, keyFile: null },
      http: {
        host: '127.0.0.1',
        port: 7400,
        publicUrl: null,
        hosts: [],
        auth: { mode: 'token', publicMetrics: false },
        requestsPerMinute: 6000,
        contact: null,
        journal: { reads: true, exports: true, reverts: true, denials: true },
      },
      log: { level: 'info' },
    });
  });

  test('slot and publication take of the name what a slot name takes, and no more than fits', () => {
    const name = `Shop-EU.${'x'.repeat(55)}`;
    const [source] = parse(SHOP.replace('shop', name)).sources;
    expect(source?.slot).toBe(`rowtrail_shop_eu_${'x'.repeat(46)}`);
    expect(source?.slot).toHaveLength(63);
    expect(source?.publication).toBe(source?.slot);
  });

  test('the store is where it is said to be, not the first source', () => {
    expect(parse(`${SHOP}store: { url: postgres://audit@store/audit, retention: 400d }`).store).toMatchObject({
      url: 'postgres://audit@store/audit',
      retentionDays: 400,
      archiveDir: null,
    });
  });

  test.each([
    ['1024', 1024],
    ['10B', 10],
    ['3kB', 3072],
    ['3 MB', 3 * 1024 ** 2],
    ['2GB', 2 * 1024 ** 3],
  ])('maxBytes: %s', (written, bytes) => {
    expect(parse(`${SHOP}    truncate: { maxBytes: ${written} }`).sources[0]?.truncate.maxBytes).toBe(bytes);
  });
});

describe('every key', () => {
  test('the table options, mappings and roles of a source', () => {
    const [source] = parse(`${SHOP}
    admin: { url: "postgres://owner@db/shop" }
    tableOptions:
      public.users: { exclude: [password], redact: [notes], identity: existing }
    context: { user_id: { setting: request.jwt.claims, path: sub }, ip: { setting: app.ip } }
    users: { table: public.users, id: id, name: email }
    links: { public.orders: "https://shop.example/orders/{id}" }
    revert: { url: "postgres://reverter@db/shop" }
`).sources;
    expect(source).toMatchObject({
      adminUrl: 'postgres://owner@db/shop',
      tableOptions: {
        'public.users': { exclude: ['password'], hash: [], redact: ['notes'], identity: 'existing' },
      },
      context: { user_id: { setting: 'request.jwt.claims', path: 'sub' }, ip: { setting: 'app.ip', path: null } },
      users: { table: 'public.users', id: 'id', name: 'email' },
      links: { 'public.orders': 'https://shop.example/orders/{id}' },
      revert: { url: 'postgres://reverter@db/shop' },
    });
  });
});

describe('variables', () => {
  test('stand within texts, quoted or not', () => {
    const config = parse(
      'sources:\n  - name: shop\n    url: postgres://app:${PASSWORD}@${HOST}/shop\nhttp: { contact: "${WHO}" }',
      { PASSWORD: 'pw', HOST: 'db', WHO: 'dba' },
    );
    expect(config.sources[0]?.url).toBe('postgres://app:pw@db/shop');
    expect(config.http.contact).toBe('dba');
  });

  test('an unquoted one is a number where its value is one, a quoted one stays text', () => {
    expect(parse(`${SHOP}http:\n  port: \${PORT}\n`, { PORT: '8080' }).http.port).toBe(8080);
    expect(problemsOf(`${SHOP}http:\n  port: "\${PORT}"\n`, { PORT: '8080' })).toEqual([
      'http.port (line 5): found "8080", takes a port from 0 (any free one) to 65535',
    ]);
  });

  test('$${ is a literal ${', () => {
    expect(parse(`${SHOP}http: { contact: "$\${NAME}" }`).http.contact).toBe('${NAME}');
  });

  test.each([{}, { NOPE: '' }])(
    'one that is not set or empty is an error of its own, and the only one: %o',
    (environment) => {
      expect(problemsOf('sources:\n  - name: shop\n    url: "${NOPE}"\n', environment)).toEqual([
        'sources[0].url (line 3): the environment variable NOPE is not set or empty',
      ]);
    },
  );

  test('what is not the name of a variable is said so', () => {
    expect(problemsOf(`${SHOP}http: { contact: "\${A-B}" }`)).toEqual([
      'http.contact (line 4): found "${A-B}", takes the name of an environment variable within ${}',
    ]);
  });
});

describe('problems name the path, the line, what was found and what it takes', () => {
  test.each<[what: string, yaml: string, problem: string | RegExp]>([
    [
      'a missing key',
      'sources:\n  - name: shop\n',
      /^sources\[0\]\.url \(line 2\): is missing; takes a PostgreSQL URL/,
    ],
    ['no sources', 'store: { schema: audit }', 'sources (line 1): is missing; takes a list of sources'],
    ['no source', 'sources: []', 'sources (line 1): found an empty list, takes a list with at least one source'],
    ['one for a list', 'sources: {}', 'sources (line 1): found a mapping, takes a list of sources'],
    ['a value for a mapping', `${SHOP}log: loud`, 'log (line 4): found "loud", takes a mapping with the keys level'],
    ['nothing for a mapping', `${SHOP}log:`, 'log (line 4): found nothing, takes a mapping with the keys level'],
    [
      'a scalar file',
      'hello',
      /^\(line 1\): found "hello", takes a mapping with the keys store, sources, seal, http, log$/,
    ],
    ['an empty file', '# nothing\n', 'the file is empty; takes at least sources'],
    ['a misspelt key', `${SHOP}    tabels: []`, 'sources[0].tabels (line 4): unknown key; did you mean tables?'],
    [
      'a key in another style',
      `${SHOP}    allow_unbounded_wal: true`,
      /unknown key; did you mean allowUnboundedWal\?$/,
    ],
    [
      'a strange key',
      `${SHOP}elephant: 1`,
      'elephant (line 4): unknown key; this mapping takes store, sources, seal, http, log',
    ],
    [
      'a misspelt value',
      `${SHOP}    capture: wall`,
      'sources[0].capture (line 4): found "wall", takes wal or trigger; did you mean wal?',
    ],
    [
      'a strange value',
      `${SHOP}    capture: elephant`,
      'sources[0].capture (line 4): found "elephant", takes wal or trigger',
    ],
    [
      'three values',
      `${SHOP}store: { partition: year }`,
      'store.partition (line 4): found "year", takes day, week or month',
    ],
    ['a flag', `${SHOP}    baseline: yep`, 'sources[0].baseline (line 4): found "yep", takes true or false'],
    [
      'a port',
      `${SHOP}http: { port: 70000 }`,
      'http.port (line 4): found 70000 (a number), takes a port from 0 (any free one) to 65535',
    ],
    [
      'a size',
      `${SHOP}    truncate: { maxBytes: 1 gig }`,
      /^sources\[0\]\.truncate\.maxBytes \(line 4\): found "1 gig", takes a size such as 64MB/,
    ],
    [
      'a retention',
      `${SHOP}store: { retention: 1 year }`,
      'store.retention (line 4): found "1 year", takes a number of days such as 400d, or null to keep everything',
    ],
    ['a schema', `${SHOP}store: { schema: 1st }`, /^store\.schema \(line 4\): found "1st", takes a schema name/],
    [
      'a reserved schema',
      `${SHOP}store: { schema: pg_audit }`,
      /^store\.schema \(line 4\): found "pg_audit", takes any other schema name/,
    ],
    [
      'a slot',
      `${SHOP}    slot: My-Slot`,
      'sources[0].slot (line 4): found "My-Slot", takes a slot name: 1 to 63 of a-z, 0-9 and _',
    ],
    [
      'a source name',
      SHOP.replace('shop', '"my shop"'),
      /^sources\[0\]\.name \(line 2\): found "my shop", takes a name of 1 to 63/,
    ],
    [
      'a reserved name',
      SHOP.replace('shop', 'rowtrail'),
      /^sources\[0\]\.name \(line 2\): found "rowtrail", takes any other name/,
    ],
    [
      'a pattern',
      `${SHOP}    tables: [orders]`,
      /^sources\[0\]\.tables\[0\] \(line 4\): found "orders", takes "schema\.table"/,
    ],
    [
      'only exclusions',
      `${SHOP}    tables: ["!public.x"]`,
      /^sources\[0\]\.tables \(line 4\): found a list of 1, takes a list with at least one pattern/,
    ],
    [
      'a table name',
      `${SHOP}    tableOptions: { users: {} }`,
      'sources[0].tableOptions.users (line 4): the key takes "schema.table"',
    ],
    [
      'an option of a table',
      `${SHOP}    tableOptions:\n      public.users:\n        exclude: email`,
      'sources[0].tableOptions."public.users".exclude (line 6): found "email", takes a list of column names',
    ],
    [
      'a column in two lists',
      `${SHOP}    tableOptions: { public.users: { exclude: [a], redact: [b, a] } }`,
      'sources[0].tableOptions."public.users".redact[1] (line 4): found "a", takes a column that no other list names: exclude has it too',
    ],
    [
      'a claim',
      `${SHOP}    context: { userid: { setting: a.b } }`,
      'sources[0].context.userid (line 4): unknown key; did you mean user_id?',
    ],
    [
      'a setting',
      `${SHOP}    context: { ip: { setting: "a b" } }`,
      /^sources\[0\]\.context\.ip\.setting \(line 4\): found "a b", takes the name of a PostgreSQL setting/,
    ],
    [
      'a link',
      `${SHOP}    links: { public.orders: "javascript:alert(1)" }`,
      /^sources\[0\]\.links\."public\.orders" \(line 4\): found .*, takes an http\(s\) URL/,
    ],
    [
      'a link whose host is a value',
      `${SHOP}    links: { public.orders: "https://{host}/orders/{id}" }`,
      /^sources\[0\]\.links\."public\.orders" \(line 4\): found .*, takes an http\(s\) URL with \{column\} for values after its host/,
    ],
    [
      'no auth for all the world',
      `${SHOP}http: { host: 0.0.0.0, auth: { mode: none } }`,
      'http.auth.mode (line 4): found "none", takes token when http.host is not a loopback address (it is "0.0.0.0")',
    ],
  ])('%s', (_what, yaml, problem) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    if (problem instanceof RegExp) expect(problems[0]).toMatch(problem);
    else expect(problems[0]).toBe(problem);
  });

  test('all of them at once, in the order of the file', () => {
    const problems = problemsOf(`sources:
  - name: shop
    url: "\${NOPE}"
    capture: wall
  - name: shop
    url: mysql://u:secret@h/db
    slott: x
http: { port: -1 }
`);
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(':')))).toEqual([
      'sources[0].url (line 3)',
      'sources[0].capture (line 4)',
      'sources[1].url (line 6)',
      'sources[1].slott (line 7)',
      'http.port (line 8)',
    ]);
  });

  test('two sources of one name', () => {
    expect(problemsOf(`${SHOP}  - name: shop\n    url: postgres://h/d\n`)).toEqual([
      'sources[1].name (line 4): found "shop", takes a name of its own: sources[0] has it',
    ]);
  });

  test('two sources of one server whose names come to one slot; on two servers they may', () => {
    const two = (host: string): string =>
      `sources:\n  - { name: a-b, url: "postgres://h/d" }\n  - { name: a_b, url: "postgres://${host}/e" }`;
    expect(problemsOf(two('h:5432'))).toEqual([
      'sources[1].name (line 3): found "a_b", takes a slot of its own on this server: sources[0] comes to "rowtrail_a_b" too',
    ]);
    expect(problemsOf(two('other'))).toEqual([]);
  });
});

describe('a URL', () => {
  test.each([
    'postgres://app:pw@h:5432/db',
    'postgresql://h/db',
    'postgres:///db?host=/var/run/postgresql',
    'postgres://app:p%40ss@h/db?sslmode=require',
    'postgres://app:p@ss@h/db',
  ])('%s is taken', (url) => {
    expect(problemsOf(`sources:\n  - name: shop\n    url: "${url}"\n`)).toEqual([]);
  });

  test.each([
    ['mysql://app:hunter2@h/db', 'mysql://app:***@h/db'],
    ['app:hunter2@h/db', 'app:***@h/db'],
    ['postgres://app:hun/ter2@h/db', 'postgres://app:***@h/db'],
    ['postgres://app:hun#ter2@h/db', 'postgres://app:***@h/db'],
    ['postgres://app:hun?ter2@h/db', 'postgres://app:***@h/db'],
    ['postgres://app:hun@ter/2@h/db', 'postgres://app:***@h/db'],
    ['postgres://app:hunter2', 'postgres://app:***'],
    ['host=h user=app password=hunter2 dbname=db', 'host=h user=app password=*** dbname=db'],
  ])('%s is refused and printed without its password', (url, printed) => {
    const [problem] = problemsOf(`sources:\n  - name: shop\n    url: "${url}"\n`);
    expect(problem).toContain(`found "${printed}", takes a PostgreSQL URL`);
  });
});

describe('what is not YAML', () => {
  test.each([
    ['a duplicate key', 'log: {}\nlog: {}\n', '(line 2): not valid YAML at column 1: Map keys must be unique'],
    ['a tab', `${SHOP}\tlog: x`, /^\(line 4\): not valid YAML at column \d+: /],
    ['an open bracket', 'a: [1\nb: 2', /^\(line 2\): not valid YAML at column 1: /],
    [
      'an unquoted variable in braces',
      'sources:\n  - {name: a, url: ${URL}}',
      /^\(line 2\): .*; a \$\{VARIABLE\} within \{ \} or \[ \] must be in quotes$/,
    ],
    [
      'an unquoted exclusion',
      `${SHOP}    tables: [public.*, !public.x]`,
      '(line 4): !public.x must be in quotes: "!public.x"',
    ],
    ['an unquoted star', `${SHOP}    tables:\n      - *.orders`, '(line 5): *.orders must be in quotes: "*.orders"'],
  ])('%s', (_what, yaml, problem) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    if (problem instanceof RegExp) expect(problems[0]).toMatch(problem);
    else expect(problems[0]).toBe(problem);
  });
});

describe('where it comes from', () => {
  test('rowtrail.yaml of the folder, and then the environment overrides nothing', async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, 'rowtrail.yaml'), SHOP);
    const config = await loadConfig({
      folder,
      environment: { ROWTRAIL_SOURCE_URL: 'postgres://other/db', ROWTRAIL_PORT: '1' },
    });
    expect(config.sources[0]?.url).toBe('postgres://app@db.example/shop');
    expect(config.http.port).toBe(7400);
  });

  test('the environment alone', async () => {
    const config = await loadConfig({
      folder: await emptyFolder(),
      environment: {
        ROWTRAIL_SOURCE_URL: 'postgres://app:pw@h/My%20Shop',
        ROWTRAIL_STORE_URL: 'postgres://audit@s/a',
        ROWTRAIL_ADMIN_URL: 'postgres://owner@h/shop',
        ROWTRAIL_REVERT_URL: 'postgres://reverter@h/shop',
        ROWTRAIL_TABLES: 'public.*, !public.sessions',
        ROWTRAIL_CAPTURE: 'trigger',
        ROWTRAIL_SEAL_KEY_FILE: '/etc/rowtrail/seal.pem',
        ROWTRAIL_HOST: '0.0.0.0',
        ROWTRAIL_PORT: '0',
      },
    });
    expect(config.sources[0]).toMatchObject({
      name: 'my_shop',
      slot: 'rowtrail_my_shop',
      adminUrl: 'postgres://owner@h/shop',
      revert: { url: 'postgres://reverter@h/shop' },
      tables: ['public.*', '!public.sessions'],
      capture: 'trigger',
    });
    expect(config.store.url).toBe('postgres://audit@s/a');
    expect(config.seal.keyFile).toBe('/etc/rowtrail/seal.pem');
    expect(config.http).toMatchObject({ host: '0.0.0.0', port: 0, auth: { mode: 'token' } });
  });

  test.each([
    ['postgres://h/rowtrail', 'default'],
    ['postgres://h', 'default'],
    ['postgres://ana@h', 'ana'],
    ['postgres://h/Shop-EU', 'shop-eu'],
  ])('the name of the source of %s is %s', async (url, name) => {
    const config = await loadConfig({ folder: await emptyFolder(), environment: { ROWTRAIL_SOURCE_URL: url } });
    expect(config.sources[0]?.name).toBe(name);
  });

  test('errors name the variable', async () => {
    const loading = loadConfig({
      folder: await emptyFolder(),
      environment: {
        ROWTRAIL_SOURCE_URL: 'shop',
        ROWTRAIL_TABLES: 'x',
        ROWTRAIL_PORT: 'tcp://10.0.0.1:7400',
        ROWTRAIL_CAPTURE: 'WAL',
      },
    });
    const error: unknown = await loading.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    const { message, hint } = error as ConfigError;
    expect(
      message
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(':')[0])
        .toSorted((a, b) => (a ?? '').localeCompare(b ?? '')),
    ).toEqual(['ROWTRAIL_CAPTURE', 'ROWTRAIL_PORT', 'ROWTRAIL_SOURCE_URL', 'ROWTRAIL_TABLES']);
    expect(hint).toContain('enableServiceLinks');
  });

  test('neither is there', async () => {
    await expect(loadConfig({ folder: await emptyFolder(), environment: {} })).rejects.toMatchObject({
      code: 'RT_CONFIG',
      message: expect.stringContaining('ROWTRAIL_SOURCE_URL is not set') as string,
    });
  });

  test('the named file is not there, or is a folder', async () => {
    const folder = await emptyFolder();
    await expect(loadConfig({ folder, file: 'x.yaml', environment: {} })).rejects.toThrow('x.yaml does not exist');
    const reading = loadConfig({ folder, file: '.', environment: {} });
    await expect(reading).rejects.toThrow(RowtrailError);
    await expect(reading).rejects.toThrow(/cannot be read: EISDIR/);
  });
});

describe('hashKey', () => {
  const hashing = (key: string): string => `${SHOP}${key}    tableOptions: { public.users: { hash: [email] } }`;

  test('is needed by hash columns, and stands for itself', () => {
    expect(parse(hashing('    hashKey: "correct horse battery"\n')).sources[0]?.hashKey).toBe('correct horse battery');
    expect(problemsOf(hashing(''))).toEqual([
      expect.stringMatching(
        /^sources\[0\]\.hashKey .*is missing; takes a secret of at least 16 characters.*public\.users/,
      ),
    ]);
  });

  test('is never printed', () => {
    for (const key of ['"s3cret"', '1234567']) {
      const [problem] = problemsOf(hashing(`    hashKey: ${key}\n`));
      expect(problem).toMatch(/hashKey \(line \d+\): found a (text of 6 characters|number), takes a secret/);
      expect(problem).not.toContain(key.replaceAll('"', ''));
    }
  });
});
