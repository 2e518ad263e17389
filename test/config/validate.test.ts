import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notesOf } from '../../src/core/notes.ts';
import { found, hints, makeRig, stageType, types, VALID } from './rig.ts';

/** `VALID` with one line in place of another. */
function having(before: string, after: string): string {
  assert.ok(VALID.includes(before), before);
  return VALID.replace(before, after);
}

test('a valid pipeline has no diagnostics', async (context) => {
  const rig = await makeRig(context);
  const { located, diagnostics } = await rig.load(VALID);
  assert.deepEqual(diagnostics, []);
  assert.equal(located?.pipeline.seed, 7);
  assert.deepEqual([...(located?.pipeline.stages.keys() ?? [])], ['mnist', 'autoencoder', 'denoiser']);
});

test('one mistake makes one diagnostic, with its code, its place and what was meant', async (context) => {
  const rig = await makeRig(context);
  const cases: readonly (readonly [before: string, after: string, expected: string, hint?: RegExp])[] = [
    // Keys.
    ['epochs: 10', 'epochs: 10\n    batchsize: 3', 'unknown-key 25:5', /`batch_size`/],
    ['seed: 7', 'sede: 7', 'unknown-key 2:1', /`seed`/],
    ['seed: 7', 'colour: 7', 'unknown-key 2:1'],
    ['seed: 7', '__proto__: { a: 1 }', 'reserved-name 2:1'],
    ['epochs: 10', 'constructor: 10\n    epochs: 10', 'reserved-name 24:5'],
    ['epochs: 10', 'toString: 10\n    epochs: 10', 'unknown-key 24:5'],
    ['    epochs: 10\n', '', 'missing-key 19:3'],
    ['epochs: 10', 'epoch: 10', 'unknown-key 24:5', /`epochs`/],
    ['    type: train\n', '', 'missing-key 19:3'],
    ['type: train', 'tpye: train', 'unknown-key 20:5', /`type`/],
    ['name: small\n', '', 'missing-key 1:1'],
    ['seed: 7', 'extra: { type: train }', 'unknown-key 2:1', /below `stages`/],
    // Names that become folders' names.
    ['name: small', 'name: NUL', 'reserved-name 1:7'],
    ['name: small', 'name: aux.v2', 'reserved-name 1:7'],
    ['name: small', 'name: small.', 'out-of-range 1:7'],
    ['\n  denoiser:', '\n  com1:', 'reserved-name 19:3'],
    ['\n  denoiser:', '\n  Mnist:', 'name-clash 19:3'],
    // Values.
    ['type: train', 'type: trian', 'unknown-value 20:11', /`train`/],
    ['type: train', 'type: Train', 'unknown-value 20:11', /`train`/],
    ['type: train', 'type: 3', 'wrong-type 20:11'],
    ['loss: mse', 'loss: msee', 'unknown-value 23:11', /`mse`/],
    ['loss: mse', 'loss:', 'wrong-type 23:5', /`mse`/],
    ['loss: mse', 'loss: ""', 'unknown-value 23:11'],
    ['loss: mse', 'loss: { Huber: }', 'wrong-type 23:13', /^write `huber`$/],
    ['seed: 7', 'plugins: 3', 'wrong-type 2:10'],
    ['seed: 7', 'plugins: [3]', 'wrong-type 2:11'],
    ['epochs: 10', 'epochs: ""', 'wrong-type 24:13'],
    ['epochs: 10', 'epochs: .nan', 'out-of-range 24:13'],
    ['epochs: 10', 'epochs: 1e999', 'out-of-range 24:13'],
    ['epochs: 10', 'epochs: 0', 'out-of-range 24:13'],
    ['epochs: 10', 'epochs: 2.5', 'wrong-type 24:13'],
    ['epochs: 10', 'epochs: "10"', 'wrong-type 24:13', /`10`, without/],
    ['epochs: 10', 'epochs: 1_000', 'wrong-type 24:13', /`1000`/],
    ['epochs: 10', 'epochs: ten', 'wrong-type 24:13'],
    ['epochs: 10', 'epochs: [10]', 'wrong-type 24:13'],
    ['epochs: 10', 'epochs: 10\n    shuffle: yes', 'wrong-type 25:14', /`true`/],
    ['epochs: 10', 'epochs: 10\n    metrics: mae', 'wrong-type 25:14', /`\[mae\]`/],
    ['epochs: 10', 'epochs: 10\n    metrics: [mae, mae]', 'out-of-range 25:14'],
    ['epochs: 10', 'epochs: 10\n    metrics: [MSE, mse]', 'out-of-range 25:15'],
    ['epochs: 10', 'epochs: 10\n    metrics: [bce, BinaryCrossentropy]', 'out-of-range 25:20'],
    ['loss: mse', 'loss: poisson', 'unknown-value 23:11', /`mse`, `mae`, `binary_crossentropy`, `Huber`/],
    ['loss: mse', 'loss: { Huber: { delta: 0 } }', 'out-of-range 23:29'],
    ['loss: mse', 'loss: { Huber: { beta: 1 } }', 'unknown-key 23:22', /`delta`/],
    ['loss: mse', 'loss: { poisson: {} }', 'unknown-value 23:13', /`mse`.*`Huber`/],
    ['epochs: 10', 'epochs: 10\n    validation: tset', 'unknown-value 25:17', /`test`/],
    ['epochs: 10', 'epochs: 10\n    validation: 1.5', 'out-of-range 25:17'],
    ['epochs: 10', 'epochs: 10\n    validation: "0.1"', 'unknown-value 25:17', /`0\.1`/],
    ['seed: 7', 'seed: -1', 'out-of-range 2:7'],
    ['seed: 7', 'seed: 12345678901234567890', 'out-of-range 2:7'],
    ['name: small', 'name: ../up', 'out-of-range 1:7'],
    ['name: small', 'name: 3', 'wrong-type 1:7', /`"3"`/],
    ['input_shape: [28, 28, 1]', 'input_shape: [28, 0, 1]', 'out-of-range 11:23'],
    ['input_shape: [28, 28, 1]', 'input_shape: [28, 28, 1, 1]', 'out-of-range 11:18'],
    ['  mnist:\n', '  trials:\n', 'out-of-range 6:3'],
    ['  mnist:\n', '  my stage:\n', 'out-of-range 6:3'],
    ['source: mnist', 'source: mnist\n    train_images: x', 'bad-setting 9:5', /`idx`, `npy`, `npz`/],
    ['source: mnist', 'source: idx\n    train_image: x', 'unknown-key 9:5', /`train_images`/],
    [
      'source: mnist',
      'source: mnist\n    train_image: x',
      'unknown-key 9:5',
      /`train_images` is.*`idx`, `npy`, `npz`.*`normalize`, `notes`, `path`$/,
    ],
    ['source: mnist', 'source: idx', 'missing-key 6:3'],
    ['    source: mnist\n', '', 'missing-key 6:3', /`mnist`.*`npz`/],
    // Layers and optimizers.
    ['- Flatten', '- Flaten', 'unknown-value 13:9', /`Flatten`/],
    ['- Flatten', '- flatten', 'unknown-value 13:9', /`Flatten`/],
    ['- Flatten', '- Conv3D: { filters: 3 }', 'unknown-value 13:9'],
    ['- Flatten', '- conv2d: { filters: 3 }', 'unknown-value 13:9', /`Conv2D`/],
    ['- Flatten', '- Dense', 'missing-key 13:9', /`Dense: \{ units/],
    ['- Flatten', '- Dense:', 'missing-key 13:9'],
    ['- Flatten', '- Flatten:', 'wrong-type 13:9', /`- Flatten`/],
    ['- Flatten', '- Dense: 32', 'wrong-type 13:16', /`Dense: \{ units: 32 \}`/],
    ['- Flatten', '- Dense(32)', 'unknown-value 13:9', /`Dense: \{/],
    ['- Flatten', '- Dense: { unit: 3 }', 'unknown-key 13:18', /`units`/],
    ['- Flatten', '- Dense: { units:3 }', 'unknown-key 13:18', /`units: 3`/],
    ['- Flatten', '- Dense: { units: 3, activation: Relu }', 'unknown-value 13:40', /`relu`/],
    ['- Flatten', '- Conv2D: { filters: 3, kernal_size: 3 }', 'unknown-key 13:31', /`kernel_size`/],
    ['- Flatten', '- Conv2D: { filters: 3, kernel_size: [3] }', 'out-of-range 13:44'],
    ['- Flatten', '- Conv2D: { filters: 3, kernel_size: [3, x] }', 'wrong-type 13:48'],
    ['- Flatten', '- Conv2D:\n        filters: 3\n        kernel_size: 3', 'unknown-key 14:9', /indent/],
    ['- Flatten', '- Flatten: {}\n        ReLU: {}', 'out-of-range 14:9', /`- `/],
    ['- Flatten', '- 5', 'wrong-type 13:9'],
    ['- Flatten', '- [Flatten]', 'wrong-type 13:9'],
    ['- Flatten', '- {}', 'out-of-range 13:9'],
    ['- Flatten', '-', 'wrong-type 13:8'],
    ['{ Adam: { learning_rate: 1e-3 } }', 'adma', 'unknown-value 25:16', /`adam`/],
    ['{ Adam: { learning_rate: 1e-3 } }', '{ adam: {} }', 'unknown-value 25:18', /`Adam`/],
    ['{ Adam: { learning_rate: 1e-3 } }', '{ Adam: { lr: 1e-3 } }', 'unknown-key 25:26', /`learning_rate`/],
    ['{ Adam: { learning_rate: 1e-3 } }', '{ Adam: { learning_rate: 0 } }', 'out-of-range 25:41'],
    ['{ Adam: { learning_rate: 1e-3 } }', '{ Adam: {}, SGD: {} }', 'out-of-range 25:28'],
  ];
  for (const [before, after, expected, hint] of cases) {
    const result = await rig.load(having(before, after));
    assert.deepEqual(found(result), [expected], after);
    if (hint !== undefined) assert.match(hints(result), hint, after);
    assert.equal(result.located, undefined);
  }
});

test('a wrong parameter is shown where it is used, and points to where it is set', async (context) => {
  const rig = await makeRig(context);
  for (const [value, code] of [
    ['0', 'out-of-range'],
    ['-1', 'out-of-range'],
    ['sixteen', 'wrong-type'],
    ['1.5', 'wrong-type'],
    ['"16"', 'wrong-type'],
    ['[16]', 'wrong-type'],
    ['', 'wrong-type'],
  ] as const) {
    const result = await rig.load(having('latent_size: 16', `latent_size: ${value}`));
    assert.deepEqual(found(result), [`${code} 15:25`], value);
    assert.equal(result.diagnostics[0]?.related?.[0]?.range.start.line, 4, value);
  }
});

test('all mistakes are reported at once, in the order of the file', async (context) => {
  const rig = await makeRig(context);
  const result = await rig.load(`seed: x
stages:
  noisy:
    type: nosie
  mnist:
    type: dataset
    source: mnits
    source: mnist
    limit: 0
  model:
    type: model
    input_shape: [28, "28"]
    encoder: [Flatten, Dens, { Dense: { units: "\${params.latent}" } }]
    decoder: []
    name: x
`);
  assert.deepEqual(found(result), [
    'missing-key 1:1',
    'wrong-type 1:7',
    'unknown-value 4:11',
    'unknown-value 7:13',
    'duplicate-key 8:5',
    'out-of-range 9:12',
    'wrong-type 12:23',
    'unknown-value 13:24',
    'unknown-param 13:48',
    'out-of-range 14:14',
    'unknown-key 15:5',
  ]);
});

test('an error about a whole value replaces the errors inside it', async (context) => {
  const rig = await makeRig(context);
  assert.deepEqual(found(await rig.load('name: x\nstages: [a, b]\n')), ['wrong-type 2:9']);
  assert.deepEqual(found(await rig.load('name: x\nstages:\n')), ['wrong-type 2:1']);
  assert.deepEqual(found(await rig.load('name: x\nstages: {}\n')), ['out-of-range 2:9']);
  assert.deepEqual(found(await rig.load('- name: x\n')), ['wrong-type 1:1']);
  assert.deepEqual(found(await rig.load('just text\n')), ['wrong-type 1:1']);
  assert.deepEqual(found(await rig.load('name: x\nstages: { a: train }\n')), ['wrong-type 2:14']);
});

test('plugins add stage types; their problems are reported at their place in the file', async (context) => {
  const rig = await makeRig(context);
  const schema = {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'radius'],
    properties: {
      type: { const: 'blur' },
      radius: { anyOf: [{ type: 'integer', minimum: 1 }, { const: 'auto' }], description: 'How far.' },
      edge: { type: 'string', default: 'wrap' },
    },
  } as const;
  const text = 'name: x\nplugins: [./blur.ts]\nstages:\n  b:\n    type: blur\n    radius: 2\n';
  const asked: unknown[] = [];
  const loaded = await rig.load(text, {
    stageTypes: (plugins, folder) => {
      asked.push(plugins, folder);
      return Promise.resolve(types([stageType('blur', schema)]));
    },
  });
  assert.deepEqual(asked, [['./blur.ts'], rig.folder]);
  assert.deepEqual(loaded.located?.pipeline.stages.get('b'), { type: 'blur', radius: 2, edge: 'wrap' });
  assert.deepEqual(loaded.located?.pipeline.plugins, ['./blur.ts']);

  const other = await rig.load(text.replace('radius: 2', 'radius: -2'), {
    stageTypes: () => Promise.resolve(types([stageType('blur', schema)])),
  });
  assert.equal(other.diagnostics[0]?.range?.start.line, 6);
  assert.equal(other.located, undefined);

  const refused = await rig.load(text, {
    stageTypes: () =>
      Promise.resolve(
        types([], [{ plugin: 0, diagnostic: { code: 'plugin-refused', severity: 'error', message: 'no' } }]),
      ),
  });
  assert.deepEqual(found(refused), ['plugin-refused 2:11']);

  const broken = await rig.load(text, {
    stageTypes: () => Promise.resolve(types([stageType('blur', { type: 'object', propertees: {} })])),
  });
  assert.deepEqual(found(broken), ['plugin-invalid 5:11']);
});

