import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildGraph } from '../../src/plan/graph.ts';
import { found, hints, makeRig, VALID } from './rig.ts';

const BASE = `${VALID}  noisy:
    type: noise
    data: mnist
    kind: gaussian
    stddev: 0.4
    clip: [0, 1]
  quality: { type: evaluate, model: denoiser, data: noisy, target: mnist, metrics: [mse] }
sweep: { parameters: { latent_size: [2, 4] } }
`;

test('`null` removes an inherited stage, key or block, at any depth and through several files', async (context) => {
  const rig = await makeRig(context);
  await rig.write({
    'base.yaml': BASE,
    'middle.yaml': 'extends: base.yaml\nstages: { quality: null, denoiser: { epochs: 3 } }\n',
  });
  const { located, diagnostics } = await rig.load(`extends: middle.yaml
name: child
seed: null
sweep: ~
stages:
  noisy: null
  denoiser:
    optimizer: { Adam: { learning_rate: null, beta_1: 0.5 } }
`);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual([...(located?.pipeline.stages.keys() ?? [])], ['mnist', 'autoencoder', 'denoiser']);
  assert.equal(located?.pipeline.seed, 0);
  assert.equal(located?.pipeline.sweep, undefined);
  assert.equal(Object.hasOwn(located?.resolved ?? {}, 'sweep'), false);
  const denoiser = located?.pipeline.stages.get('denoiser');
  assert.equal(denoiser?.['epochs'], 3);
  assert.deepEqual(denoiser?.['optimizer'], {
    Adam: { learning_rate: 0.001, beta_1: 0.5, beta_2: 0.999, epsilon: 1e-7, amsgrad: false },
  });
  // A stage that was taken away can come back.
  const again = await rig.load(
    'extends: middle.yaml\nstages: { quality: { type: pca, data: mnist, components: [2] } }\n',
  );
  assert.deepEqual(again.diagnostics, []);
  assert.equal(again.located?.pipeline.stages.get('quality')?.['model'], undefined);
});

test('where `null` is a value of the key, it stays that value', async (context) => {
  const rig = await makeRig(context);
  await rig.write({
    'base.yaml': `${BASE.replace('epochs: 10', 'epochs: 10\n    preview: { every: 2 }\n    early_stopping: { patience: 2 }\n    validation: test').replace('latent_size: 16', 'latent_size: 16\n  early: { patience: 3 }')}`,
  });
  const { located, diagnostics } = await rig.load(
    'extends: base.yaml\nparams: { early: null }\nstages: { denoiser: { preview: null, early_stopping: "${params.early}" }, noisy: { clip: null } }\n',
  );
  assert.deepEqual(diagnostics, []);
  const denoiser = located?.pipeline.stages.get('denoiser');
  assert.equal(denoiser?.['preview'], null);
  assert.equal(denoiser?.['early_stopping'], null);
  assert.equal(located?.pipeline.stages.get('noisy')?.['clip'], null);
  assert.deepEqual(located?.pipeline.params, { latent_size: 16, early: null });
});

test('`-S` removes keys of the file', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'pipeline.yaml': BASE });
  const overrides = [
    'stages.quality=null',
    'stages.noisy=null',
    'stages.denoiser.optimizer=null',
    'sweep=null',
    'seed=null',
  ];
  const { located, diagnostics } = await rig.load(undefined, { overrides });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual([...(located?.pipeline.stages.keys() ?? [])], ['mnist', 'autoencoder', 'denoiser']);
  const deep = await rig.load(undefined, {
    overrides: ['stages.autoencoder.encoder.1.Dense.activation=null'],
  });
  assert.deepEqual(deep.diagnostics, []);
  const encoder = deep.located?.resolved['stages'] as {
    autoencoder: { encoder: { Dense: { activation: string } }[] };
  };
  assert.equal(encoder.autoencoder.encoder[1]?.Dense.activation, 'linear');
});

