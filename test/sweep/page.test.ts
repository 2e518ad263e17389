import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { JsonObject } from '../../src/core/json.ts';
import { readSweep, type SweepRecord, type TrialRecord } from '../../src/sweep/record.ts';
import { sweepPage, writeSweepPage } from '../../src/sweep/page.ts';
import { findBarriers, startBrowser, visit, withoutBrowser } from '../report/browser.ts';
import { drawing } from '../report/outputs.ts';
import { rig } from '../rig.ts';
import { QUICK } from './rig.ts';

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;

function trial(place: number, change: Partial<TrialRecord> = {}): TrialRecord {
  const value = 1 / (place + 1);
  return {
    id: `abcdef000${place}`,
    parameters: { latent_size: 2 ** place },
    replicate: 1,
    seed: 7,
    state: 'done',
    seconds: 61,
    metrics: { quality: { mse: value, psnr: 10 * place } },
    value,
    stages: {},
    ...change,
  };
}

/** A workspace of a sweep, without running anything. */
function makeSweep(t: TestContext, change: Partial<SweepRecord> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-sweep-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const record: SweepRecord = {
    status: 'done',
    pipeline: 'example',
    seed: 7,
    overrides: [],
    launcher: 'local',
    engine: { kind: 'native', version: 'tensorflow 2.21.0' },
    sweep: {
      method: 'grid',
      parameters: { latent_size: [1, 2, 4] },
      include: [],
      exclude: [],
      replicates: 1,
      metric: { name: 'quality.mse', goal: 'minimize' },
    } as unknown as SweepRecord['sweep'],
    answer: 'The knee of the curve is at latent size 2.',
    trials: [trial(0), trial(1), trial(2)],
    ...change,
  };
  writeFileSync(join(folder, 'sweep.json'), JSON.stringify(record));
  writeFileSync(join(folder, 'sweep-metric.svg'), drawing('Error against latent size', 2).svg);
  mkdirSync(join(folder, 'trials', 'abcdef0000'), { recursive: true });
  const of = (name: string): string => join(folder, 'trials', 'abcdef0000', name);
  writeFileSync(
    of('run.json'),
    JSON.stringify({ file: 'a file.yaml', stages: {}, versions: { hourglass: HOSTILE } }),
  );
  writeFileSync(of('report.html'), '');
  writeFileSync(of('pipeline.yaml'), `name: example # ${HOSTILE}\n`);
  return folder;
}

