import { test } from 'vitest';
import { answerOf, close, expectAccessible, expectFits, inBrowser, takeComplaints, useScene } from './scene.ts';

inBrowser('the resources', () => {
  const scene = useScene();

  test('are tables and their records, in three orders, filtered by the address', async () => {
    const page = await scene.open('/resources');
    const records = page.getByRole('list', { name: 'Records' });
    await records
      .getByRole('link', { name: /^orders #/ })
      .first()
      .waitFor();
    await page
      .getByRole('navigation', { name: 'Tables' })
      .getByRole('link', { name: /^products/ })
      .waitFor();
    await expectAccessible(page);
    await page
      .getByRole('navigation', { name: 'Tables' })
      .getByRole('link', { name: /^products/ })
      .click();
    await page.waitForURL(/q=table%3Apublic\.products/);
    await records
      .getByRole('link', { name: /^orders #/ })
      .first()
      .waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Busiest' }).click();
    await page.getByText(/^Counted from/).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Busiest', pressed: true }).waitFor();
    await records
      .getByRole('link', { name: /^products #/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Oldest' }).click();
    await page.getByText('First change').waitFor();
    await page.getByRole('link', { name: 'Users' }).click();
    await page.waitForURL(/\/users\?q=table%3Apublic\.products$/);
    await close(page);
  });

  test('that match nothing are told from those of no table, and the rows stay when the server fails', async () => {
    const page = await scene.open('/resources?q=table%3Aproducts+user%3Anobody');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.getByRole('button', { name: 'Reset the filter' }).click();
    const records = page.getByRole('list', { name: 'Records' });
    await records.getByRole('link').first().waitFor();
    await page.route('**/api/v1/resources?*sort=busiest*', (route) => route.abort());
    await page.getByRole('button', { name: 'Busiest' }).click();
    await page.getByText('The server does not answer.').waitFor();
    await records.getByRole('link').first().waitFor();
    await page.unroute('**/api/v1/resources?*sort=busiest*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(/^Counted from/).waitFor();
    takeComplaints(page);
    await close(page);
  });

  test('and everything else say what to do where nothing is tracked yet', async () => {
    const page = await scene.open('/timeline');
    const none = { data: [], meta: { next: null, prev: null } };
    const window = { from: '2026-01-01T00:00:00Z', to: '2026-01-08T00:00:00Z' };
    const counts = {
      actions: 0,
      creates: 0,
      updates: 0,
      deletes: 0,
      truncates: 0,
      baselines: 0,
      direct: 0,
      reverts: 0,
    };
    const nobody = { value: 0, exact: true };
    const period = { ...counts, window, exact: true, actors: nobody, resources: nobody };
    await page.route(/\/api\/v1\/(?:resources|tables|users)(?:\?|$)/, (route) => route.fulfill({ json: none }));
    await page.route('**/api/v1/insights/summary*', (route) =>
      route.fulfill({ json: { data: { current: period, previous: period } } }),
    );
    const { data } = await answerOf<{ data: { store: object } }>('/status');
    await page.route('**/api/v1/status', (route) =>
      route.fulfill({ json: { data: { store: { ...data.store, entries_estimate: 0 }, sources: [] } } }),
    );
    for (const path of ['/resources', '/users', '/insights']) {
      await page.goto(path);
      await page.getByRole('heading', { name: 'Nothing has been recorded yet' }).waitFor();
      await page.getByText('rowtrail setup').waitFor();
    }
    await close(page);
  });

  test('are not for everybody, and fit a narrow window', async () => {
    const page = await scene.open('/resources', { viewport: { width: 380, height: 800 }, colorScheme: 'dark' });
    await page.getByRole('list', { name: 'Records' }).getByRole('link').first().waitFor();
    await expectFits(page);
    await expectAccessible(page);
    await page.route('**/api/v1/resources?*', (route) =>
      route.fulfill({
        status: 403,
        json: { code: 'role_missing', status: 403, detail: 'No.', role: 'viewer', contact: 'dba@example.org' },
      }),
    );
    await page.reload();
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor();
    await page.getByRole('link', { name: 'dba@example.org' }).waitFor();
    takeComplaints(page);
    await close(page);
  });
});
