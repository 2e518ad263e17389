/** Debian's Chromium, without a window, for tests of pages. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const program = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find((path) => existsSync(path));

/** Why tests that need the browser are skipped; false if it is installed. */
export const withoutBrowser: string | false =
  program === undefined ? 'Chromium is not installed: `bash .ci/packages` does it' : false;

export async function startBrowser(t: Pick<TestContext, 'after'>): Promise<Browser> {
  const browser = await chromium.launch({
    ...(program === undefined ? {} : { executablePath: program }),
    // Chromium's own sandbox does not run as root, as in containers.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  t.after(() => browser.close());
  return browser;
}

export interface Visit {
  readonly page: Page;
  /** Messages on the console, exceptions, and requests that left the page. */
  readonly complaints: readonly string[];
}

/**
 * Opens a page.
 *
 * @param allowed beginnings of the addresses that it may request
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  allowed: readonly string[] = [url],
): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!['data:', ...allowed].some((start) => request.url().startsWith(start)))
      complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds, as `rule: element`.
 *
 * @param part selector of the part that is checked
 */
export async function findBarriers(page: Page, part = 'html'): Promise<readonly string[]> {
  // Through the debugger, which the page's content security policy does not bind.
  await page.evaluate(axe);
  const violations: unknown = await page.evaluate(
    `axe.run(${JSON.stringify(part)}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target)))`,
  );
  return violations as readonly string[];
}
