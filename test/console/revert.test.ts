import { beforeAll, expect, inject, test } from 'vitest';
import { close, expectAccessible, inBrowser, takeComplaints, useScene } from './scene.ts';
import { entryFor, inShop } from './shop.ts';

const MOST_CLICKS = 5;

inBrowser('a revert', () => {
  const scene = useScene();

  // Nobody at the shop works with these: nothing moves but what a test moves.
  beforeAll(async () => {
    if (inject('console') === null) return;
    await inShop('create table parcels (id integer primary key, name text, price numeric(10, 2), stock integer)');
    await inShop('grant select, insert, update, delete on parcels to shop_revert');
    await inShop(`insert into parcels select n, 'New', 1.00, 1 from generate_series(1, 3) n`);
  });

  test('from the opened demo to the mistake undone takes at most five clicks', async () => {
    const page = await scene.open('/');
    await page.evaluate(`window.clicks = 0; addEventListener('click', () => window.clicks++, true)`);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    const mistake = page.locator('article').filter({ hasText: 'removing the test orders' });
    await mistake.waitFor();
    // Who did it, and from where.
    await expect.poll(() => mistake.innerText()).toMatch(/Mateo Álvarez[\s\S]*198\.51\.100\.203/);
    await mistake.getByRole('button', { name: 'Undo…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/can be undone/).waitFor();
    await expectAccessible(page);
    const steps = dialog.locator('summary').filter({ hasText: /orders\s+#\d+/ });
    await expect.poll(() => steps.count()).toBe(4);
    const orders = (await steps.allInnerTexts()).map((text) => /#(\d+)/.exec(text)?.[1] ?? '');
    const there = async (): Promise<number> =>
      (await inShop('select count(*)::integer as n from orders where id = any ($1)', [orders])).rows[0].n;
    expect(await there()).toBe(0);
    await dialog.getByRole('button', { name: /^Undo \d+ changes$/ }).click();
    await dialog.getByRole('heading', { name: 'Undone' }).waitFor();
    expect(await there()).toBe(4);
    expect(await page.evaluate('window.clicks')).toBeLessThanOrEqual(MOST_CLICKS);
    await dialog.getByRole('link', { name: 'Show the entry' }).click();
    await page.getByText(/^This undoes/).waitFor();
    await expectAccessible(page);
    await close(page);
  });

  test('of some columns only, with a value of one’s own and a reason', async () => {
    await inShop(`update parcels set price = 11.00, name = 'Before', stock = 5 where id = 1`);
    await inShop(`update parcels set price = 99.00, name = 'After', stock = 0 where id = 1`);
    const id = await entryFor('table:parcels record:1 field:name new:After');
    const page = await scene.open(`/entry/${id}`);
    await page.getByRole('complementary').getByRole('button', { name: 'Undo…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: 'stock' }).uncheck();
    await dialog.getByRole('row', { name: /^stock/ }).waitFor({ state: 'detached' });
    await dialog.getByRole('button', { name: 'Edit price' }).click();
    await dialog.getByLabel('Value of price').fill('12.50');
    await dialog.getByLabel('Reason').fill('The campaign is over');
    await expect.poll(() => dialog.getByRole('button', { name: 'Undo 1 change' }).isEnabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Undo 1 change' }).click();
    await dialog.getByRole('heading', { name: 'Undone' }).waitFor();
    const { rows } = await inShop('select price, name, stock from parcels where id = 1');
    expect(rows).toEqual([{ price: '12.50', name: 'Before', stock: 0 }]);
    await dialog.getByRole('link', { name: 'Show the entry' }).click();
    await page.getByText('The campaign is over').first().waitFor();
    await close(page);
  });

  test('says what has changed since, and overwrites it only when told to', async () => {
    await inShop(`update parcels set name = 'One' where id = 2`);
    await inShop(`update parcels set name = 'Two' where id = 2`);
    const id = await entryFor('table:parcels record:2 field:name new:Two');
    await inShop(`update parcels set name = 'Three' where id = 2`);
    const page = await scene.open(`/entry/${id}`);
    await page.getByRole('complementary').getByRole('button', { name: 'Undo…' }).click();
    const dialog = page.getByRole('dialog');
    const row = dialog.getByRole('row', { name: /^name/ });
    await row.waitFor();
    await expect.poll(() => row.locator('td').allInnerTexts()).toEqual(['Three', 'One', 'Two']);
    const button = dialog.getByRole('button', { name: /^Undo \d+ change/ });
    expect(await button.isDisabled()).toBe(true);
    await expectAccessible(page);
    await dialog.getByLabel('Overwrite them').check();
    await expect.poll(() => button.isEnabled()).toBe(true);
    await button.click();
    await dialog.getByRole('heading', { name: 'Undone' }).waitFor();
    expect((await inShop('select name from parcels where id = 2')).rows).toEqual([{ name: 'One' }]);
    await close(page);
  });

  test('shows anew what it would do when a row moved under it', async () => {
    await inShop(`update parcels set name = 'One' where id = 3`);
    await inShop(`update parcels set name = 'Two' where id = 3`);
    const id = await entryFor('table:parcels record:3 field:name new:Two');
    const page = await scene.open(`/entry/${id}`, { viewport: { width: 380, height: 760 } });
    await page.getByRole('complementary').getByRole('button', { name: 'Undo…' }).click();
    const dialog = page.getByRole('dialog');
    const button = dialog.getByRole('button', { name: 'Undo 1 change' });
    await expect.poll(() => button.isEnabled()).toBe(true);
    await inShop(`update parcels set name = 'Moved' where id = 3`);
    await button.click();
    await dialog.getByRole('alert').waitFor();
    await expect.poll(() => dialog.getByRole('row', { name: /^name/ }).locator('td').first().innerText()).toBe('Moved');
    expect((await inShop('select name from parcels where id = 3')).rows).toEqual([{ name: 'Moved' }]);
    // The 409.
    expect(takeComplaints(page).every((text) => text.includes('409'))).toBe(true);
    await close(page);
  });
});
