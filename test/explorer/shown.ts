/** Compares what a page's controls show with what its player computes. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';

/** The panel that is open. */
export const PANEL = '.panel:not([hidden])';

/** What is used of a canvas: the tests do not have the types of a browser. */
interface CanvasLike {
  readonly width: number;
  readonly height: number;
  toDataURL(): string;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Iterable<number> };
  };
}

/** Lets the page draw what changed. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(undefined))))',
  );
}

/** The player of the model that is chosen, apart from the one that the controls use. */
const PLAYER = `const number = Number(document.querySelector('.explorer > .field select')?.value ?? 0);
globalThis.players ??= [];
const player = globalThis.players[number] ??=
  await hourglass.open(document.querySelectorAll('script.model')[number], document.querySelector('script.wasm'));`;

/** Evaluates an expression of JavaScript in which `player` is one of the model that is chosen. */
export async function ask<T>(page: Page, expression: string): Promise<T> {
  return page.evaluate<T>(`(async () => { ${PLAYER} return ${expression}; })()`);
}

/** Red of each pixel of a canvas, after the next frame. */
export async function pixelsOf(page: Page, canvas: Locator): Promise<readonly number[]> {
  await drawn(page);
  return canvas.evaluate((element: CanvasLike) => {
    const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
    return [...data].filter((_, at) => at % 4 === 0);
  });
}

/** The whole of a large canvas as text, after the next frame. */
export async function pictureText(page: Page, canvas: Locator): Promise<string> {
  await drawn(page);
  return canvas.evaluate((element: CanvasLike) => element.toDataURL());
}

/** Checks that a canvas shows the colours that an expression gives, with `player` as above. */
export async function assertShows(page: Page, canvas: Locator, expression: string): Promise<void> {
  const wanted = await ask<string>(page, `(${expression}).filter((_, at) => at % 4 === 0).join()`);
  assert.deepEqual(await pixelsOf(page, canvas), wanted.split(',').map(Number), expression);
}

/** A picture of the open panel by its place, from 0. */
export function pictureOf(page: Page, place: number): Locator {
  return page.locator(`${PANEL} .picture canvas`).nth(place);
}

export async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name }).click();
  await page.locator(`${PANEL} canvas`).first().waitFor();
}
