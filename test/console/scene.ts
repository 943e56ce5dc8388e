import { setTimeout } from 'node:timers/promises';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject } from 'vitest';

const given = inject('console');

/** `describe` for tests in the browser: skipped where there is none, as `global-setup.ts` says then. */
export const inBrowser = given === null ? describe.skip : describe;

/** The same whatever machine it is; nothing moves that need not. */
const STEADY = { locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' } as const;

/**
 * Every answer of the interface comes late by a time of its own, up to this: what a test reads without waiting for it
 * then fails here, not one day on a slow machine. `ROWTRAIL_TEST_LATENCY_MS=800 npx vitest run --project console`
 */
const LATEST_MS = Number(process.env['ROWTRAIL_TEST_LATENCY_MS'] ?? 0);

export interface Scene {
  /** A new window, without anything remembered, at this address of the console. */
  open(path: string, options?: BrowserContextOptions): Promise<Page>;
}

/** The browser and the demo, for the tests of a file. What windows say in error fails the test that opened them. */
export function useScene(): Scene {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (given !== null) browser = await chromium.connect(given.browser);
  });
  afterAll(() => browser?.close());
  return {
    async open(path, options = {}) {
      if (browser === undefined || given === null) throw new Error('there is no browser');
      const context = await browser.newContext({ baseURL: given.url, ...STEADY, ...options });
      context.setDefaultTimeout(60_000);
      if (LATEST_MS > 0) await delayAnswers(context);
      const page = await context.newPage();
      const said: string[] = [];
      complaints.set(page, said);
      page.on('pageerror', (error) => said.push(`${path}: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error' || /content security policy/i.test(message.text())) {
          said.push(`${path}: ${message.text()}`);
        }
      });
      await page.goto(path);
      await page.locator('#console > *').first().waitFor();
      return page;
    },
  };
}

async function delayAnswers(context: BrowserContext): Promise<void> {
  await context.route('**/api/v1/**', async (route) => {
    await setTimeout(Math.random() * LATEST_MS);
    // The window may be closed by now.
    await route.continue().catch(() => undefined);
  });
}

/** What the page complained of since the last call: errors of scripts, and what the Content-Security-Policy stopped. */
export function takeComplaints(page: Page): string[] {
  return complaints.get(page)?.splice(0) ?? [];
}

const complaints = new WeakMap<Page, string[]>();

/** Closes the window, and fails if it complained. */
export async function close(page: Page): Promise<void> {
  // What the page polls for may be under way in a route of the test.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
  expect(takeComplaints(page)).toEqual([]);
}

/** Fails for what axe finds serious or critical in the page. */
export async function expectAccessible(page: Page): Promise<void> {
  // What is asked for anew is pale meanwhile.
  await expect.poll(() => page.locator('.stale').count()).toBe(0);
  // The policy of the page takes no script but its own; what the debugger evaluates is not held to it.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    interface Violation {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary: string }[];
    }
    const found = await inPage.run({ resultTypes: ['violations'] });
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`,
      );
  });
  expect(violations).toEqual([]);
}

/** Fails if the page must be scrolled sideways. */
export async function expectFits(page: Page): Promise<void> {
  const { scrollWidth, clientWidth } = await page.evaluate<{ scrollWidth: number; clientWidth: number }>(
    '({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })',
  );
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
}

/** What the interface answers, for a test that changes it before the page gets it. */
export async function answerOf<T>(path: string): Promise<T> {
  const response = await fetch(new URL(`/api/v1${path}`, given?.url));
  if (!response.ok) throw new Error(`${path} is answered with ${response.status}`);
  return (await response.json()) as T;
}
