import { expect, test } from 'vitest';
import { close, expectAccessible, expectFits, inBrowser, useScene } from './scene.ts';
import { entryFor, inShop } from './shop.ts';

inBrowser('the Timeline', () => {
  const scene = useScene();

  test('tells who did what, and filters by a value that is clicked, for it and against it', async () => {
    await inShop(`update products set name = name || ' (new)' where id = 3`);
    const page = await scene.open('/timeline?q=table%3Aproducts+is%3Adirect+field%3Aname');
    const row = page.locator('article').filter({ hasText: 'products #3' }).first();
    await row.getByText('direct SQL').waitFor();
    await expect.poll(() => row.locator('ins').innerText()).toContain('(new)');
    await expect.poll(() => row.locator('time').getAttribute('title')).toMatch(/\d{4}/);
    await row.getByRole('button', { name: 'shop_dba' }).click();
    await page.getByRole('menuitem', { name: 'Only this user' }).click();
    await page.waitForURL(/user%3Ashop_dba/);
    await page.reload();
    await page.locator('article').first().getByRole('button', { name: 'products', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Without this table' }).click();
    await page.waitForURL(/-table%3Apublic\.products/);
    await close(page);
  });

  test('has quick filters, sorts, and lets chosen columns and searches be kept', async () => {
    const page = await scene.open('/timeline');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.waitForURL(/q=action%3Adelete/);
    await page.getByText('removing the test orders').waitFor();
    await page.getByRole('button', { name: 'Saved' }).click();
    await page.getByLabel('Name of this search').fill('What was lost');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /Sorted: newest first/ }).click();
    await page.waitForURL(/sort=id/);
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByLabel('Database role').check();
    await page.keyboard.press('Escape');
    await page.locator('.cell-role').first().waitFor();
    await page.goto('/timeline');
    await page.locator('.cell-role').first().waitFor();
    await page.getByRole('button', { name: 'Saved' }).click();
    await page.getByRole('link', { name: 'What was lost' }).click();
    await page.waitForURL(/q=action%3Adelete/);
    await close(page);
  });

  test('holds what is new until it is asked for', async () => {
    await inShop(`update customers set country = 'YY' where id = (select max(id) from customers)`);
    await entryFor('table:customers new:YY');
    const page = await scene.open('/timeline?q=table%3Acustomers+is%3Adirect+field%3Acountry');
    await page.getByRole('button', { name: 'Live' }).and(page.locator('[title^="New entries"]')).waitFor();
    const { rows } = await inShop(`select id from customers where country <> 'XX' order by id limit 1`);
    await inShop(`update customers set country = 'XX' where id = $1`, [rows[0].id]);
    const news = page.getByRole('button', { name: /^\d+ new$/ });
    await news.waitFor();
    expect(await page.getByText(`customers #${rows[0].id}`).count()).toBe(0);
    await news.click();
    const row = page.locator('article').filter({ hasText: `#${rows[0].id}` });
    await expect.poll(() => row.locator('ins').innerText()).toBe('XX');
    await news.waitFor({ state: 'detached' });
    // Another filter's list begins with its own newest entry, and nothing is in it twice.
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await news.click();
    const ids = await page
      .locator('[data-entry]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-entry')));
    expect(new Set(ids).size).toBe(ids.length);
    await close(page);
  });

  test('is used by keys alone: down, open, next, close', async () => {
    const page = await scene.open('/timeline?q=table%3Aorders+field%3Astatus+user%3Au-1003&to=now');
    await page.locator('article').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.locator('.current').waitFor();
    const second = page.locator('article').nth(1);
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('complementary', { name: /^Entry \d+/ });
    await drawer.getByRole('tab', { name: 'Changes' }).waitFor();
    const first = page.url();
    await page.keyboard.press(']');
    await page.waitForURL((url) => url.href !== first);
    await page.keyboard.press('[');
    await page.waitForURL(first);
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/timeline\?/);
    await drawer.waitFor({ state: 'detached' });
    await expect.poll(() => second.isVisible()).toBe(true);
    await close(page);
  });

  // Fifty pages are loaded one after the other, however long each takes.
  test('holds ten thousand rows, of which few are in the page', async () => {
    await inShop('create table if not exists mass (id integer primary key)');
    await inShop('insert into mass select generate_series(1, 10000)');
    await entryFor('table:mass record:10000');
    const page = await scene.open('/timeline?q=table%3Amass+action%3Acreate&to=now');
    // A closed group loads on, page by page.
    await page.getByRole('button', { name: /created 10,000 rows/ }).click({ timeout: 120_000 });
    const shown = page.getByRole('list', { name: 'Entries' });
    await page.locator('li[aria-setsize="10002"]').first().waitFor({ timeout: 120_000 });
    expect(await shown.locator('li').count()).toBeLessThan(120);
    const oldest = page.locator('article').filter({ hasText: /#1$/ });
    // Rows are measured when they are first shown, which moves the end a little.
    await expect
      .poll(
        async () => {
          await page.keyboard.press('End');
          return oldest.count();
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    expect(await shown.locator('li').count()).toBeLessThan(120);
    await close(page);
  });

  test('prints all rows that are loaded', async () => {
    const page = await scene.open('/timeline?q=-table%3Amass', { viewport: { width: 1280, height: 400 } });
    const rows = page.getByRole('list', { name: 'Entries' }).locator('li');
    await rows.first().waitFor();
    const loaded = Number(await rows.first().getAttribute('aria-setsize'));
    expect(await rows.count()).toBeLessThan(loaded);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(loaded);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    await expect.poll(() => rows.count()).toBeLessThan(loaded);
    await close(page);
  });

  test('draws a stretch of the histogram into the times of the page', async () => {
    const page = await scene.open('/timeline');
    const chart = page.getByRole('img', { name: /entries over the time shown/ });
    await page.locator('.bar').first().waitFor();
    const box = await chart.boundingBox();
    if (box === null) throw new Error('the chart has no place');
    await page.mouse.move(box.x + box.width * 0.2, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + 10);
    await page.mouse.up();
    await page.waitForURL(/from=\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A00Z&to=/);
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await close(page);
  });

  test('fits a narrow window, in the dark, and has no serious fault', async () => {
    const page = await scene.open('/timeline', { viewport: { width: 380, height: 760 }, colorScheme: 'dark' });
    await page.locator('article').first().waitFor();
    await expectFits(page);
    await expectAccessible(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
    await expectAccessible(page);
    await close(page);
  });
});