test('every stage may have notes, which are no settings of its type', async (context) => {
  const rig = await makeRig(context);
  const text = `${having('    type: train\n', '    type: train\n    notes: "${params.latent_size} are *enough*"\n')}notes: |\n  # All in all\n`;
  const { located, diagnostics } = await rig.load(text);
  assert.deepEqual(diagnostics, []);
  assert.equal(located?.pipeline.stages.get('denoiser')?.['notes'], undefined);
  assert.deepEqual(notesOf(located?.resolved ?? {}), {
    pipeline: '# All in all\n',
    stages: new Map([['denoiser', '16 are *enough*']]),
  });

  await rig.write({ 'base.yaml': text });
  const extended = await rig.load('extends: base.yaml\nname: other\nstages:\n  denoiser: { notes: mine }\n', {
    overrides: ['notes=null', 'stages.mnist.notes=of digits'],
  });
  assert.deepEqual(extended.diagnostics, []);
  assert.deepEqual(notesOf(extended.located?.resolved ?? {}), {
    stages: new Map([
      ['mnist', 'of digits'],
      ['denoiser', 'mine'],
    ]),
  });

  const stage = (line: string) => rig.load(having('    type: train\n', `    type: train\n    ${line}\n`));
  assert.deepEqual(found(await stage('notes: [a]')), ['wrong-type 21:12']);
  assert.deepEqual(found(await stage(`notes: ${'a'.repeat(20_001)}`)), ['out-of-range 21:12']);
  const misspelt = await stage('note: a');
  assert.deepEqual(found(misspelt), ['unknown-key 21:5']);
  assert.match(misspelt.diagnostics[0]?.hint ?? '', /`notes`/);
});

