import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { makeOutputs, PIPELINE } from '../report/outputs.ts';
import { rig } from '../rig.ts';

test('a report needs a run, and says how to make one', async (t) => {
  const rigged = rig(t);
  rigged.write('example.yaml', PIPELINE);
  for (const pipeline of ['example.yaml', 'example']) {
    const { code, json } = await rigged.runJson(['report', pipeline]);
    assert.equal(code, 2);
    assert.deepEqual(
      json.diagnostics.map((diagnostic) => diagnostic.code),
      ['no-run'],
    );
  }
  const missing = await rigged.runJson(['report', 'other.yaml']);
  assert.equal(missing.code, 2);
  assert.deepEqual(
    missing.json.diagnostics.map((diagnostic) => diagnostic.code),
    ['file-not-found'],
  );
});

test('a pipeline is named by its file, mistakes in it or not, or by its name; the same run gives the same bytes', async (t) => {
  const rigged = rig(t);
  makeOutputs(t, { root: rigged.folder });
  rigged.write('example.yaml', `${PIPELINE}mistake: 1\n`);
  const byFile = await rigged.run(['report', 'example.yaml']);
  assert.equal(byFile.code, 0, byFile.stderr);
  assert.equal(byFile.stdout.trim(), 'outputs/example/report.html');
  const first = rigged.read('outputs/example/report.html');
  const byName = await rigged.run(['report', 'example']);
  assert.equal(byName.code, 0, byName.stderr);
  assert.equal(rigged.read('outputs/example/report.html'), first);
});

test('damaged pictures are named, and the report is written without them', async (t) => {
  const rigged = rig(t);
  const { write } = makeOutputs(t, { root: rigged.folder });
  write('drawing/figure.png', 'no picture');
  write('drawing/figure.svg', '<svg');
  const { code, stdout, stderr } = await rigged.run(['report', 'example']);
  assert.equal(code, 0);
  assert.match(stdout, /report\.html/);
  assert.match(stderr, /drawing\/figure\.png/);
  assert.match(stderr, /drawing\/figure\.svg/);
});

test('files that are not the artifacts of the run are not shown as such', async (t) => {
  const rigged = rig(t);
  rigged.write('tiny.yaml', 'name: tiny\nstages:\n  data: { type: dataset, source: mnist, limit: 5 }\n');
  assert.equal((await rigged.run(['run', 'tiny.yaml'])).code, 0);
  rigged.write('outputs/tiny/data/notes.txt', 'mine');
  rmSync(join(rigged.folder, 'outputs/tiny/data/summary.json'));
  rigged.write('outputs/tiny/data/summary.json', '{"train": {"mean": 123456}}');
  const { code, stderr } = await rigged.run(['report', 'tiny']);
  assert.equal(code, 0);
  assert.match(stderr, /data\/summary\.json/);
  const page = rigged.read('outputs/tiny/report.html');
  assert.doesNotMatch(page, /notes\.txt|123456/);
  assert.equal((await rigged.run(['run', 'tiny.yaml'])).code, 0);
  assert.equal(rigged.read('outputs/tiny/data/notes.txt'), 'mine');
  assert.equal(rigged.read('outputs/tiny/data/summary.json.kept'), '{"train": {"mean": 123456}}');
  const cleaned = await rigged.run(['clean', 'tiny']);
  assert.match(cleaned.stdout, /notes\.txt/);
  assert.equal(rigged.read('outputs/tiny/data/notes.txt'), 'mine');
});

test('--open hands the report to the browser', { skip: process.platform !== 'linux' }, async (t) => {
  const rigged = rig(t);
  makeOutputs(t, { root: rigged.folder });
  rigged.write('browser', '#!/bin/sh\necho "$1" > "$0.opened.part" && mv "$0.opened.part" "$0.opened"\n');
  chmodSync(rigged.path('browser'), 0o755);
  const environment = { BROWSER: rigged.path('browser'), DISPLAY: undefined, WAYLAND_DISPLAY: undefined };
  const { code, stderr } = await rigged.run(['report', 'example', '--open'], { env: environment });
  assert.equal(code, 0, stderr);
  // The browser continues by itself.
  while (!rigged.exists('browser.opened')) await setTimeout(20);
  assert.equal(rigged.read('browser.opened').trim(), rigged.path('outputs/example/report.html'));
});

