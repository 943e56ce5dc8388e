import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { openShop, type ShopDatabase } from '../../src/demo/database.ts';
import { createDemo, demoConfig, type DemoDaemon, type DemoOptions } from '../../src/demo/demo.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { SHOP_ROLES } from '../../src/demo/schema.ts';
import { nextStep, openingSteps } from '../../src/demo/script.ts';
import type { Step } from '../../src/demo/step.ts';
import { createWorkload, runStep } from '../../src/demo/workload.ts';
import { createLog } from '../../src/lib/log.ts';
import { createPool } from '../../src/pg/pool.ts';
import { renderSourceSql } from '../../src/setup/source-sql.ts';
import { createDatabase, type TestDatabase } from '../harness/database.ts';
import { until } from '../harness/poll.ts';

const log = createLog('silent');

/** What the steps need of `rowtrail setup`: rowtrail.log. */
async function installSource(config: Config): Promise<void> {
  const [source] = config.sources;
  if (source === undefined) throw new Error('the demo has a source');
  const client = new pg.Client({ connectionString: source.url });
  await client.connect();
  try {
    const found = await client.query(`select current_user as role, current_setting('server_encoding') as encoding`);
    const { role, encoding } = found.rows[0];
    // One string is one transaction. Again where another test's database is making the server's one role at this moment.
    const sql = await renderSourceSql({ source, daemonRole: role, revertRole: null, encoding });
    await until(() => client.query(sql.join('\n')).then(() => true), { what: 'the SQL of the source is installed' });
  } finally {
    await client.end();
  }
}