test("Keras's other names mean the same settings, and so have the same keys", async (context) => {
  const rig = await makeRig(context);
  const settings = async (...change: readonly [string, string]): Promise<unknown> => {
    const { located, diagnostics } = await rig.load(having(...change));
    assert.deepEqual(diagnostics, [], change[1]);
    return located?.pipeline;
  };
  const losses = {
    mse: ['mean_squared_error', 'MeanSquaredError', 'MSE'],
    mae: ['mean_absolute_error', 'MeanAbsoluteError', 'MAE'],
    binary_crossentropy: ['bce', 'BCE', 'BinaryCrossentropy'],
  };
  for (const [name, others] of Object.entries(losses)) {
    for (const other of others) {
      assert.deepEqual(
        await settings('loss: mse', `loss: ${other}\n    metrics: [${other}]`),
        await settings('loss: mse', `loss: ${name}\n    metrics: [${name}]`),
      );
    }
  }
  const activations = { silu: 'swish', hard_silu: 'hard_swish', elu: 'celu' };
  for (const [name, other] of Object.entries(activations)) {
    const layer = (activation: string) =>
      settings('units: 64, activation: relu', `units: 64, activation: ${activation}`);
    assert.deepEqual(await layer(other), await layer(name));
  }
  const initializers = {
    glorot_normal: ['GlorotNormal'],
    zeros: ['zero', '{ Constant: { value: 0 } }'],
    orthogonal: ['Orthogonal', '{ Orthogonal: {} }', '{ Orthogonal: { gain: 1 } }'],
    random_uniform: ['uniform', 'RandomUniform', '{ RandomUniform: { minval: -0.05 } }'],
    random_normal: ['RandomNormal', '{ RandomNormal: {} }', '{ RandomNormal: { stddev: 0.05, mean: 0.0 } }'],
    lecun_normal: ['VarianceScaling', '{ VarianceScaling: {} }'],
    he_normal: ['{ VarianceScaling: { scale: 2, distribution: normal } }'],
    '{ TruncatedNormal: { mean: 0, stddev: 0.1 } }': ['{ TruncatedNormal: { stddev: 0.1 } }'],
  };
  for (const [name, others] of Object.entries(initializers)) {
    const layer = (initializer: string) =>
      settings('units: 64, activation: relu', `units: 64, kernel_initializer: ${initializer}`);
    const expected = await layer(name);
    for (const other of others) assert.deepEqual(await layer(other), expected, other);
    // A name stays a name: what is stored under its key is found again.
    if (!name.startsWith('{'))
      assert.ok(JSON.stringify(expected, unfolded).includes(`"kernel_initializer":"${name}"`), name);
  }
});

