import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Role } from '../../src/access/role.ts';
import { createToken } from '../../src/access/token.ts';
import { createHttpServer, type HttpServer } from '../../src/http/http-server.ts';
import { createLog } from '../../src/lib/log.ts';
import { createPool } from '../../src/pg/pool.ts';
import type { StoreConnection } from '../../src/query/store-reader.ts';
import { httpConfig } from '../harness/http-config.ts';
import { close, expectAccessible, inBrowser, takeComplaints, useScene } from './scene.ts';

inBrowser('a sign-in', () => {
  const scene = useScene();
  let store: StoreConnection;
  let server: HttpServer;
  let baseURL: string;

  beforeAll(async () => {
    store = { pool: createPool(inject('console')?.storeUrl ?? '', 'test', { max: 4 }), schema: 'audit' };
    server = await createHttpServer({
      store,
      http: httpConfig({ auth: { mode: 'token', publicMetrics: false }, contact: 'dba@example.org' }),
      live: () => [],
      log: createLog('silent'),
      version: '0.0.0-test',
    });
    baseURL = await server.listen();
  });
  afterAll(async () => {
    await server?.close();
    await store?.pool.end();
  });

  async function tokenFor(role: Role): Promise<string> {
    const { secret } = await createToken(store, {
      name: `a ${role}`,
      role,
      tables: null,
      expiresAt: null,
      createdBy: 'test',
    });
    return secret;
  }

  test('takes a token, lasts over a reload, and shows a viewer nothing that would be refused', async () => {
    const page = await scene.open('/timeline?q=action%3Adelete', { baseURL });
    const field = page.getByLabel('Access token');
    await field.fill('rt_wrong');
    await page.keyboard.press('Enter');
    await page.getByText('The token is not known here.').waitFor();
    await field.fill(await tokenFor('viewer'));
    await page.keyboard.press('Enter');
    await page.locator('article').first().waitFor();
    await page.reload();
    await page.locator('article').first().waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await page.getByRole('button', { name: 'Undo…' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await field.waitFor();
    expect(page.url()).toContain('q=action%3Adelete');
    // Nobody was signed in, and the token was wrong.
    expect(takeComplaints(page).every((text) => text.includes('401'))).toBe(true);
    await close(page);
  });

  test('lets an operator write', async () => {
    const page = await scene.open('/timeline?q=action%3Aupdate+table%3Aorders', { baseURL });
    await page.getByLabel('Access token').fill(await tokenFor('operator'));
    await page.keyboard.press('Enter');
    await page.locator('[data-entry] .entry-link').first().click();
    await page.getByRole('tab', { name: /^Comments/ }).click();
    await page.getByLabel('Comment', { exact: true }).fill('Looks right');
    await page.getByRole('tabpanel').getByRole('button', { name: 'Comment' }).click();
    await page.locator('.comments').getByText('a operator').waitFor();
    takeComplaints(page);
    await close(page);
  });

  test('says whom to ask where a token may not read', async () => {
    const page = await scene.open('/timeline', { baseURL });
    await page.getByLabel('Access token').fill(await tokenFor('writer'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor();
    await page.getByRole('link', { name: 'dba@example.org' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Sign in with another token' }).click();
    await page.getByLabel('Access token').waitFor();
    takeComplaints(page);
    await close(page);
  });
});
