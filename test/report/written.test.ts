/** The lines of stages in the files of a pipeline, and the lines that an override replaced. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { readReport } from '../../src/report/read.ts';
import { sourceFacts, WrittenPipeline } from '../../src/report/written.ts';
import { rig } from '../rig.ts';

const OWN = `extends: base.yaml
params: { size: 4 }
stages:
  net:
    decoder: [Flatten]
`;

const BASE = `params:
  size: 2
  epochs: 9
stages:
  data: { type: dataset, source: mnist, limit: { train: 5 } }
  net:
    type: model
    encoder:
      - Flatten
      - Dense: { units: "\${params.size}" }
`;

test('a stage is written where any of the files names it', () => {
  const written = new WrittenPipeline([OWN, BASE]);
  assert.deepEqual(written.linesOf('net'), [
    { file: 0, lines: [4, 5] },
    { file: 1, lines: [6, 10] },
  ]);
  assert.deepEqual(written.linesOf('data'), [{ file: 1, lines: [5, 5] }]);
  assert.deepEqual(written.linesOf('other'), []);
});

test('settings that no file and no override names are left out', () => {
  const written = new WrittenPipeline([OWN, BASE]);
  const data = {
    type: 'dataset',
    source: 'mnist',
    limit: { train: 5, test: 3 },
    normalize: 'minmax',
    path: 'x',
  };
  assert.deepEqual(written.settingsOf('data', data, []), {
    type: 'dataset',
    source: 'mnist',
    limit: { train: 5 },
  });
  const overridden = written.settingsOf('data', data, [
    'stages.data.limit.test=3',
    'stages.data.pathology=x',
  ]);
  assert.deepEqual(overridden, { type: 'dataset', source: 'mnist', limit: { train: 5, test: 3 } });
  const net = { type: 'model', encoder: ['Flatten'], decoder: ['Flatten'], input_shape: [1] };
  assert.deepEqual(Object.keys(written.settingsOf('net', net, [])), ['type', 'encoder', 'decoder']);
});

test('an override marks the line that it replaces, in the nearest file that has one', () => {
  const overrides = [
    'params.size=8',
    'params.epochs=1',
    'stages.net.encoder[1].Dense.units=3',
    'stages.data.limit.train=7',
    'stages.data.source=idx',
    'stages.data.normalize=none',
  ];
  const written = new WrittenPipeline([OWN, BASE]);
  assert.deepEqual(written.overriddenLines(overrides), [
    new Map([[2, ['params.size=8']]]),
    new Map([
      [3, ['params.epochs=1']],
      [10, ['stages.net.encoder[1].Dense.units=3']],
      [5, ['stages.data.limit.train=7', 'stages.data.source=idx', 'stages.data.normalize=none']],
    ]),
  ]);
});

test('a value behind an alias or a merge key is marked where the stage names it, a new key at its map', () => {
  const text = `stages:
  a: &a
    type: evaluate
    split: &s train
    metrics: [mse]
  b:
    <<: *a
    split: *s
  c:
    optimizer:
      Adam: { beta_1: 0.5 }
`;
  const overrides = [
    'stages.b.split=test',
    'stages.b.metrics[0]=mae',
    'stages.a.samples=3',
    'stages.c.optimizer.Adam.epsilon=1',
  ];
  const written = new WrittenPipeline([text]);
  assert.deepEqual(written.overriddenLines(overrides), [
    new Map([
      [8, ['stages.b.split=test']],
      [7, ['stages.b.metrics[0]=mae']],
      [2, ['stages.a.samples=3']],
      [11, ['stages.c.optimizer.Adam.epsilon=1']],
    ]),
  ]);
});

test('settings that a merge key or an alias brings in are named', () => {
  const text = `stages:
  a: &a { type: evaluate, limit: &l { train: 5 } }
  b: { <<: *a, split: train, limit: *l }
  c: { <<: [*a], split: test }
  d: &d { <<: *d, type: model }
`;
  const written = new WrittenPipeline([text]);
  const resolved = { type: 'evaluate', limit: { train: 5, test: 9 }, split: 'train', metrics: ['mse'] };
  const named = { type: 'evaluate', limit: { train: 5 }, split: 'train' };
  for (const stage of ['b', 'c']) assert.deepEqual(written.settingsOf(stage, resolved, []), named);
  assert.deepEqual(written.settingsOf('d', resolved, []), { type: 'evaluate' });
});

test('files that are not YAML have no stages and no marked lines', () => {
  for (const text of ['', '[', 'stages: 3', '- a', '\u0000']) {
    const { sources } = sourceFacts(
      [{ file: 'x.yaml', text }],
      ['params.a=1', 'nonsense', '=', 'stages.a[9].b=1'],
    );
    assert.deepEqual(sources[0]?.overridden, new Map());
  }
});

test('the report of a pipeline that extends another contains both files, and says what the command line changed', async (t) => {
  const rigged = rig(t);
  mkdirSync(join(rigged.folder, 'sub'));
  rigged.write(
    'base.yaml',
    'name: base\nparams: { images: 9 }\nstages:\n  data: { type: dataset, source: mnist, limit: "${params.images}" }\n',
  );
  rigged.write('sub/own.yaml', 'extends: ../base.yaml\nname: own\nseed: 3\n');
  const { code, stderr } = await rigged.run(['run', 'sub/own.yaml', '-S', 'params.images=4']);
  assert.equal(code, 0, stderr);
  const report = await readReport(join(rigged.folder, 'outputs', 'own'));
  assert.deepEqual(
    report.sources.map(({ file, overridden }) => [file, [...overridden]]),
    [
      ['own.yaml', []],
      ['../base.yaml', [[2, ['params.images=4']]]],
    ],
  );
  assert.deepEqual(report.stages[0]?.settings, { type: 'dataset', source: 'mnist', limit: 4 });
  assert.deepEqual(report.stages[0].written, [{ file: 1, lines: [4, 4] }]);
  const { document } = parseHTML(rigged.read('outputs/own/report.html'));
  assert.match(document.querySelector('#head')?.textContent ?? '', /-S params\.images=4/);
  assert.match(
    document.querySelector('.line.overridden')?.textContent ?? '',
    /images: 9[^]*-S params\.images=4/,
  );
  const links = [...document.querySelectorAll('#reproduce a[download]')];
  assert.deepEqual(
    links.map((link) => link.getAttribute('download')),
    ['own.yaml', 'base.yaml'],
  );
  rigged.write('base.yaml', 'name: base\n');
  rigged.write('sub/own.yaml', 'name: own\nstages: { data: { type: dataset, source: mnist, limit: 4 } }\n');
  assert.equal((await rigged.run(['run', 'sub/own.yaml'])).code, 0);
  assert.equal((await readReport(join(rigged.folder, 'outputs', 'own'))).sources.length, 1);
});
