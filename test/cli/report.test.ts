import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { test } from 'node:test';
import { makeOutputs, PIPELINE } from '../report/outputs.ts';
import { rig } from '../rig.ts';

test('a report needs a run, and says how to make one', async (t) => {
  const rigged = rig(t);
  rigged.write('example.yaml', PIPELINE);
  for (const pipeline of ['example.yaml', 'example']) {
    const { code, json } = await rigged.runJson(['report', pipeline]);
    assert.equal(code, 1);
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

test('--open hands the report to the browser', { skip: process.platform !== 'linux' }, async (t) => {
  const rigged = rig(t);
  makeOutputs(t, { root: rigged.folder });
  rigged.write('browser', '#!/bin/sh\necho "$1" > "$0.opened.part" && mv "$0.opened.part" "$0.opened"\n');
  chmodSync(rigged.path('browser'), 0o755);
  const environment = { BROWSER: rigged.path('browser'), DISPLAY: undefined, WAYLAND_DISPLAY: undefined };
  const { code, stderr } = await rigged.run(['report', 'example', '--open'], { env: environment });
  assert.equal(code, 0, stderr);
  // The browser goes on by itself.
  while (!rigged.exists('browser.opened')) await setTimeout(20);
  assert.equal(rigged.read('browser.opened').trim(), rigged.path('outputs/example/report.html'));
});
