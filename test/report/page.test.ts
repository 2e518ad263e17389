import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { writeImageSet } from '../../src/formats/images.ts';
import { writeVectorSet } from '../../src/formats/vectors.ts';
import { writeReport } from '../../src/report/write.ts';
import { findBarriers, startBrowser, visit, withoutBrowser } from './browser.ts';
import { makeOutputs, type OutputsOptions } from './outputs.ts';

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;
/** Notes that try to run and to load something. */
const HOSTILE_NOTES = `${HOSTILE}\n\n[x](javascript:alert(3)) <a href="javascript:alert(4)">y</a>\n\n![z](https://example.org/z.png)\n\n| a |\n| --: |\n| ${HOSTILE} |\n`;
const FAILED: OutputsOptions = {
  run: {
    status: 'failed',
    pipeline: HOSTILE,
    file: HOSTILE,
    overrides: [`stages.digits.source=${HOSTILE}`],
    versions: { hourglass: HOSTILE },
    stages: {
      digits: { type: HOSTILE, state: 'ran', seconds: 1, inputs: {}, hash: HOSTILE, key: {} },
      trained: { type: 'train', state: 'failed', seconds: 2, inputs: { data: 'digits', model: 'net' } },
      quality: {
        type: 'evaluate',
        state: 'skipped',
        seconds: 0,
        inputs: { model: 'trained', data: HOSTILE },
      },
    },
  },
  log: [
    {
      level: 50,
      time: 1,
      event: 'diagnostic',
      code: 'not-finite',
      msg: `the loss of \`${HOSTILE}\``,
      hint: HOSTILE,
      stage: 'trained',
      range: { file: HOSTILE, start: { line: 3, column: 1 }, end: { line: 3, column: 2 } },
    },
  ],
  pipeline: `description: ${JSON.stringify(HOSTILE)}\nstages:\n  digits: { type: x, source: ${JSON.stringify(HOSTILE)} } # ${HOSTILE}\n`,
  resolved: JSON.stringify({
    description: HOSTILE,
    notes: HOSTILE_NOTES,
    stages: {
      digits: { type: HOSTILE, source: HOSTILE, notes: HOSTILE_NOTES },
      net: { type: 'model' },
      trained: { type: 'train', data: 'digits', model: 'net' },
      quality: { type: 'evaluate', model: 'trained' },
    },
  }),
};

async function reportUrl(folder: string): Promise<string> {
  return pathToFileURL((await writeReport(folder, { models: 'none' })).path).href;
}