test('the page of a sweep in a browser', { skip: withoutBrowser }, async (t) => {
  const browser = await startBrowser(t);
  const urlOf = async (folder: string): Promise<string> => {
    const record = await readSweep(folder);
    assert.ok(record !== undefined);
    await writeSweepPage(folder, record);
    return pathToFileURL(sweepPage(folder)).href;
  };
  const stacks = ['64', '128'].map((units) => [
    { Dense: { units: 512, activation: 'relu' } },
    { Dense: { units: 256, activation: 'relu' } },
    { Dense: { units: Number(units), activation: 'relu' } },
  ]);
  const wide = (place: number): JsonObject =>
    Object.fromEntries([...'abcdefghijklmno'].map((name) => [`a_long_parameter_${name}`, `${name}${place}`]));
  const long = await urlOf(
    makeSweep(t, {
      trials: stacks.map((stack, place) => trial(place, { parameters: { stack, ...wide(place) } })),
    }),
  );
  const url = await urlOf(makeSweep(t));
  const failed = { state: 'failed', problem: HOSTILE, metrics: {} } as const;
  const parameters = { [HOSTILE]: HOSTILE };
  const hostile = await urlOf(
    makeSweep(t, {
      status: 'failed',
      pipeline: HOSTILE,
      description: HOSTILE,
      notes: `${HOSTILE}\n\n[x](javascript:alert(3)) ![y](https://example.org/y.png)`,
      answer: HOSTILE,
      overrides: [HOSTILE],
      trials: [trial(0, { parameters }), trial(1, failed), trial(2, { state: 'stopped', epoch: 3 })],
    }),
  );

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`nothing on the console, no request, no barrier: ${colorScheme}`, async () => {
      for (const address of [url, hostile, long]) {
        const { page, complaints } = await visit(browser, address, { colorScheme });
        assert.deepEqual(await findBarriers(page), []);
        assert.deepEqual(complaints, []);
      }
    });
  }

  await t.test('it shows the answer, and why a trial failed', async () => {
    const { page } = await visit(browser, url);
    assert.match((await page.locator('#summary').textContent()) ?? '', /at latent size 2/);
    assert.match((await page.locator('#results tbody tr', { hasText: '★' }).textContent()) ?? '', /★ #3/);
    assert.equal(await page.locator('#figures img').count(), 1);
    assert.equal(await page.locator('#trials tbody tr').count(), 3);
    // The others have no page.
    assert.equal(await page.locator('#trials tbody a').count(), 1);
    assert.equal(
      await page.locator('#trials tbody a').getAttribute('href'),
      './trials/abcdef0000/report.html',
    );
    assert.match((await page.locator('#reproduce').textContent()) ?? '', /sweep 'a file\.yaml'/);
  });

  await t.test(
    'long values show their difference and expand to the full value; links lead to trials',
    async () => {
      const { page } = await visit(browser, long);
      const value = page.locator('#results details.value').nth(1);
      assert.match((await value.locator('summary').textContent()) ?? '', /128/);
      assert.equal(await value.locator('pre').isVisible(), false);
      await value.locator('summary').click();
      assert.match(
        (await value.locator('pre').textContent()) ?? '',
        /units: 512[^]*units: 256[^]*units: 128/,
      );
      const swept = await page.locator('#summary dd').first().textContent();
      assert.ok(!(swept ?? '').includes('512') && /64.*128/s.test(swept ?? ''), swept ?? '');
      const scrolls =
        'document.querySelector("#trials .scroll").scrollWidth > document.querySelector("#trials .scroll").clientWidth';
      assert.equal(await page.evaluate(scrolls), true);
      const shades = 'getComputedStyle(document.querySelector("#trials .scroll")).backgroundAttachment';
      assert.match(String(await page.evaluate(shades)), /local.*scroll/);
    },
  );

  await t.test('text from users is escaped', async () => {
    const { page } = await visit(browser, hostile);
    assert.equal(await page.locator('h1').textContent(), HOSTILE);
    assert.equal(await page.locator('script').count(), 0);
    assert.equal(await page.locator('.notes a, .notes img').count(), 0);
    assert.match(
      (await page.locator('.notes').textContent()) ?? '',
      /<script>alert\(1\)[^]*javascript:alert/,
    );
    assert.match((await page.locator('.problems').textContent()) ?? '', /<script>alert\(1\)<\/script>/);
    assert.match((await page.locator('#trials').textContent()) ?? '', /stopped after epoch 3/);
    assert.equal(await page.evaluate('document.querySelectorAll("[onerror]").length'), 0);
  });

  await t.test('it fits a narrow window, and can be printed', async () => {
    for (const address of [url, hostile, long]) {
      const { page } = await visit(browser, address, { viewport: { width: 360, height: 700 } });
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
      assert.equal((await page.pdf({ format: 'A4' })).toString('latin1', 0, 5), '%PDF-');
    }
  });
});

test('a sweep ends with its page, and `report` writes it again', async (t) => {
  const rigged = rig(t);
  rigged.write('quick.yaml', QUICK);
  const { code, stdout, stderr } = await rigged.run(['sweep', 'quick.yaml']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /sweep\.html/);
  const page = rigged.read('outputs/quick/sweep.html');
  rmSync(rigged.path('outputs/quick/sweep.html'));
  const again = await rigged.run(['report', 'quick.yaml']);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(again.stdout.trim(), 'outputs/quick/sweep.html');
  assert.equal(readFileSync(rigged.path('outputs/quick/sweep.html'), 'utf8'), page);
});
