import { expect, inject, test } from 'vitest';
import { answerOf, close, expectAccessible, expectFits, inBrowser, useScene } from './scene.ts';
import { entryFor, inShop } from './shop.ts';

const HOSTILE = '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';

inBrowser('a record', () => {
  const scene = useScene();
  let id: string;

  /** One with a life, and an end; in a table that nobody at the shop works with. */
  async function makeMember(): Promise<void> {
    await inShop('create table members (like customers including all)');
    await inShop('grant select, insert, update, delete on members to shop_revert');
    const { rows } = await inShop(
      `insert into members (name, email, country, preferences) values ($1, $2, 'FR', $3) returning id::text`,
      [HOSTILE, `record-${Date.now()}@example.org`, JSON.stringify({ [HOSTILE]: [HOSTILE] })],
    );
    id = rows[0].id;
    await inShop('update members set phone = $2 where id = $1', [id, `${HOSTILE} 1`]);
    await inShop('update members set phone = $2, country = null where id = $1', [id, '+33 2']).catch(() =>
      inShop(`update members set phone = $2, country = 'DE' where id = $1`, [id, '+33 2']),
    );
    await inShop('delete from members where id = $1', [id]);
    await entryFor(`table:members record:${id} action:delete`);
  }

  test('that is gone shows what it was, its versions and any two side by side, and comes back', async () => {
    await makeMember();
    const page = await scene.open(`/resources/shop/public.members/${id}`);
    await page.getByRole('heading', { name: `members #${id} deleted` }).waitFor();
    await page.getByRole('heading', { name: 'As it was at its end' }).waitFor();
    await expect.poll(() => page.title()).toBe(`members #${id} · Rowtrail`);
    const state = page.getByRole('region', { name: 'As it was at its end' });
    await state.getByRole('row', { name: `name ${HOSTILE}` }).waitFor();
    await expectAccessible(page);

    const looks = page.getByRole('radio', { name: /^Look at/ });
    await looks.last().check();
    const compared = page.getByRole('region', { name: 'Then and now' });
    await compared.getByRole('row', { name: /^phone null deleted$/ }).waitFor();
    await page
      .getByRole('radio', { name: /^Compare with/ })
      .nth(1)
      .check();
    const both = page.getByRole('region', { name: 'Two moments compared' });
    await both.getByText('2 of 8 columns differ.').waitFor();
    await both.getByRole('checkbox').check();
    await expect.poll(() => both.getByRole('row').count()).toBe(3);
    await both.getByRole('row', { name: /^phone null \+33 2$/ }).waitFor();
    await expectAccessible(page);
    await page.reload();
    await both.getByText('2 of 8 columns differ.').waitFor();
    await page.getByRole('link', { name: 'Back to now' }).click();

    await page.getByRole('button', { name: 'Bring it back…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Undo 1 change' }).click();
    await dialog.getByRole('heading', { name: 'Undone' }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('heading', { name: `members #${id}`, exact: true }).waitFor();
    expect((await inShop('select phone from members where id = $1', [id])).rows).toEqual([{ phone: '+33 2' }]);
    await page.getByText('undone', { exact: true }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await close(page);
  });

  test('goes back to a version', async () => {
    const page = await scene.open(`/resources/shop/public.members/${id}`, { colorScheme: 'dark' });
    await page
      .getByRole('radio', { name: /^Look at/ })
      .last()
      .check();
    await page.getByRole('button', { name: 'Restore this state…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: /^Undo \d+ change/ }).click();
    await dialog.getByRole('heading', { name: 'Undone' }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect((await inShop('select phone, country from members where id = $1', [id])).rows).toEqual([
      { phone: null, country: 'FR' },
    ]);
    await page.getByText('No column differs.').waitFor();
    await expectAccessible(page);
    await close(page);
  });

  test('that went with its whole table comes back alone', async () => {
    await inShop('create table crates (id integer primary key, label text)');
    await inShop('grant select, insert, update, delete on crates to shop_revert');
    await inShop(`insert into crates values (1, 'one'), (2, 'two')`);
    await inShop('truncate crates');
    await entryFor('table:crates action:truncate');
    const page = await scene.open('/resources/shop/public.crates/2');
    await page.getByRole('heading', { name: 'crates #2 gone: its table was emptied' }).waitFor();
    await page.getByRole('button', { name: 'Bring it back…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Undo 1 change' }).click();
    await dialog.getByRole('heading', { name: 'Undone' }).waitFor();
    expect((await inShop('select id, label from crates')).rows).toEqual([{ id: 2, label: 'two' }]);
    await close(page);
  });

  test('was something at any moment, and says where it is not sure', async () => {
    const page = await scene.open('/resources');
    const answer = await answerOf<{ data: Record<string, unknown> }>(`/resources/shop/public.members/${id}`);
    answer.data['gaps'] = [{ reason: 'slot_lost', table: false, from: '2026-01-01T00:00:00Z', to: null }];
    answer.data['link'] = `https://shop.example/members/${id}`;
    await page.route(`**/api/v1/resources/shop/public.members/${id}`, (route) => route.fulfill({ json: answer }));
    await page.goto(`/resources/shop/public.members/${id}`);
    await page.getByText('The record may have changed unseen since its last entry.').waitFor();
    const link = page.getByRole('link', { name: 'Open in the application' });
    await expect.poll(() => link.getAttribute('href')).toBe(`https://shop.example/members/${id}`);
    await expect.poll(() => link.getAttribute('rel')).toContain('noopener');
    await page.getByLabel('State at').fill('2020-01-01T12:00:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.waitForURL(/base=2020-01-01T12%3A00%3A00Z/);
    await page.getByText('not there yet').first().waitFor();
    await close(page);
  });

  test('has a report in every format, and prints', async () => {
    const page = await scene.open(`/resources/shop/public.members/${id}?tz=Asia%2FTokyo`);
    await page.getByRole('button', { name: /Audit-trail report/ }).click();
    const links = page.locator('.popover-panel a');
    await expect.poll(() => links.count()).toBe(4);
    const hrefs = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
    for (const href of hrefs) {
      expect(href).toContain('tz=Asia%2FTokyo');
      const answer = await fetch(new URL(href, inject('console')?.url));
      expect([href, answer.status]).toEqual([href, 200]);
    }
    await page.keyboard.press('Escape');
    await page.emulateMedia({ media: 'print' });
    await expect.poll(() => page.getByRole('radio').count()).toBe(0);
    await expect.poll(() => page.getByRole('region', { name: 'History' }).isVisible()).toBe(true);
    await close(page);
  });

  test('shows what one user did to it, its comments, and fits a narrow window', async () => {
    const entry = await entryFor('table:products action:update user:u-1006');
    const url = `${inject('console')?.url}/api/v1/activity/${entry}`;
    const { data } = (await (await fetch(url)).json()) as { data: { record: string } };
    const posted = await fetch(`${url}/comments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ comment: `Seen ${HOSTILE}` }),
    });
    expect(posted.status).toBe(201);
    const page = await scene.open(`/resources/shop/public.products/${data.record}?q=user%3Au-1006`, {
      viewport: { width: 380, height: 800 },
    });
    const history = page.getByRole('region', { name: 'History' });
    await history.getByText('Only what u-1006 did.').waitFor();
    await history.getByRole('listitem').first().waitFor();
    expect(await history.locator('.version', { hasNotText: '佐藤 美咲' }).count()).toBe(0);
    await page.getByRole('region', { name: 'Comments' }).getByText('Seen ').waitFor();
    await expectFits(page);
    await history.getByRole('link', { name: 'Show everybody' }).click();
    await page.waitForURL((address) => !address.search.includes('user'));
    await history.locator('.version', { hasNotText: '佐藤 美咲' }).first().waitFor();
    await history
      .getByRole('link', { name: /open the entry$/ })
      .first()
      .click();
    await page.getByRole('complementary', { name: /^Entry/ }).waitFor();
    await page.waitForURL(/entry=\d+/);
    await close(page);
  });

  test('that never was is said not to be', async () => {
    const page = await scene.open('/resources/shop/public.members/none');
    await page.getByText('The history has no such record.').waitFor();
    await page.context().close();
  });
});