const FIGURE = `name: seen
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 20, test: 10 } }
  digits: { type: figure, kind: images, data: mnist }
`;

test('run --serve prints the address, and ends with the run', async (t) => {
  const rigged = rig(t);
  rigged.write('seen.yaml', FIGURE);
  let address = '';
  let page: Promise<Response> | undefined;
  const { code, stdout, stderr } = await rigged.run(['run', 'seen.yaml', '--serve', '--json'], {
    steps: [
      {
        when: /live report: http:\S+\n/,
        act: (_pid, text) => {
          [address = ''] = /http:\S+/.exec(text) ?? [];
          page = fetch(address);
        },
      },
    ],
  });
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { status: string }).status, 'done');
  assert.equal((await page)?.status, 200);
  await assert.rejects(fetch(address));
  assert.ok(rigged.exists('outputs/seen/report.html'));
});

test('a port that cannot be used stops a run before it starts', async (t) => {
  const rigged = rig(t);
  rigged.write('seen.yaml', FIGURE);
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, json } = await rigged.runJson(['run', 'seen.yaml', '--serve', String(port)]);
  assert.equal(code, 1);
  assert.deepEqual(
    json.diagnostics.map((diagnostic) => diagnostic.code),
    ['port-unavailable'],
  );
  assert.ok(!rigged.exists('outputs'));
  const misplaced = await rigged.runJson(['run', '--serve', 'seen.yaml']);
  assert.equal(misplaced.code, 2);
});

const PLUGIN = `import { writeFileSync } from 'node:fs';
export default {
  type: 'own', version: 1, inputs: {}, outputs: 'figure', draws: false, engine: false,
  schema: { type: 'object', additionalProperties: false, properties: { type: { description: 'x' }, fails: { description: 'x', type: 'boolean' } } },
  analyze: () => ({ kind: 'figure' }),
  async run({ settings, folder }) {
    if (settings.fails) throw new Error('own trouble');
    writeFileSync(folder + '/chart.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" aria-label="A chart of our own"/>');
    writeFileSync(folder + '/rows.csv', 'what,much\\nbread,2\\n');
    return { metrics: { score: 0.625 }, highlights: ['chart.svg'] };
  },
};
`;

test('a failed run leaves a report that says why; outputs of a plugin are shown', async (t) => {
  const rigged = rig(t);
  rigged.write('own.ts', PLUGIN);
  rigged.write(
    'own.yaml',
    'name: own\nplugins: [./own.ts]\nstages:\n  good: { type: own }\n  bad: { type: own, fails: true }\n',
  );
  const { code, stdout } = await rigged.run(['run', 'own.yaml', '--allow-plugins', '--keep-going']);
  assert.equal(code, 1);
  assert.match(stdout, /outputs\/own\/report\.html/);
  const { document } = parseHTML(rigged.read('outputs/own/report.html'));
  assert.equal(document.querySelector('.status')?.classList.contains('failed'), true);
  assert.match(document.querySelector('.problems')?.textContent ?? '', /own trouble/);
  assert.equal(document.querySelector('#stage-bad .mark')?.classList.contains('failed'), true);
  assert.equal(document.querySelector('img')?.getAttribute('alt'), 'A chart of our own');
  assert.match(document.querySelector('#stage-good table')?.textContent ?? '', /bread/);
  assert.match(document.querySelector('.measured')?.textContent ?? '', /good/);
  assert.match(document.querySelector('.tiles')?.textContent ?? '', /score\s*0\.6250/);
});