test('a key that requires another can be removed together with it', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': BASE });
  const { located, diagnostics } = await rig.load(
    'extends: base.yaml\nstages: { noisy: { kind: masking, stddev: null, amount: 0.2, clip: null } }\n',
  );
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    [],
  );
  assert.equal(located?.pipeline.stages.get('noisy')?.['stddev'], undefined);
});

test('an empty value removes nothing: the inherited value stays', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': BASE });
  const { located, diagnostics } = await rig.load(
    'extends: base.yaml\nname: child\nparams:\nstages:\n  noisy:\n    # stddev: 0.8\n  denoiser: {}\n',
  );
  assert.deepEqual(diagnostics, []);
  assert.equal(located?.pipeline.stages.get('noisy')?.['stddev'], 0.4);
  assert.deepEqual(found(await rig.load('extends: base.yaml\nstages: { denoiser: { epochs: } }\n')), [
    'wrong-type 2:23',
  ]);
  const none = await rig.load('extends: base.yaml\nstages: {}\n');
  assert.equal(none.located?.pipeline.stages.size, 5);
});

test('a `null` that removes nothing is reported, with what may have been meant', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': BASE });
  const result = await rig.load(
    'extends: base.yaml\nstages:\n  nosy: null\n  denoiser:\n    batch_size: null\nthreads: null\n',
    { overrides: ['stages.mnist.normalize=null', 'stages.mnist.sourc=null'] },
  );
  assert.deepEqual(found(result), [
    'nothing-removed 3:9',
    'nothing-removed 5:17',
    'nothing-removed 6:10',
    'nothing-removed -S stages.mnist.normalize=null:1:24',
    'unknown-key -S stages.mnist.sourc=null:1:14',
  ]);
  assert.match(hints(result), /`noisy`/);
  // Without anything to inherit from, it is a value like others.
  assert.deepEqual(found(await rig.load(VALID.replace('epochs: 10', 'epochs: null'))), ['wrong-type 24:13']);
});

test('a reference to a removed stage names the `null`', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': BASE });
  const { located, diagnostics } = await rig.load('extends: base.yaml\nstages: { noisy: null }\n');
  assert.deepEqual(diagnostics, []);
  assert.ok(located !== undefined);
  const problem = buildGraph({
    ...located,
    stageTypes: new Map(
      [...located.stageTypes].map(([name, type]) => [
        name,
        { ...type, inputs: { data: { accepts: ['images'] as const } } },
      ]),
    ),
  }).diagnostics.find(({ code }) => code === 'unknown-stage');
  assert.equal(problem?.range?.file, join(rig.folder, 'base.yaml'));
  assert.deepEqual(
    problem?.related?.map(({ range }) => [range.file, range.start.line]),
    [[join(rig.folder, 'pipeline.yaml'), 2]],
  );
  const override = await rig.load(undefined, { overrides: ['stages.noisy.stddev=1'] });
  assert.deepEqual(found(override), ['bad-override -S stages.noisy.stddev=1:1:8']);
});

test('`null` also removes keys from a merge key, but no item of a list', async (context) => {
  const rig = await makeRig(context);
  const { located, diagnostics } = await rig.load(
    `${VALID}  noisy: &noisy { type: noise, data: mnist, kind: gaussian, stddev: 0.4 }
  other: { <<: *noisy, kind: masking, amount: 0.1, stddev: null }
`,
  );
  assert.deepEqual(diagnostics, []);
  assert.equal(Object.hasOwn(located?.pipeline.stages.get('other') ?? {}, 'stddev'), false);
  const item = await rig.load(VALID, { overrides: ['stages.autoencoder.encoder.0=null'] });
  assert.deepEqual(found(item), ['wrong-type -S stages.autoencoder.encoder.0=null:1:30']);
});