describe('the shop', () => {
  let db: TestDatabase;
  let shop: ShopDatabase;

  beforeAll(async () => {
    db = await createDatabase();
    shop = await openShop(inject('pgUrl'), db.name, seededRandom(1));
    await installSource(
      demoConfig({ url: shop.adminUrl, revertUrl: shop.urls.shop_revert, port: 0, logLevel: 'silent' }),
    );
  });
  afterAll(async () => {
    await db[Symbol.asyncDispose]();
    await using other = await createDatabase();
    for (const role of SHOP_ROLES) await other.query(`drop role if exists ${role}`);
  });

  test('is filled with data that adds up, owned by the one who works on it with psql', async () => {
    expect(shop.created).toBe(true);
    const { rows } = await db.query(`select
      (select count(*)::integer from public.customers) as customers,
      (select count(*)::integer from public.products) as products,
      (select count(*)::integer from public.orders) as orders,
      (select count(*)::integer from public.orders o where total <> (
        select sum(quantity * unit_price) from public.order_items i where i.order_id = o.id)) as wrong,
      (select string_agg(distinct tableowner::text, ',') from pg_tables where schemaname = 'public') as owners`);
    expect(rows).toEqual([{ customers: 36, products: 26, orders: 60, wrong: 0, owners: 'shop_dba' }]);
  });

  test('is found again, with what happened in it', async () => {
    await db.query(`update public.customers set phone = 'kept' where id = 1`);
    const again = await openShop(inject('pgUrl'), db.name, seededRandom(1));
    expect(again.created).toBe(false);
    const { rows } = await db.query('select phone from public.customers where id = 1');
    expect(rows).toEqual([{ phone: 'kept' }]);
    shop = again;
  });

  test('takes every step there is, by its role, with its claims in the transaction and none after it', async () => {
    const random = seededRandom(42);
    const steps = [...openingSteps(random), ...Array.from({ length: 400 }, () => nextStep(random))];
    const pools = {
      shop_app: createPool(shop.urls.shop_app, 'test', { max: 1 }),
      shop_dba: createPool(shop.urls.shop_dba, 'test', { max: 1 }),
      shop_batch: createPool(shop.urls.shop_batch, 'test', { max: 1 }),
    };
    const seen: Step = {
      ...openingSteps(random)[0]!,
      statements: [
        {
          sql: `insert into public.order_events (order_id, event)
        select 0, current_setting('rowtrail.user_name')`,
          params: [],
        },
      ],
    };
    try {
      for (const step of [...steps, seen]) {
        await runStep(pools[step.role], step).catch((error: unknown) => {
          throw new Error(`step ${step.name} failed`, { cause: error });
        });
      }
      const after = await pools.shop_app.query(`select current_setting('rowtrail.user_id', true) as id`);
      expect(after.rows).toEqual([{ id: '' }]);
    } finally {
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
    }
    const { rows } = await db.query(`select
      (select count(*)::integer from public.orders o where status = 'cancelled') > 0 as cancelled,
      (select count(*)::integer from public.order_events where event = 'shipped') > 0 as shipped,
      (select array_agg(event) from public.order_events where order_id = 0) as named,
      (select count(*)::integer from public.orders o where id > 60 and total is distinct from (
        select sum(quantity * unit_price) from public.order_items i where i.order_id = o.id)) as wrong`);
    expect(rows).toEqual([{ cancelled: true, shipped: true, named: [seen.claims?.user_name], wrong: 0 }]);
  });

  test('has a workload that goes on after its connections were lost, and stops within a moment', async () => {
    const workload = createWorkload({ urls: shop.urls, random: seededRandom(5), opening: [], log });
    const running = workload.run();
    const xids = async (): Promise<number> => {
      const { rows } = await db.query('select count(distinct xmin::text)::integer as n from public.orders');
      return rows[0].n;
    };
    const before = await xids();
    await until(async () => (await xids()) > before, { timeoutMs: 30_000, what: 'the workload wrote' });
    const ended = await db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name in ('shop-web', 'psql', 'shop-batch')`,
      [db.name],
    );
    expect(ended.rowCount).toBeGreaterThan(0);
    const between = await xids();
    await until(async () => (await xids()) > between, { timeoutMs: 30_000, what: 'the workload went on' });
    const atStop = await xids();
    await Promise.all([workload.stop(), workload.stop()]);
    await running;
    // It waits out what it is at, and begins nothing more: neither a step nor the pause before one.
    expect((await xids()) - atStop).toBeLessThanOrEqual(1);
    // A backend leaves the view a moment after its client has gone.
    await until(
      async () => {
        const left = await db.query(
          `select from pg_stat_activity where datname = $1 and application_name in ('shop-web', 'psql', 'shop-batch')`,
          [db.name],
        );
        return left.rowCount === 0;
      },
      { what: 'every connection is closed' },
    );
  });
});

describe('the demo', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `rowtrail-test-${process.pid}-`));
    await chmod(folder, 0o755);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function scene(changes: Partial<DemoOptions> = {}): { options: DemoOptions; printed: string[]; events: string[] } {
    const printed: string[] = [];
    const events: string[] = [];
    const startDaemon = async (config: Config): Promise<DemoDaemon> => {
      events.push('daemon started');
      let end = (): void => {};
      const ending = new Promise<void>((resolve) => (end = resolve));
      return {
        url: `http://${config.http.host}:7400`,
        ended: ending,
        async stop() {
          const client = new pg.Client({ connectionString: config.sources[0]?.url });
          await client.connect();
          // A backend leaves the view a moment after its client has gone.
          const left = `select from pg_stat_activity where application_name = 'shop-web'`;
          await until(async () => (await client.query(left)).rowCount === 0, { what: 'nobody is at work' });
          await client.end();
          events.push('daemon stopped, 0 people at work');
          end();
        },
      };
    };
    const options = {
      port: 0,
      dataDir: join(folder, 'data'),
      log,
      print: (line: string) => void printed.push(line),
      setup: installSource,
      startDaemon,
      ...changes,
    };
    return { options, printed, events };
  }

  const serverGone = (): Promise<boolean> =>
    stat(join(folder, 'data', 'cluster', 'postmaster.pid')).then(
      () => false,
      () => true,
    );

  test('starts, prints what to do, stops workload, daemon and server in this order, and starts again', async () => {
    const first = scene();
    const demo = createDemo(first.options);
    await demo.start();
    const running = demo.run();
    const text = first.printed.join('\n');
    expect(text).toContain(`curl 'http://127.0.0.1:7400/api/v1/activity?limit=5'`);
    expect(text).toContain('http://127.0.0.1:7400/docs');
    const url = /psql '([^']+)'/.exec(text)?.[1];
    const visitor = new pg.Client({ connectionString: url });
    visitor.on('error', () => {});
    await visitor.connect();
    await visitor.query('update products set price = price + 1 where id = 1');
    await until(async () => {
      const { rows } = await visitor.query('select count(*)::integer as n from orders');
      return rows[0].n > 61;
    });
    await Promise.all([demo.stop(), demo.stop()]);
    await running;
    expect(first.events).toEqual(['daemon started', 'daemon stopped, 0 people at work']);
    expect(await serverGone()).toBe(true);

    const second = createDemo(scene().options);
    await second.start();
    await second.stop();
    expect(await serverGone()).toBe(true);
  });

  test('stops what it had started when a step fails, and passes the error on', async () => {
    const failing = scene({ startDaemon: () => Promise.reject(new Error('no daemon today')) });
    await expect(createDemo(failing.options).run()).rejects.toThrow('no daemon today');
    expect(await serverGone()).toBe(true);
    expect(failing.printed).toEqual([]);
  });

  test('can be hurried while it starts, and while it stops', async () => {
    let setupBegan = (): void => {};
    const began = new Promise<void>((resolve) => (setupBegan = resolve));
    const hanging = createDemo(
      scene({
        setup: async (config) => {
          const client = new pg.Client({ connectionString: config.sources[0]?.url });
          client.on('error', () => {});
          await client.connect();
          setupBegan();
          await client.query('select pg_sleep(600)');
        },
      }).options,
    );
    const failed = hanging.start();
    failed.catch(() => {});
    await began;
    await hanging.forceStop();
    await expect(failed).rejects.toThrow(/terminat|shut|ECONNRESET/i);
    expect(await serverGone()).toBe(true);

    const { options } = scene();
    const stuck = createDemo({
      ...options,
      startDaemon: async (config) => ({ ...(await options.startDaemon(config)), stop: () => new Promise(() => {}) }),
    });
    await stuck.start();
    void stuck.stop();
    await stuck.forceStop();
    expect(await serverGone()).toBe(true);
  });

  test('tells when its database server ends by itself', async () => {
    const demo = createDemo(scene().options);
    await demo.start();
    const running = demo.run();
    running.catch(() => {});
    const file = await readFile(join(folder, 'data', 'cluster', 'postmaster.pid'), 'utf8');
    process.kill(Number.parseInt(file, 10), 'SIGKILL');
    await expect(running).rejects.toThrow('the database server of the demo ended by itself');
    await demo.stop().catch(() => {});
  });

  test('does not take another port than the one it was told', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    await expect(createDemo(scene({ port }).options).start()).rejects.toMatchObject({
      code: 'RT_LISTEN',
      message: `port ${port} is in use`,
      hint: expect.stringContaining('--port'),
    });
    listener.close();
  });
});