test('the report in a browser', { skip: withoutBrowser }, async (t) => {
  const browser: Browser = await startBrowser(t);
  const outputs = makeOutputs(t, { epochs: 6 });
  const url = await reportUrl(outputs.folder);
  const failed = makeOutputs(t, FAILED);
  failed.write('digits/notes.txt', HOSTILE);
  failed.write(`digits/table.csv`, `a,b\n"${HOSTILE.replaceAll('"', '""')}",2\n`);
  failed.write('digits/facts.json', JSON.stringify({ [HOSTILE]: HOSTILE }));
  const failedUrl = await reportUrl(failed.folder);

  const named = makeOutputs(t);
  const long = 'a_long_name_'.repeat(8);
  named.write(
    'metrics.json',
    JSON.stringify({ quality: { [HOSTILE]: 0.5, [`test_${HOSTILE}`]: 1, [long]: 2 } }),
  );
  named.write('quality/metrics.json', JSON.stringify({ [HOSTILE]: 0.5 }));
  named.write(
    'quality/classes.csv',
    `class,"${HOSTILE.replaceAll('"', '""')}"\n"${HOSTILE.replaceAll('"', '""')}",1\n`,
  );
  const namedUrl = await reportUrl(named.folder);

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`nothing on the console, no request, no barrier: ${colorScheme}`, async () => {
      for (const address of [url, failedUrl, namedUrl]) {
        const { page, complaints } = await visit(browser, address, { colorScheme });
        assert.deepEqual(await findBarriers(page), []);
        assert.deepEqual(complaints, []);
      }
    });
  }

  await t.test('texts of others are escaped', async () => {
    const { page, complaints } = await visit(browser, failedUrl);
    assert.equal(await page.locator('h1').textContent(), HOSTILE);
    assert.equal(await page.locator('script').count(), 1);
    assert.equal(await page.locator('img').count(), 0);
    assert.match((await page.locator('.problems').textContent()) ?? '', /<script>alert\(1\)<\/script>/);
    assert.ok((await page.locator('.yaml').textContent())?.includes(HOSTILE));
    assert.equal(await page.locator('.notes').count(), 2);
    assert.equal(await page.locator('.notes a, .notes [style]').count(), 0);
    assert.match((await page.locator('#summary .notes').textContent()) ?? '', /<script>alert\(1\)<\/script>/);
    assert.equal(await page.evaluate('document.querySelectorAll("[onerror]").length'), 0);
    assert.deepEqual(complaints, []);
  });

  await t.test('so are names of metrics and classes in the results', async () => {
    const { page, complaints } = await visit(browser, namedUrl);
    assert.ok((await page.locator('.tiles').textContent())?.includes(HOSTILE));
    assert.equal(await page.locator('script').count(), 1);
    assert.equal(await page.evaluate('document.querySelectorAll("[onerror], [onload]").length'), 0);
    assert.deepEqual(complaints, []);
  });

  await t.test('what is looked up is folded, until a reader opens it or follows a link to it', async () => {
    const { page } = await visit(browser, url);
    const hashes = page.locator('#hashes table');
    assert.equal(await page.locator('details[open]').count(), 0);
    assert.equal(await hashes.isVisible(), false);
    await page.locator('nav a[href="#hashes"]').click();
    await hashes.waitFor({ state: 'visible' });
    assert.equal(await page.locator('details[open]').count(), 1);
  });

  await t.test('the previews are turned over by keyboard, and say where they are', async () => {
    const { page } = await visit(browser, url);
    const slider = page.locator('#stage-trained input[type=range]');
    const shown = page.locator('#stage-trained .frame:visible');
    assert.equal(await shown.count(), 1);
    assert.equal(await shown.getAttribute('data-label'), 'epoch 6: loss 0.1667, val_loss 0.1833');
    await slider.focus();
    await page.keyboard.press('Home');
    assert.equal(await shown.getAttribute('data-label'), 'epoch 1: loss 1, val_loss 1.100');
    await page.keyboard.press('ArrowRight');
    assert.equal(await slider.getAttribute('aria-valuetext'), 'epoch 2: loss 0.5000, val_loss 0.5500');
    assert.equal(
      await page.locator('#stage-trained output').textContent(),
      await slider.getAttribute('aria-valuetext'),
    );
  });

  await t.test('links lead from a stage to its lines, and from the graph to the stage', async () => {
    const { page } = await visit(browser, url);
    await page.locator('#stage-net a[href="#yaml-net"]').click();
    assert.match(
      (await page.locator('.block:target').textContent()) ?? '',
      /^ {2}net:\n[^]*decoder: \[\]\n$/,
    );
    await page.locator('.graph a[href="#stage-quality"]').click();
    assert.equal((await page.locator('article:target h3').innerText()).trim(), 'quality');
  });

  await t.test('it fits a narrow window', async () => {
    for (const address of [url, failedUrl, namedUrl]) {
      const { page } = await visit(browser, address, { viewport: { width: 360, height: 700 } });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
    }
  });

  await t.test('it prints, with some of the previews and the whole YAML', async () => {
    const { page, complaints } = await visit(browser, url, { colorScheme: 'dark' });
    await page.locator('#stage-trained input').press('Home');
    const pdf = await page.pdf({ format: 'A4' });
    assert.equal(pdf.toString('latin1', 0, 5), '%PDF-');
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#stage-trained .frame:visible').count(), 4);
    assert.ok(
      await page.evaluate(
        '(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)(document.querySelector(".yaml"))',
      ),
    );
    assert.equal(
      await page.evaluate('getComputedStyle(document.body).backgroundColor'),
      'rgb(255, 255, 255)',
    );
    assert.deepEqual(complaints, []);
  });

  await t.test('without scripts, all previews are shown', async () => {
    const { page } = await visit(browser, url, { javaScriptEnabled: false });
    assert.equal(await page.locator('#stage-trained .frame:visible').count(), 6);
    assert.equal(await page.locator('#stage-trained .control:visible').count(), 0);
  });

  await t.test('a map shows the image of the point that is pointed at, or reached by keyboard', async () => {
    const mapped = makeOutputs(t);
    // Image n has one intensity, and is at x = n.
    const intensities = [0, 100, 200, 255];
    const data = Uint8Array.from({ length: 4 * 16 }, (_, index) => intensities[index >> 4] ?? 0);
    const images = { data, count: 4, shape: [4, 4, 1], scale: 1 / 255, offset: 0 } as const;
    await writeImageSet(join(mapped.folder, 'digits'), {
      shape: [4, 4, 1],
      range: [0, 1],
      splits: { test: images },
    });
    const vectors = {
      data: Float32Array.of(0, 0, 1, 1, 2, 0, 3, 1),
      count: 4,
      labels: Uint8Array.of(0, 1, 0, 1),
      classes: ['cat', 'dog'],
    };
    await writeVectorSet(join(mapped.folder, 'drawing'), { size: 2, splits: { test: vectors } });
    const { page, complaints } = await visit(browser, await reportUrl(mapped.folder));
    const map = page.locator('#stage-drawing .map');
    const peek = map.locator('.peek');
    const shade = () =>
      page.evaluate<number>(
        'document.querySelector(".map canvas").getContext("2d").getImageData(1, 1, 1, 1).data[0]',
      );
    assert.ok(await peek.isHidden());
    await map.locator('.card').focus();
    for (const [index, intensity] of intensities.entries()) {
      await page.keyboard.press('ArrowRight');
      assert.equal(await shade(), intensity);
      assert.equal(await peek.locator('output').textContent(), index % 2 === 0 ? 'cat' : 'dog');
    }
    await page.keyboard.press('Escape');
    assert.ok(await peek.isHidden());
    const [x = 0, y = 0] =
      (JSON.parse((await map.getAttribute('data-points')) ?? '[]') as number[][])[2] ?? [];
    await map.locator('.card img').hover({ position: { x: x + 3, y: y - 2 } });
    assert.equal(await shade(), 200);
    await page.mouse.move(0, 0);
    assert.ok(await peek.isHidden());
    assert.deepEqual(await findBarriers(page), []);
    // That is about reading the pixels, which only this test does.
    assert.deepEqual(
      complaints.filter((text) => !text.includes('getImageData')),
      [],
    );
  });

  await t.test('a long training stays small', async () => {
    const long = makeOutputs(t, { epochs: 90 });
    const { path, report } = await writeReport(long.folder, { models: 'none' });
    const series = report.stages.flatMap(({ exhibits }) =>
      exhibits.filter((exhibit) => exhibit.kind === 'series'),
    );
    assert.deepEqual(
      series.map(({ frames, omitted }) => [frames.length, frames[0]?.number, frames.at(-1)?.number, omitted]),
      [[30, 1, 90, 60]],
    );
    assert.ok(statSync(path).size < 1e6);
  });
});
