import { expect, test } from 'vitest';
import { close, expectAccessible, inBrowser, takeComplaints, useScene } from './scene.ts';

inBrowser('the shell', () => {
  const scene = useScene();

  test('shows what was captured, and how fresh that is', async () => {
    const page = await scene.open('/');
    await page.getByRole('button', { name: /Capture status: captured/ }).click();
    await page.getByText('less than a second').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Timeline' }).waitFor();
    await expect.poll(() => page.title()).toBe('Timeline · Rowtrail');
    await expectAccessible(page);
    await close(page);
  });

  test('keeps the search in the address, over a reload and from chips to text', async () => {
    const page = await scene.open('/timeline');
    await page.getByRole('combobox', { name: 'Search' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('prod');
    // Those of less than the whole word have it, too, and may come first.
    await expect
      .poll(() => page.getByRole('listbox').getByRole('option').allInnerTexts())
      .toEqual([expect.stringContaining('table:public.products')]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Edit table:public.products' }).waitFor();
    await page.keyboard.type('-action:create');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=table%3Apublic.products\+-action%3Acreate/);
    await page.reload();
    await page.getByRole('button', { name: 'Remove -action:create' }).click();
    await page.getByRole('button', { name: 'as text' }).click();
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Search, as text' }).inputValue())
      .toBe('table:public.products');
    await close(page);
  });

  test('tells nothing that matches from nothing at all, and a mistake from both', async () => {
    const page = await scene.open('/timeline?q=record%3Anowhere');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('button', { name: 'Reset the filter' }).click();
    await page.waitForURL(/\/timeline$/);
    await page.goto('/timeline?q=tabel%3Aorders');
    await page.getByText('did you mean table').waitFor();
    expect(takeComplaints(page).filter((text) => !text.includes('400'))).toEqual([]);
    await close(page);
  });

  test('asks for a token where one is needed, and says who may help where it is too small', async () => {
    const page = await scene.open('/timeline');
    await page.route('**/api/v1/me', (route) =>
      route.fulfill({
        status: 401,
        json: { code: 'authentication_required', status: 401, detail: 'This takes a token.' },
      }),
    );
    await page.route('**/api/v1/session', (route) =>
      route.fulfill({
        status: 401,
        json: { code: 'invalid_token', status: 401, detail: 'The token is not known here.' },
      }),
    );
    await page.reload();
    await page.getByLabel('Access token').fill('rt_wrong');
    await page.keyboard.press('Enter');
    await page.getByText('The token is not known here.').waitFor();
    await expectAccessible(page);
    await page.unroute('**/api/v1/session');
    const refusal = { code: 'role_missing', status: 403, detail: 'No.', role: 'viewer', contact: 'dba@example.org' };
    await page.route('**/api/v1/activity?*', (route) => route.fulfill({ status: 403, json: refusal }));
    await page.getByLabel('Access token').fill('rt_right');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'dba@example.org' }).waitFor();
    takeComplaints(page);
    await close(page);
  });

  test('says across the page that capture has stopped, and why', async () => {
    const page = await scene.open('/timeline');
    await page.route('**/api/v1/status', async (route) => {
      const answer = await (await route.fetch()).json();
      const [source] = answer.data.sources;
      const error = { code: 'RT_SLOT', message: 'the slot is lost', hint: 'Run rowtrail setup.' };
      await route.fulfill({
        json: { data: { ...answer.data, sources: [{ ...source, live: { ...source.live, state: 'stopped', error } }] } },
      });
    });
    await page.reload();
    const banner = page.getByRole('alert').filter({ hasText: 'Capture of shop stopped' });
    await banner.getByText('the slot is lost. Run rowtrail setup.').waitFor();
    await page.getByRole('button', { name: 'Capture status: capture stopped' }).click();
    await expectAccessible(page);
    await close(page);
  });

  test('shows its keys at ?, and changes colours and time zone', async () => {
    const page = await scene.open('/timeline');
    await page.getByRole('link', { name: 'Timeline' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys and search' }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys and search' }).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: /^Colours: system/ }).click();
    await page.getByRole('button', { name: /^Colours: light/ }).click();
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('dark');
    await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
    await page.waitForURL(/tz=Asia%2FTokyo/);
    await page.reload();
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('dark');
    await expect.poll(() => page.getByLabel('Time zone').inputValue()).toBe('Asia/Tokyo');
    await expectAccessible(page);
    await close(page);
  });
});
