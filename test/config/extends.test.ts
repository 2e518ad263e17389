import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { found, makeRig, VALID } from './rig.ts';

test('a file starts from another: maps are merged, lists and scalars replaced', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'bases/base.yaml': VALID });
  const { located, diagnostics, sources } = await rig.load(`
extends: bases/base.yaml
name: child
params: { latent_size: 4 }
stages:
  denoiser:
    epochs: 3
    preview: null
  autoencoder:
    encoder:
      - Flatten
      - Dense: { units: 2 }
  quality:
    type: evaluate
    model: denoiser
    data: mnist
    metrics: [mse]
`);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    sources.map(({ name }) => name),
    [join(rig.folder, 'pipeline.yaml'), join(rig.folder, 'bases/base.yaml')],
  );
  assert.equal(located?.pipeline.name, 'child');
  assert.equal(located?.pipeline.seed, 7);
  assert.deepEqual(
    [...(located?.pipeline.stages.keys() ?? [])],
    ['mnist', 'autoencoder', 'denoiser', 'quality'],
  );
  const denoiser = located?.pipeline.stages.get('denoiser');
  assert.equal(denoiser?.['epochs'], 3);
  assert.equal(denoiser?.['preview'], null);
  assert.equal(denoiser?.['loss'], 'mse');
  const encoder = located?.pipeline.stages.get('autoencoder')?.['encoder'];
  assert.equal(Array.isArray(encoder) ? encoder.length : 0, 2);
  assert.equal('extends' in (located?.resolved ?? {}), false);
  assert.equal(located?.locate(['stages', 'denoiser', 'epochs']).file, join(rig.folder, 'pipeline.yaml'));
  assert.equal(located?.locate(['stages', 'denoiser', 'loss']).file, join(rig.folder, 'bases/base.yaml'));
});

test('each file is relative to the one that names it, and mistakes are reported in their own file', async (context) => {
  const rig = await makeRig(context);
  await rig.write({
    'a/middle.yaml': 'extends: ../b/root.yaml\nstages: { denoiser: { epochs: 0 } }\n',
    'b/root.yaml': VALID.replace('loss: mse', 'loss: mes'),
  });
  assert.deepEqual(found(await rig.load('extends: a/middle.yaml\nseed: -1\n')), [
    'out-of-range 2:7',
    'out-of-range middle.yaml:2:31',
    'unknown-value root.yaml:23:11',
  ]);
});

test('one choice replaces another, such as an optimizer', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': VALID });
  const { located, diagnostics } = await rig.load(
    'extends: base.yaml\nstages: { denoiser: { optimizer: { SGD: { learning_rate: 0.5 } } } }\n',
  );
  assert.deepEqual(diagnostics, []);
  const optimizer = located?.pipeline.stages.get('denoiser')?.['optimizer'];
  assert.deepEqual(optimizer, { SGD: { learning_rate: 0.5, momentum: 0, nesterov: false } });
  const same = await rig.load(
    'extends: base.yaml\nstages: { denoiser: { optimizer: { Adam: { beta_1: 0.5 } } } }\n',
  );
  assert.deepEqual(same.located?.pipeline.stages.get('denoiser')?.['optimizer'], {
    Adam: { learning_rate: 0.001, beta_1: 0.5, beta_2: 0.999, epsilon: 1e-7, amsgrad: false },
  });
});

test('cycles', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'b.yaml': 'extends: c.yaml\n', 'c.yaml': 'extends: ./pipeline.yaml\n' });
  assert.deepEqual(found(await rig.load('extends: pipeline.yaml\n')), ['extends-cycle 1:10']);
  assert.deepEqual(found(await rig.load('name: x\nextends: b.yaml\n')), ['extends-cycle c.yaml:1:10']);
});

test('a base that cannot be read is reported where it is named', async (context) => {
  const rig = await makeRig(context);
  await rig.write({
    'base.yaml': VALID,
    'empty.yaml': '',
    'bad.yaml': 'a: [\n',
    'list.yaml': '- a\n',
    'sub/x.yaml': '',
  });
  const missing = await rig.load('name: x\nextends: bases.yaml\n');
  assert.deepEqual(found(missing), ['file-not-found 2:10']);
  assert.match(missing.diagnostics[0]?.hint ?? '', /base\.yaml/);
  assert.deepEqual(found(await rig.load('extends: sub\n')), ['file-unreadable 1:10']);
  assert.deepEqual(found(await rig.load('extends: empty.yaml\n')), ['file-empty 1:10']);
  assert.deepEqual(found(await rig.load('extends: /dev/zero\n')), ['file-unreadable 1:10']);
  assert.deepEqual(found(await rig.load('extends: bad.yaml\n')), ['yaml-syntax bad.yaml:2:1']);
  assert.deepEqual(found(await rig.load('extends: list.yaml\n')), ['wrong-type list.yaml:1:1']);
  assert.deepEqual(found(await rig.load('params: { x: a.yaml }\nextends: ${params.x}\n')), [
    'bad-interpolation 2:10',
  ]);
  assert.deepEqual(found(await rig.load('extends: [base.yaml]\n')), ['wrong-type 1:10']);
  assert.deepEqual(found(await rig.load('extends:\n')), ['wrong-type 1:1']);
  assert.deepEqual(found(await rig.load('extends: 3\n')), ['wrong-type 1:10']);
});
