/** The controls of the section "Explore", with real events, on the report of a real run. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { frameFor, SIZE } from '../../src/explorer/page/frame.ts';
import { findBarriers, startBrowser, visit, withoutBrowser } from '../report/browser.ts';
import { rig } from '../rig.ts';
import { MODELS } from './pipeline.ts';
import { PANEL, ask, assertShows, drawn, openTab, pictureOf, pictureText, pixelsOf } from './shown.ts';

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;

/** What is used of an element. */
interface Box {
  readonly outerHTML: string;
  getBoundingClientRect(): { readonly height: number };
}

/** Reading pixels, which only tests do, is what Chromium warns of. */
const fromPage = (complaints: readonly string[]): readonly string[] =>
  complaints.filter((text) => !text.includes('getImageData'));

test('the controls of the models of a report', { skip: withoutBrowser }, async (t) => {
  const rigged = rig(t);
  rigged.write('models.yaml', MODELS);
  const { code, stderr } = await rigged.run(['run', 'models.yaml']);
  assert.equal(code, 0, stderr);
  const report = join(rigged.folder, 'outputs', 'models', 'report.html');
  const browser = await startBrowser(t);
  const open = async (options: BrowserContextOptions = {}, path = report) => {
    const visited = await visit(browser, pathToFileURL(path).href, options);
    await visited.page.locator(`${PANEL} canvas`).first().waitFor();
    return visited;
  };
  /** The map of the first model, whose latents have two values: it shows their plane. */
  const openMap = async (page: Page) => {
    await openTab(page, 'Latent map');
    const map = page.locator('.plot > canvas');
    const latents = await ask<number[][]>(
      page,
      'Array.from({ length: player.data.images.count }, (_, index) => [...player.latentOf(index)])',
    );
    const frame = frameFor(latents.map(([x = 0, y = 0]) => [x, y]));
    await map.scrollIntoViewIfNeeded();
    const box = await map.boundingBox();
    assert.ok(box !== null);
    return { map, box, latents, frame };
  };
  const chooseSecond = async (page: Page): Promise<void> => {
    await page.getByLabel('Model', { exact: true }).selectOption('1');
    await page.getByRole('tab', { name: 'Samples' }).waitFor();
  };

  await t.test('denoising: what is shown is what the player computes', async () => {
    const { page, complaints } = await open();
    const noisy = 'player.addNoise(player.image(INDEX), player.data.noise[0].settings, SEED)';
    const expect = async (index: number, seed: number): Promise<void> => {
      const input = noisy.replace('INDEX', String(index)).replace('SEED', String(seed));
      await assertShows(page, pictureOf(page, 0), `player.paint(player.image(${index}), 'output')`);
      await assertShows(page, pictureOf(page, 1), `player.paint(${input}, 'output')`);
      await assertShows(page, pictureOf(page, 2), `player.paint(player.reconstruct(${input}), 'output')`);
    };
    await expect(0, 1);
    // The images are radio buttons: the arrow keys choose.
    await page.locator(`${PANEL} .choices input`).first().focus();
    await page.keyboard.press('ArrowRight');
    await expect(1, 1);
    await page.getByRole('button', { name: 'New noise' }).click();
    await expect(1, 2);
    const mse = await ask<number>(
      page,
      `(() => { const clean = player.image(1); const output = player.reconstruct(${noisy.replace('INDEX', '1').replace('SEED', '2')});
        return clean.reduce((sum, value, at) => sum + (value - output[at]) ** 2, 0) / clean.length; })()`,
    );
    const text = await page.locator(`${PANEL} .likeness tbody tr`).nth(1).locator('td').first().textContent();
    assert.ok(Math.abs(Number(text) - mse) <= 1e-3 * mse, `${text} ${mse}`);
    // Without noise, the image itself goes in.
    await page.getByLabel('Kind').selectOption('0');
    await assertShows(
      page,
      pictureOf(page, 2),
      `player.paint(player.reconstruct(player.image(1)), 'output')`,
    );
    assert.ok(await pictureOf(page, 1).isHidden());
    assert.ok(await page.getByLabel(/^Clip/).isHidden());
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test('the strength of the noise is changed by keyboard, and each kind of noise works', async () => {
    const { page, complaints } = await open();
    const before = await pixelsOf(page, pictureOf(page, 1));
    await page.getByLabel('Standard deviation').press('Home');
    // Only the mean and clipping are left.
    await assertShows(
      page,
      pictureOf(page, 1),
      `player.paint(player.image(0).map((value) => Math.min(1, value + player.data.noise[0].settings.mean)), 'output')`,
    );
    assert.notDeepEqual(await pixelsOf(page, pictureOf(page, 1)), before);
    const kinds = page.getByLabel('Kind');
    for (const [index] of (await kinds.locator('option').allTextContents()).entries()) {
      await kinds.selectOption(String(index));
      const shown = await pixelsOf(page, pictureOf(page, index === 0 ? 0 : 1));
      assert.ok(shown.some((value) => value > 0));
    }
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test('an image is drawn by mouse, by touch and by keyboard', async () => {
    const { page, complaints } = await open({ hasTouch: true });
    await page.getByLabel('Draw one').check({ force: true });
    const paper = page.locator('.paper canvas');
    const ink = async (): Promise<number> => {
      const shown = await pixelsOf(page, pictureOf(page, 0));
      assert.deepEqual(await pixelsOf(page, paper), shown);
      return shown.filter((value) => value > 127).length;
    };
    const place = async (x: number, y: number): Promise<readonly [number, number]> => {
      await paper.scrollIntoViewIfNeeded();
      const box = await paper.boundingBox();
      assert.ok(box !== null);
      return [box.x + x * box.width, box.y + y * box.height];
    };
    assert.equal(await ink(), 0);
    await page.mouse.move(...(await place(0.2, 0.2)));
    await page.mouse.down();
    await page.mouse.move(...(await place(0.8, 0.2)), { steps: 4 });
    await page.mouse.up();
    const byMouse = await ink();
    assert.ok(byMouse >= 16, String(byMouse));
    await page.getByRole('button', { name: 'Clear' }).click();
    assert.equal(await ink(), 0);
    await page.touchscreen.tap(...(await place(0.5, 0.5)));
    assert.ok((await ink()) > 0);
    await paper.focus();
    await page.keyboard.press('Delete');
    assert.equal(await ink(), 0);
    await page.keyboard.down('Space');
    for (let step = 0; step < 5; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.up('Space');
    const byKeys = await ink();
    assert.ok(byKeys >= 5);
    // The pen is up: it moves without drawing.
    await page.keyboard.press('ArrowDown');
    assert.equal(await ink(), byKeys);
    assert.ok(await page.locator('.cursor').isVisible());
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test('a place on the map is decoded: by pointer, by keyboard, and with its sliders', async () => {
    const { page, complaints } = await open();
    const { map, box, frame } = await openMap(page);
    const decoded = pictureOf(page, 0);
    const count = await ask<number>(page, 'player.data.images.count');
    const expect = async (x: number, y: number): Promise<void> => {
      const [first, second] = frame.toPlane([
        ((x - box.x) * SIZE) / box.width,
        ((y - box.y) * SIZE) / box.height,
      ]);
      await assertShows(
        page,
        decoded,
        `player.paint(player.decode(Float32Array.of(${first}, ${second})), 'output')`,
      );
    };
    // The pointer is at whole pixels of the window.
    const place = [Math.round(box.x) + 120, Math.round(box.y) + 200] as const;
    await page.mouse.move(place[0] - 70, place[1] - 90);
    await page.mouse.down();
    await page.mouse.move(...place, { steps: 3 });
    await expect(...place);
    await page.mouse.up();
    // A pointer that is not pressed changes nothing.
    await page.mouse.move(place[0] + 100, place[1]);
    await expect(...place);
    // The last image, then the first: each is decoded from its whole latent.
    await map.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('PageUp');
    await assertShows(page, decoded, `player.paint(player.decode(player.latentOf(${count - 1})), 'output')`);
    assert.equal(await page.locator(`${PANEL} .choices input:checked`).inputValue(), String(count - 1));
    await page.keyboard.press('PageDown');
    await assertShows(page, decoded, `player.paint(player.decode(player.latentOf(0)), 'output')`);
    await assertShows(page, page.locator('.plot .peek canvas'), `player.paint(player.image(0), 'input')`);
    const sliders = page.locator(`${PANEL} .slider input`);
    const before = Number(await sliders.nth(0).inputValue());
    await map.press('ArrowRight');
    await drawn(page);
    assert.ok(Number(await sliders.nth(0).inputValue()) > before);
    await sliders.nth(0).press('Home');
    await sliders.nth(1).press('End');
    const [low, high] = await ask<[number, number]>(
      page,
      '[player.latentRanges[0][0], player.latentRanges[1][1]]',
    );
    assert.ok(Math.abs(Number(await sliders.nth(0).inputValue()) - low) < 1e-3);
    assert.ok(Math.abs(Number(await sliders.nth(1).inputValue()) - high) < 1e-2 * Math.abs(high) + 1e-3);
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test('hovering shows an image, the legend one class, and the map its decoded images', async () => {
    const { page, complaints } = await open();
    const { map, box, latents, frame } = await openMap(page);
    const [x, y] = frame.toCanvas([latents[3]?.[0] ?? 0, latents[3]?.[1] ?? 0]);
    await map.hover({ position: { x: (x * box.width) / SIZE, y: (y * box.height) / SIZE } });
    assert.match((await page.locator('.plot .peek').textContent()) ?? '', /^image \d+ \(\d\)$/);
    const before = await pictureText(page, map);
    await page.locator('.legend button').first().click();
    assert.notEqual(await pictureText(page, map), before);
    assert.equal(await page.locator('.legend [aria-pressed=true]').count(), 1);
    await page.locator('.legend button').first().click();
    assert.equal(await pictureText(page, map), before);
    await page.getByLabel('Show decoded images').check();
    assert.notEqual(await pictureText(page, map), before);
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test('the way between two images begins and ends with them', async () => {
    const { page, complaints } = await open();
    await openTab(page, 'Interpolate');
    const slider = page.getByLabel('Position');
    const ends = await page
      .locator(`${PANEL} .choices input:checked`)
      .evaluateAll((inputs: readonly { readonly value: string }[]) =>
        inputs.map(({ value }) => Number(value)),
      );
    const decoded = pictureOf(page, 1);
    await slider.press('Home');
    await assertShows(page, decoded, `player.paint(player.decode(player.latentOf(${ends[0]})), 'output')`);
    await slider.press('End');
    await assertShows(page, decoded, `player.paint(player.decode(player.latentOf(${ends[1]})), 'output')`);
    await page.getByRole('button', { name: 'Swap' }).click();
    await assertShows(page, decoded, `player.paint(player.decode(player.latentOf(${ends[0]})), 'output')`);
    const last = page.locator('.strip canvas').last();
    await assertShows(page, last, `player.paint(player.decode(player.latentOf(${ends[0]})), 'output')`);
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test(
    'another model is chosen: its classes, its samples, and 16 of its 20 latent values',
    async () => {
      const { page, complaints } = await open();
      await chooseSecond(page);
      // No noise: it is no denoiser. The class is that of the image, until the reader tells it another one.
      const label = await ask<number>(page, 'player.labelOf(0)');
      await assertShows(
        page,
        pictureOf(page, 2),
        `player.paint(player.reconstruct(player.image(0), ${label}), 'output')`,
      );
      await page.getByLabel('Class').selectOption(String((label + 1) % 10));
      await assertShows(
        page,
        pictureOf(page, 2),
        `player.paint(player.reconstruct(player.image(0), ${(label + 1) % 10}), 'output')`,
      );
      await openTab(page, 'Latent map');
      assert.equal(await page.locator(`${PANEL} .slider`).count(), 16);
      await openTab(page, 'Samples');
      const samples = page.locator('.samples canvas');
      const expect = (index: number, seed: number, of: number) =>
        assertShows(
          page,
          samples.nth(index),
          `player.paint(player.decode(player.drawLatent(${seed * 24 + index}), ${of}), 'output')`,
        );
      await expect(12, 1, 2);
      await page.getByRole('button', { name: 'Draw new samples' }).click();
      await expect(12, 2, 2);
      await page.locator(PANEL).getByLabel('Class').selectOption('8');
      await expect(12, 2, 7);
      assert.deepEqual(fromPage(complaints), []);
    },
  );

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`nothing on the console, no request, no barrier: ${colorScheme}`, async () => {
      const { page, complaints } = await open({ colorScheme });
      await chooseSecond(page);
      for (const name of await page.getByRole('tab').allTextContents()) {
        await openTab(page, name);
        assert.deepEqual(await findBarriers(page, '#explore'), [], name);
      }
      await page.getByRole('tab').first().click();
      await page.getByLabel('Draw one').check({ force: true });
      assert.deepEqual(await findBarriers(page, '#explore'), []);
      assert.deepEqual(complaints, []);
    });
  }

  await t.test('the style of the models hides nothing else of the page', async () => {
    const { page } = await open();
    for (const title of await page.locator('section.folded summary, #pipeline summary').all())
      await title.click();
    for (const part of ['#environment dl', '#reproduce ol', '#hashes table', '#pipeline .yaml'])
      assert.ok(await page.locator(part).first().isVisible(), part);
  });

  await t.test('tabs are changed by arrow keys', async () => {
    const { page } = await open();
    await page.getByRole('tab').first().focus();
    await page.keyboard.press('ArrowRight');
    const chosen = page.locator('[role=tab][aria-selected=true]');
    assert.equal(await chosen.textContent(), 'Latent map');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Latent map');
    await page.keyboard.press('Home');
    assert.equal(await chosen.textContent(), 'Denoise');
  });

  await t.test('it fits a phone, with controls for fingers, and is not printed', async () => {
    const { page } = await open({ viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true });
    await chooseSecond(page);
    for (const name of await page.getByRole('tab').allTextContents()) {
      await openTab(page, name);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, name);
      const small = await page
        .locator('.explorer')
        .locator(
          'button:visible, select:visible, input[type=number]:visible, input[type=range]:visible, .choices label:visible',
        )
        .evaluateAll((all: readonly Box[]) =>
          all.filter((one) => one.getBoundingClientRect().height < 43.9).map((one) => one.outerHTML),
        );
      assert.deepEqual(small, [], name);
    }
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.locator('.explorer').isHidden());
  });

  await t.test('names and labels of others are texts', async () => {
    const { page: whole } = await open();
    const texts = await whole.locator('script.model').allTextContents();
    let hostile = readFileSync(report, 'utf8');
    for (const text of texts) {
      const data: unknown = JSON.parse(text);
      assert.ok(typeof data === 'object' && data !== null && 'images' in data);
      const classes = Array.from({ length: 10 }, (_, label) => `${HOSTILE}${label}`);
      const changed = { ...data, images: { ...(data.images as object), classes } };
      const at = hostile.indexOf(text);
      assert.ok(at > 0);
      hostile = `${hostile.slice(0, at)}${JSON.stringify(changed).replaceAll('<', '\\u003c')}${hostile.slice(at + text.length)}`;
    }
    const path = join(rigged.folder, 'hostile.html');
    writeFileSync(path, hostile);
    const { page, complaints } = await open({}, path);
    assert.ok((await page.locator(`${PANEL} figcaption`).first().textContent())?.includes(HOSTILE));
    await chooseSecond(page);
    assert.ok((await page.locator(PANEL).getByLabel('Class').textContent())?.includes(HOSTILE));
    for (const name of await page.getByRole('tab').allTextContents()) await openTab(page, name);
    await openTab(page, 'Latent map');
    assert.ok((await page.locator('.legend').textContent())?.includes(HOSTILE));
    assert.equal(await page.locator('.explorer img, .explorer [onerror]').count(), 0);
    assert.deepEqual(fromPage(complaints), []);
  });

  await t.test('a model that is damaged is refused in words', async () => {
    const path = join(rigged.folder, 'damaged.html');
    writeFileSync(
      path,
      readFileSync(report, 'utf8').replace('"hourglass-explorer-1"', '"hourglass-explorer-0"'),
    );
    const { page, complaints } = await visit(browser, pathToFileURL(path).href);
    await page.locator('.explorer [role=alert]').waitFor();
    assert.deepEqual(complaints, []);
  });

  await t.test('a model whose numbers are not finite is refused in words', async () => {
    const path = join(rigged.folder, 'infinite.html');
    writeFileSync(path, readFileSync(report, 'utf8').replaceAll(/"scale":[^,}]+/g, '"scale":1e300'));
    const { page, complaints } = await visit(browser, pathToFileURL(path).href);
    await page.locator(`${PANEL} [role=alert]`).waitFor();
    await page.getByRole('tab', { name: 'Latent map' }).click();
    await page.locator(`${PANEL} [role=alert]`).waitFor();
    // What was to be drawn in the next frame fails, too, and nothing else.
    assert.deepEqual(
      complaints.filter((text) => text !== 'numbers that are not finite'),
      [],
    );
  });
});