test('keys that begin with `x-` hold anchors at the top, and are ignored', async (context) => {
  const rig = await makeRig(context);
  const plain = await rig.load(VALID);
  const text = `x-layers: &layers
  - Flatten
  - Dense: { units: 64, activation: relu }
  - Dense: { units: "\${params.latent_size}" }
x-anything: [1, { "\${params.nothing}": "\${no" }]
${VALID.replace(/ {4}encoder:\n[^]*?(?= {4}decoder)/, '    encoder: *layers\n')}`;
  const { located, diagnostics } = await rig.load(text);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(located?.resolved, plain.located?.resolved);
  await rig.write({ 'base.yaml': text });
  const child = await rig.load('extends: base.yaml\nx-own: { a: 1 }\n');
  assert.deepEqual(child.located?.resolved, plain.located?.resolved);
  const deep = await rig.load(VALID.replace('epochs: 10', 'epochs: 10\n    x-note: a'));
  assert.deepEqual(found(deep), ['unknown-key 25:5']);
  assert.match(hints(deep), /top/);
  assert.deepEqual(found(await rig.load(text, { overrides: ['x-anything=1'] })), [
    'bad-override -S x-anything=1:1:1',
  ]);
});

test('a named list of layers inside a list of layers is replaced by its items', async (context) => {
  const rig = await makeRig(context);
  const flat = await rig.load(VALID);
  const params = `params:
  latent_size: 16
  wide: [{ Dense: { units: 64, activation: relu } }]
  block: [Flatten, "\${params.wide}"]`;
  const encoder = '    encoder: ["${params.block}", { Dense: { units: "${params.latent_size}" } }]\n';
  const text = VALID.replace('params:\n  latent_size: 16', params).replace(
    / {4}encoder:\n[^]*?(?= {4}decoder)/,
    encoder,
  );
  const { located, diagnostics } = await rig.load(text);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(located?.resolved['stages'], flat.located?.resolved['stages']);
  // Mistakes inside are reported where they are written.
  assert.deepEqual(found(await rig.load(text.replace('units: 64', 'unit: 64'))), ['unknown-key 5:21']);
  const deep = await rig.load(text, { overrides: ['params.wide.0.Dense.units=4'] });
  assert.deepEqual(deep.diagnostics, []);
  assert.match(JSON.stringify(deep.located?.resolved['stages']), /"units":4,/);
  const through = await rig.load(text, { overrides: ['stages.autoencoder.encoder.0.Dense.units=4'] });
  assert.deepEqual(found(through), ['bad-override -S stages.autoencoder.encoder.0.Dense.units=4:1:30']);
  assert.match(hints(through), /params\.block/);
  // A nested list without a name is a slip.
  assert.deepEqual(found(await rig.load(VALID.replace('- Flatten', '- [Flatten]'))), ['wrong-type 13:9']);
});

test('names that JavaScript has a meaning for are refused with the reason, or work', async (context) => {
  const rig = await makeRig(context);
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    for (const [text, place] of [
      [VALID.replace('stages:\n', `stages:\n  ${name}: { type: dataset, source: mnist }\n`), '6:3'],
      [VALID.replace('params:\n', `params:\n  ${name}: 1\n`), '4:3'],
      [`${VALID}x-${name}: { ${name}: 1 }\n`, `26:${name.length + 7}`],
    ] as const) {
      const result = await rig.load(text);
      assert.deepEqual(found(result), [`reserved-name ${place}`]);
      assert.notEqual(hints(result), '');
    }
    for (const path of [`stages.${name}`, `params.${name}`, `stages.mnist.${name}.x`, name]) {
      const result = await rig.load(VALID, { overrides: [`${path}=1`] });
      assert.deepEqual(
        result.diagnostics.map(({ code }) => code),
        ['bad-override'],
        path,
      );
      assert.doesNotMatch(result.diagnostics[0]?.message ?? '', /unknown/);
    }
  }
  for (const name of ['toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf']) {
    const text = VALID.replaceAll('mnist', name)
      .replace(`source: ${name}`, 'source: mnist')
      .replaceAll('latent_size', name);
    const { located, diagnostics } = await rig.load(text, { overrides: [`params.${name}=3`] });
    assert.deepEqual(diagnostics, []);
    assert.equal(located?.pipeline.params[name], 3);
    assert.equal(located?.pipeline.stages.get('denoiser')?.['data'], name);
  }
  assert.equal('polluted' in {}, false);
});
