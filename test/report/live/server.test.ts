import assert from 'node:assert/strict';
import { request, type IncomingHttpHeaders } from 'node:http';
import { test, type TestContext } from 'node:test';
import type { LiveOptions } from '../../../src/report/live/live-run.ts';
import { LiveServer } from '../../../src/report/live/server.ts';
import { startBrowser, visit, withoutBrowser } from '../browser.ts';
import { drawing, makeOutputs, PIPELINE, type Outputs } from '../outputs.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Plain HTTP, with any headers: `fetch` would forbid some. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

async function serve(t: TestContext): Promise<{ readonly live: LiveServer; readonly outputs: Outputs }> {
  const outputs = makeOutputs(t);
  const stages: LiveOptions['stages'] = [
    { name: 'digits', settings: { type: 'dataset', source: 'mnist' }, inputs: {} },
    { name: 'trained', settings: { type: 'train', data: 'digits' }, inputs: { data: 'digits' } },
  ];
  const live = await LiveServer.start(
    {
      folder: outputs.folder,
      name: 'example',
      file: 'example.yaml',
      notes: { pipeline: 'So *far*', stages: new Map() },
      sources: [{ file: 'example.yaml', text: PIPELINE }],
      seed: 7,
      overrides: [],
      stages,
    },
    0,
  );
  t.after(() => live.close(false));
  return { live, outputs };
}

test('only this machine, only with the token, and no other site', async (t) => {
  const { live } = await serve(t);
  const url = new URL(live.url);
  assert.equal(url.hostname, '127.0.0.1');
  const page = await ask(live.url);
  assert.equal(page.status, 200);
  assert.match(page.body, /^<!doctype html>/);
  assert.equal(page.headers['access-control-allow-origin'], undefined);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.match(String(page.headers['content-security-policy']), /frame-ancestors 'none'/);

  const statuses = async (...cases: readonly (readonly [string, Record<string, string>?, string?])[]) =>
    Promise.all(
      cases.map(async ([address, headers, method]) => (await ask(address, headers, method)).status),
    );
  // A name that was rebound to this machine, and forwarded ports, whose number differs.
  assert.deepEqual(
    await statuses(
      [live.url, { host: `evil.example:${url.port}` }],
      [live.url, { host: 'localhost:8888' }],
      [live.url, { host: `127.0.0.1.evil.example` }],
    ),
    [403, 200, 403],
  );
  assert.deepEqual(
    await statuses(
      [`${url.origin}/`],
      [`${url.origin}/wrong/`],
      [`${live.url.slice(0, -2)}/`],
      [`${live.url}run.json`],
      [`${live.url}../run.json`],
      [live.url, {}, 'POST'],
    ),
    [404, 404, 404, 404, 404, 405],
  );
  const foreign = {
    origin: 'https://evil.example',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
  };
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const frame = { ...link, 'sec-fetch-dest': 'iframe' };
  assert.deepEqual(
    await statuses(
      [live.url, foreign],
      [`${live.url}events`, foreign],
      [live.url, link],
      [live.url, frame],
      [`${live.url}events`, link],
    ),
    [403, 403, 200, 403, 403],
  );
});

test('a port that is taken is a diagnostic', async (t) => {
  const { live } = await serve(t);
  const options = {
    folder: '/nowhere',
    name: 'x',
    file: 'x.yaml',
    notes: { stages: new Map() },
    sources: [],
    seed: 0,
    overrides: [],
    stages: [],
  };
  await assert.rejects(LiveServer.start(options, Number(new URL(live.url).port)), {
    diagnostics: [
      {
        code: 'port-unavailable',
        severity: 'error',
        message: `port ${new URL(live.url).port} cannot be used (EADDRINUSE)`,
        hint: 'choose another, or leave the number out',
      },
    ],
  });
});

test('the page follows the run, and becomes its report', { skip: withoutBrowser }, async (t) => {
  const { live, outputs } = await serve(t);
  const browser = await startBrowser(t);
  const { page, complaints } = await visit(browser, live.url);
  const [top, stage] = [page.locator('#running-part'), page.locator('#part-trained')];
  assert.equal(await top.textContent(), '');
  live.take({ type: 'run-started', pipeline: 'example', workspace: outputs.folder, stages: [] });
  live.take({ type: 'stage-started', stage: 'trained', folder: outputs.folder.replace('example', 'draft') });
  for (const epoch of [1, 2]) {
    live.take({
      type: 'stage-progress',
      stage: 'trained',
      progress: { epoch, epochs: 3, loss: 1 / epoch, fraction: epoch / 3, epochEnd: true },
    });
  }
  await top.locator('.activity', { hasText: 'epoch 2 of 3' }).waitFor();
  assert.equal(await top.locator('progress').count(), 1);
  assert.match((await top.locator('img').getAttribute('alt')) ?? '', /Loss by Epoch/);

  // The training is the first of the page, and is there once.
  assert.equal(await page.locator('main section').first().getAttribute('id'), 'running');
  assert.equal(await stage.locator('img').count(), 0);

  // Pictures appear as they are drawn; one that is half written does not.
  outputs.write('../draft/previews/epoch-001.svg', drawing('Epoch 1', 2).svg);
  outputs.write('../draft/previews/epoch-002.svg', drawing('Epoch 2', 2).svg);
  outputs.write('../draft/previews/epoch-003.svg', '<svg');
  live.take({ type: 'stage-progress', stage: 'trained', progress: { epoch: 3, epochs: 3 } });
  await top.locator('.frame').nth(1).waitFor({ state: 'visible' });
  assert.equal(await top.locator('.frame').count(), 2);

  // The reader's choices stay.
  await top.locator('input').press('Home');
  live.take({
    type: 'stage-progress',
    stage: 'trained',
    progress: { epoch: 3, epochs: 3, text: 'validating' },
  });
  await top.locator('.activity', { hasText: 'validating' }).waitFor();
  assert.equal(await top.locator('.frame:visible').getAttribute('data-label'), 'epoch 1');
  assert.equal(await page.evaluate('document.activeElement.type'), 'range');

  live.take({ type: 'stage-finished', stage: 'trained', state: 'ran', seconds: 2 });
  await live.close(true);
  await page.locator('.status', { hasText: 'Finished' }).waitFor();
  assert.match((await page.locator('#live').textContent()) ?? '', /ended/);
  assert.equal(await stage.locator('.frame').count(), 3);
  assert.equal(await top.textContent(), '');
  // Now it has the section of the models; these outputs have no weights.
  assert.match((await page.locator('#explore').textContent()) ?? '', /trained.* cannot be tried/);
  assert.deepEqual(complaints, []);
});
