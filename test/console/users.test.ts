import { expect, test } from 'vitest';
import { close, expectAccessible, expectFits, inBrowser, takeComplaints, useScene } from './scene.ts';

inBrowser('the users', () => {
  const scene = useScene();

  test('are everybody who acted, in three orders, and those of the database are marked', async () => {
    const page = await scene.open('/users');
    const list = page.getByRole('list', { name: 'Users' });
    await list.getByRole('link', { name: 'shop_dba', exact: true }).waitFor();
    await list.getByText('direct SQL').first().waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Most active' }).click();
    await page.waitForURL(/sort=most/);
    await expect
      .poll(async () => {
        const counts = await list.locator('.number').allInnerTexts();
        const numbers = counts.map((text) => Number(text.replaceAll(',', '')));
        return numbers.length > 5 && numbers.every((count, at) => at === 0 || count <= (numbers[at - 1] ?? 0));
      })
      .toBe(true);
    await page.reload();
    await page.getByRole('button', { name: 'Most active', pressed: true }).waitFor();
    await page.getByRole('region', { name: 'Top 10' }).getByRole('link').nth(5).waitFor();
    await close(page);
  });

  test('are found by a part of a name, and nobody is told from nobody at all', async () => {
    const page = await scene.open('/users?q=user%3Aokaf+field%3Astatus');
    const list = page.getByRole('list', { name: 'Users' });
    await list.getByRole('link', { name: 'Ngozi Okafor' }).waitFor();
    await expect.poll(() => list.getByRole('listitem').count()).toBe(1);
    await page.getByText('Without regard to field:status').waitFor();
    await page.goto('/users?q=nobody-of-this-name');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('button', { name: 'Reset the filter' }).click();
    await list.getByRole('link', { name: 'Ngozi Okafor' }).waitFor();
    await close(page);
  });

  test('have a page each, and what they touched opens with them as the filter', async () => {
    const page = await scene.open('/users?from=now-7d', { colorScheme: 'dark' });
    await page.getByRole('list', { name: 'Users' }).getByRole('link', { name: 'Ngozi Okafor' }).click();
    await page.waitForURL(/\/users\/shop%3Auser%3Au-1003\?from=now-7d$/);
    await page.getByRole('heading', { name: 'Ngozi Okafor', level: 1 }).waitFor();
    await page.getByRole('link', { name: '198.51.100.12' }).waitFor();
    await page.getByText('ShopScanner').waitFor();
    await page.getByRole('region', { name: 'When in the week' }).locator('[data-x]').first().waitFor();
    await expectAccessible(page);
    const touched = page.getByRole('region', { name: 'Resources touched' });
    const href = await touched.getByRole('listitem').first().getByRole('link').getAttribute('href');
    expect(href).toMatch(/^\/resources\/shop\/public\.[^?]+\?.*q=user%3Au-1003/);
    await page
      .getByRole('region', { name: 'What they did' })
      .getByRole('link', { name: /^update/ })
      .click();
    await page.waitForURL(/\/timeline\?from=now-7d&q=user%3Au-1003\+action%3Aupdate$/);
    await page.getByRole('button', { name: 'Ngozi Okafor' }).first().click();
    await page.getByRole('menuitem', { name: 'Open the user' }).click();
    await page.waitForURL(/\/users\/shop%3Auser%3Au-1003/);
    await page.goto('/users/shop:database:shop_dba');
    await page.getByRole('heading', { name: 'shop_dba direct SQL' }).waitFor();
    await close(page);
  });

  test('show people who left or never acted, whatever their names', async () => {
    const page = await scene.open('/timeline');
    const name = '<img src=x onerror="window.hacked=1">"\'{{7*7}}\u202e';
    await page.route('**/api/v1/users?*', (route) =>
      route.fulfill({
        json: {
          data: [
            {
              id: 'shop:user:"><script>window.hacked=1</script>',
              source: 'shop',
              kind: 'user',
              claim: '"><script>window.hacked=1</script>',
              name,
              person: { seen_at: '2026-01-01T00:00:00Z', left_at: '2026-02-01T00:00:00Z' },
              count: 0,
              first_action: null,
              last_action: null,
            },
          ],
          meta: { next: null, prev: null },
        },
      }),
    );
    await page.goto('/users');
    await page.getByText('departed').waitFor();
    await page.getByText('never acted').waitFor();
    await page.getByRole('link', { name: '<img src=x' }).click();
    await page.getByText('The history has no such user.').waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(takeComplaints(page).filter((text) => !text.includes('404'))).toEqual([]);
    await close(page);
  });

  test('fit a narrow window', async () => {
    const page = await scene.open('/users', { viewport: { width: 380, height: 800 } });
    await page.getByRole('list', { name: 'Users' }).getByRole('link', { name: 'Ngozi Okafor' }).click();
    await page.getByRole('region', { name: 'Resources touched' }).waitFor();
    await expectFits(page);
    await page.goto('/users');
    await page.getByRole('list', { name: 'Users' }).getByRole('link', { name: 'Ngozi Okafor' }).waitFor();
    await expectFits(page);
    await close(page);
  });
});