/** Maps as JSON. */
function unfolded(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

test('a mistake in an initializer is one diagnostic at its place', async (context) => {
  const rig = await makeRig(context);
  const cases: readonly (readonly [initializer: string, code: string, at: number, hint?: RegExp])[] = [
    ['foo', 'unknown-value', 0, /`he_normal`.*`RandomNormal`/],
    ['{ Foo: {} }', 'unknown-value', 2, /`he_normal`.*`RandomNormal`/],
    ['{ he_normal: { seed: 1 } }', 'unknown-value', 2, /alone/],
    ['{ he_normal: {} }', 'unknown-value', 2, /write `he_normal`/],
    ['{ RandomNormal: {}, Constant: {} }', 'out-of-range', 20],
    ['Constant', 'missing-key', 0, /`\{ Constant: \{ value: … \} \}`/],
    ['{ Constant: {} }', 'missing-key', 2],
    ['{ RandomNormal: { stddev: -1 } }', 'out-of-range', 26],
    ['{ RandomNormal: { std: 1 } }', 'unknown-key', 18, /`stddev`/],
    ['{ RandomNormal: { seed: 1 } }', 'unknown-key', 18, /seed of the pipeline/],
    ['{ VarianceScaling: { scale: 0 } }', 'out-of-range', 28],
    ['{ VarianceScaling: { mode: fanin } }', 'unknown-value', 27, /`fan_in`/],
    ['{ VarianceScaling: { distribution: gauss } }', 'unknown-value', 35, /`uniform`/],
  ];
  const before = 'units: 64, activation: relu';
  const line = VALID.slice(0, VALID.indexOf(before)).split('\n');
  const column = (line.at(-1) ?? '').length + 'units: 64, kernel_initializer: '.length + 1;
  for (const [initializer, code, at, hint] of cases) {
    const result = await rig.load(having(before, `units: 64, kernel_initializer: ${initializer}`));
    assert.deepEqual(found(result), [`${code} ${line.length}:${column + at}`], initializer);
    if (hint !== undefined) assert.match(hints(result), hint);
  }
});

test('features that only Keras has are reported with what to write instead', async (context) => {
  const rig = await makeRig(context);
  const cases: readonly (readonly [layer: string, code: string, hint: RegExp])[] = [
    ['LeakyReLU: { alpha: 0.1 }', 'unknown-key', /`negative_slope: 0\.1`/],
    ['ReLU: { negative_slope: 0.1 }', 'unknown-key', /LeakyReLU: \{ negative_slope: 0\.1 \}/],
    ['Dense: { units: 2, activation: sparsemax }', 'unknown-value', /softmax/],
  ];
  for (const [layer, code, hint] of cases) {
    const { diagnostics } = await rig.load(having('Dense: { units: 64, activation: relu }', layer));
    assert.deepEqual(
      diagnostics.map((each) => each.code),
      [code],
    );
    assert.match(diagnostics[0]?.hint ?? '', hint);
  }
});

test('a path with backslashes is warned of, on every system; one with a drive names this machine anyway', async (context) => {
  const rig = await makeRig(context);
  const codes = async (path: string): Promise<readonly string[]> =>
    (
      await rig.load(
        `name: p\nstages:\n  mine: { type: dataset, source: images, path: '${path}', color: gray, size: [8, 8] }\n`,
      )
    ).diagnostics.map(({ code, severity }) => `${severity} ${code}`);
  assert.ok((await codes('data\\photos')).includes('warning path-separator'));
  assert.ok(!(await codes('data/photos')).includes('warning path-separator'));
  assert.ok(!(await codes('C:\\data')).includes('warning path-separator'));
});
