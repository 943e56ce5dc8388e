import { expect, test } from 'vitest';
import { answerOf, close, expectAccessible, expectFits, inBrowser, takeComplaints, useScene } from './scene.ts';

inBrowser('the insights', () => {
  const scene = useScene();

  test('count what happened, and every mark leads to its entries', async () => {
    const page = await scene.open('/insights');
    const card = page.getByRole('link', { name: /^Actions/ });
    await card.waitFor();
    await page.getByRole('row', { name: /^Sun/ }).waitFor();
    await page.getByRole('region', { name: 'Changed fields' }).getByRole('link').first().waitFor();
    const marks = page.locator('.figure, .bars a, .column[href], .legend a, a.heat-cell');
    await expect.poll(() => marks.count()).toBeGreaterThan(20);
    const hrefs = await marks.evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    // Without times in the address, what is counted is a week: the Timeline would show all there is.
    expect(hrefs.filter((href) => !/^\/timeline\?.*\bfrom=/.test(href))).toEqual([]);
    await expectAccessible(page);
    await page
      .getByRole('region', { name: 'Tables' })
      .getByRole('link', { name: /^products/ })
      .click();
    await page.waitForURL(/\/timeline\?q=table%3Apublic\.products&from=now-7d$/);
    await page.getByRole('link', { name: 'Insights' }).click();
    await page.waitForURL(/\/insights\?q=table%3Apublic\.products&from=now-7d$/);
    await page
      .getByRole('region', { name: 'Changed fields' })
      .getByRole('link', { name: /^products\.stock/ })
      .waitFor();
    await expect.poll(() => page.getByRole('region', { name: 'Tables' }).getByRole('link').count()).toBe(1);
    await close(page);
  });

  test('show the same figures as tables, and are gone through with the keyboard', async () => {
    const page = await scene.open('/insights', { colorScheme: 'dark' });
    const heat = page.getByRole('region', { name: 'When in the week' });
    await heat.locator('[data-x]').first().focus();
    const chart = page.getByRole('region', { name: 'Over time' });
    await expect.poll(() => chart.locator('.column[tabindex="0"]').count()).toBe(1);
    for (const region of [heat, chart, page.getByRole('region', { name: 'Users' })]) {
      await region.getByRole('button', { name: /as a table$/ }).click();
      await region.getByRole('table').waitFor();
    }
    await chart.getByRole('columnheader', { name: 'update' }).waitFor();
    await expectAccessible(page);
    await close(page);
  });

  test('say what they do not filter by, and keep what there was when the server fails', async () => {
    const page = await scene.open('/insights?q=table%3Aorders+field%3Astatus');
    await page.getByText('Without regard to field:status').waitFor();
    await page.getByRole('link', { name: /^Actions/ }).waitFor();
    await page.route('**/api/v1/insights/summary*', (route) =>
      route.fulfill({
        status: 503,
        json: {
          code: 'query_timeout',
          status: 503,
          detail: 'The query took too long.',
          hint: 'Choose a shorter time.',
        },
      }),
    );
    await page.getByRole('button', { name: 'Remove field:status' }).click();
    await page.getByRole('button', { name: 'Remove table:orders' }).click();
    await page.getByText('Choose a shorter time.').waitFor();
    await page.getByRole('link', { name: /^Actions/ }).waitFor();
    await page.unroute('**/api/v1/insights/summary*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Choose a shorter time.').waitFor({ state: 'detached' });
    takeComplaints(page);
    await page.goto('/insights?q=table%3Aorders&from=2020-01-01&to=2020-02-01');
    await page.getByRole('button', { name: 'Reset the filter' }).click();
    await page.getByRole('link', { name: /^Actions/ }).waitFor();
    await close(page);
  });

  test('tell of gaps, and list the hours of a cell that counts several', async () => {
    const page = await scene.open('/timeline');
    const answer = await answerOf<{ data: { sources: { gaps: unknown }[] } }>('/status');
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const gap = { epoch: 1, table: null, reason: 'slot_lost', detail: null, from_lsn: null, to_lsn: null };
    for (const source of answer.data.sources) {
      source.gaps = { count: 1, latest: [{ ...gap, from_time: at, to_time: at, recorded_at: at }] };
    }
    await page.route('**/api/v1/status', (route) => route.fulfill({ json: answer }));
    await page.goto('/insights?from=now-30d');
    await page.getByText('The history has a gap.').waitFor();
    await page.getByText('(slot lost)').waitFor();
    const cell = page
      .getByRole('region', { name: 'When in the week' })
      .getByRole('button', { name: /entries$/ })
      .first();
    await cell.click();
    await page
      .getByRole('status', { name: /hour by hour$/ })
      .getByRole('link')
      .click();
    await page.waitForURL(/\/timeline\?from=[^&]+Z&to=[^&]+Z$/);
    await close(page);
  });

  test('fit a narrow window', async () => {
    const page = await scene.open('/insights', { viewport: { width: 380, height: 800 } });
    await page.getByRole('row', { name: /^Sun/ }).waitFor();
    await expectFits(page);
    await close(page);
  });
});
