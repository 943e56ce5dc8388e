import { expect, test } from 'vitest';
import { close, expectAccessible, inBrowser, takeComplaints, useScene } from './scene.ts';
import { entryFor, inShop, withShop } from './shop.ts';

inBrowser('an entry', () => {
  const scene = useScene();

  test('is at its own address, field by field, with every digit', async () => {
    await inShop(
      `update products set price = 1234567.80, name = 'A name of several words', attributes = '{"weight": 9007199254740993.10, "colour": "red", "tags": ["a", "b"]}' where id = 5`,
    );
    await inShop(
      `update products set price = 1234567.90, name = 'A name of many words', attributes = '{"weight": 9007199254740993.20, "colour": "red", "tags": ["a"]}' where id = 5`,
    );
    const id = await entryFor('table:products record:5 field:price new:1234567.90');
    const page = await scene.open(`/entry/${id}`);
    const field = (name: string) =>
      page.locator('.field').filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) });
    await field('price').getByText('+0.10').waitFor();
    await expect.poll(() => field('price').locator('del').innerText()).toBe('1234567.80');
    await expect.poll(() => field('name').locator('ins').allInnerTexts()).toEqual(['many']);
    await expect.poll(() => field('attributes').innerText()).toMatch(/9007199254740993\.10\s*→\s*9007199254740993\.20/);
    await expect.poll(() => field('attributes').innerText()).toContain('1 member unchanged');
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'Row' }).click();
    await page.getByRole('row', { name: /^price/ }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('link', { name: 'Show all of it' }).waitFor();
    await page.getByRole('tab', { name: 'Raw' }).click();
    await expect.poll(() => page.locator('.raw').innerText()).toContain('"weight": 9007199254740993.20');
    await page.getByRole('tab', { name: 'Proof' }).click();
    await page.getByText(/It is not sealed yet|number \d+ of \d+/).waitFor();
    await page
      .getByRole('complementary')
      .getByRole('link', { name: /products #5/ })
      .waitFor();
    await close(page);
  });

  test('tells null from an empty text, and of a deleted row every column', async () => {
    await inShop(`insert into customers (name, email, phone, country) values ('', 'gone@example.org', null, 'FR')`);
    await inShop(`delete from customers where email = 'gone@example.org'`);
    const id = await entryFor('table:customers action:delete old:gone@example.org');
    const page = await scene.open(`/timeline?q=table%3Acustomers&entry=${id}`);
    const fields = page.locator('.fields');
    await fields.getByText('gone@example.org').waitFor();
    await expect.poll(() => fields.getByText('empty text', { exact: true }).count()).toBe(1);
    await expect.poll(() => fields.getByText('null', { exact: true }).count()).toBe(1);
    await close(page);
  });

  test('takes comments, and shows them', async () => {
    const id = await entryFor('action:update table:products');
    const page = await scene.open(`/entry/${id}`);
    await page.getByRole('tab', { name: /^Comments/ }).click();
    await page.getByLabel('Comment', { exact: true }).fill('Asked the supplier: it is right.');
    await page.getByRole('button', { name: 'Comment', exact: true }).last().click();
    await page.locator('.comments').getByText('Asked the supplier: it is right.').waitFor();
    await expectAccessible(page);
    await close(page);
  });

  test('that is not there says so', async () => {
    const page = await scene.open('/entry/1');
    await page.getByText('There is no entry 1').waitFor();
    await page.getByRole('link', { name: 'Close the entry' }).click();
    await page.waitForURL(/\/timeline/);
    expect(takeComplaints(page).every((text) => text.includes('404'))).toBe(true);
    await close(page);
  });

  test('is text and nothing else, whatever is in it', async () => {
    const evil = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'`;
    await withShop(async (client) => {
      await client.query(
        `create table if not exists "${evil.replaceAll('"', '""').slice(0, 55)}" ("<b onclick=x>" text primary key)`,
      );
      await client.query('begin');
      for (const name of ['user_id', 'user_name', 'ip', 'user_agent', 'comment', 'request_id']) {
        await client.query('select set_config($1, $2, true)', [`rowtrail.${name}`, evil]);
      }
      await client.query(`select set_config('rowtrail.context', $1, true)`, [JSON.stringify({ [evil]: evil })]);
      await client.query(
        `update customers set name = $1, phone = $1, country = '<b', preferences = jsonb_build_object($1::text, $1::text) where id = 7`,
        [evil],
      );
      await client.query(`insert into "${evil.replaceAll('"', '""').slice(0, 55)}" values ($1)`, [evil]);
      await client.query('commit');
      await client.query('begin');
      await client.query(`update customers set name = 'Mended', phone = null where id = 7`);
      await client.query('commit');
    });
    const id = await entryFor('table:customers record:7 field:country action:update');
    const page = await scene.open('/timeline');
    await page.locator('article', { hasText: '<img src=x' }).first().waitFor();
    for (const path of [
      `/entry/${id}`,
      `/entry/${id}?q=${encodeURIComponent(`user:"${evil.replaceAll('"', '\\"')}"`)}`,
    ]) {
      await page.goto(path);
      for (const tab of ['Changes', 'Row', 'Transaction', 'Comments', 'Raw']) {
        await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
      }
      await page.getByRole('complementary').getByRole('button', { name: 'Undo…' }).click();
      await page.locator('.steps').getByText('<img src=x').first().waitFor();
      await page.keyboard.press('Escape');
    }
    await page.goto(`/timeline?q=${encodeURIComponent('table:customers record:7')}`);
    await page
      .getByRole('button', { name: /img src=x/ })
      .first()
      .click();
    await page.getByRole('menuitem', { name: 'Only this user' }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('img, main script').count()).toBe(0);
    await close(page);
  });
});
