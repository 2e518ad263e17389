/** `start_from` and `freeze` of a `train` stage: what `check` finds, where a training starts, and what it leaves as it is. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { Checkpoints } from '../../../src/artifacts/checkpoints.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { savedLayers } from '../../../src/layers/saved-files.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { modelNode } from '../../../src/nodes/model/node.ts';
import { inspectTrained } from '../../../src/nodes/train/inspect.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import type { ModelSettings, TrainSettings } from '../../../src/schema/generated/settings.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { contents, imageStage, modelStage, SHAPE, squares, TRAIN } from './rig.ts';

const shallow: Architecture = {
  input_shape: [...SHAPE],
  encoder: ['Flatten', layer('Dense', { units: 9, activation: 'relu' }), 'BatchNormalization'],
  decoder: [
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

/** The same with two layers around the latent, and noise at the input. */
const deep: Architecture = {
  input_shape: [...SHAPE],
  encoder: [layer('GaussianNoise', { stddev: 0.1 }), ...shallow.encoder, layer('Dense', { units: 4 })],
  decoder: [layer('Dense', { units: 9, activation: 'relu' }), ...shallow.decoder],
};

/** A block, kernels that are used twice, one of them in a layer without weights of its own, and statistics. */
const structured: Architecture = {
  input_shape: [...SHAPE],
  encoder: [
    'Flatten',
    layer('Dense', { units: 9, activation: 'relu' }),
    'BatchNormalization',
    layer('Residual', { layers: [layer('Dense', { units: 9 }), 'BatchNormalization'] }),
    layer('GroupNormalization', { groups: 3 }),
    layer('Dense', { units: 4 }),
  ],
  decoder: [
    layer('Dense', { tied_to: 6, activation: 'relu' }),
    layer('Dense', { tied_to: 2, use_bias: false, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

/** Its saved encoder has two layers for the quantizer. */
const quantized: Architecture = {
  input_shape: [...SHAPE],
  encoder: [
    'Flatten',
    layer('Dense', { units: 9 }),
    layer('VectorQuantizer', { codes: 5, commitment: 0.25 }),
  ],
  decoder: shallow.decoder,
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

interface Given {
  readonly root: string;
  readonly data: InputArtifact;
}

async function prepare(t: TestContext): Promise<Given> {
  const root = temporaryFolder(t);
  return { root, data: await imageStage(root, 'clean', { train: squares(70, 1), test: squares(20, 2) }) };
}

interface Training {
  readonly stage: string;
  readonly model: InputArtifact;
  readonly start?: InputArtifact;
  readonly settings?: Partial<TrainSettings>;
  readonly checkpoints?: Checkpoints;
}

async function train({ root, data }: Given, { stage, model, start, settings, checkpoints }: Training) {
  const inputs = { model, data, ...(start === undefined ? {} : { start_from: start }) };
  const full: TrainSettings = { ...TRAIN, epochs: 2, ...settings };
  const context = fakeContext(root, full, { stage, inputs, engine: async () => engine });
  const result = await trainNode.run({
    ...context,
    // Seeds are those of one stage, whichever folder it has.
    seed: fakeContext(root, full, { stage: 'seeded' }).seed,
    ...(checkpoints === undefined ? {} : { checkpoints }),
  });
  const artifact: InputArtifact = { stage, kind: 'trained-model', folder: context.folder };
  return { artifact, folder: context.folder, logs: context.logs, inputs, settings: full, result };
}

/** The weights of a saved model, by layer. */
async function weightsOf(folder: string, part: 'encoder' | 'decoder', set = 'model') {
  const layers = await savedLayers(join(folder, set, part));
  return layers.map(({ weights }) =>
    Object.fromEntries(weights.map(({ name, values }) => [name, [...values]])),
  );
}

async function models({
  root,
}: Given): Promise<{ readonly shallow: InputArtifact; readonly deep: InputArtifact }> {
  const one = await modelStage(engine, root, shallow);
  const below = temporaryFolderBelow(root);
  return { shallow: one, deep: await modelStage(engine, below, deep) };
}

function temporaryFolderBelow(root: string): string {
  return fakeContext(root, TRAIN, { stage: 'deeper' }).folder;
}

for (const [name, of] of Object.entries({ structured, quantized }))
  test(`a training starts from the trained weights: ${name}`, async (t) => {
    const given = await prepare(t);
    const model = await modelStage(engine, given.root, of);
    const first = await train(given, { stage: 'first', model });
    const held = engine.tf.memory().numTensors;
    // A learning rate that changes no number: what is saved is what it started from.
    const still = { SGD: { learning_rate: 1e-30, momentum: 0, nesterov: false } };
    const second = await train(given, {
      stage: 'second',
      model,
      start: first.artifact,
      settings: { optimizer: still },
    });
    assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');
    for (const part of ['encoder', 'decoder'] as const) {
      const [before, after] = [await weightsOf(first.folder, part), await weightsOf(second.folder, part)];
      for (const [index, weights] of before.entries()) {
        // The running statistics move on.
        const { moving_mean: _mean, moving_variance: _variance, ...learned } = weights;
        const { moving_mean: mean, moving_variance: _other, ...kept } = after[index] ?? {};
        assert.deepEqual(kept, learned);
        assert.ok(mean === undefined || mean.join() !== weights['moving_mean']?.join());
      }
    }
    assert.ok(second.logs.some((line) => line.includes('`first`')));
    assert.ok(!existsSync(join(second.folder, 'summary.txt')));
  });

test('frozen layers of a deeper model keep the weights of the shallower one to the bit', async (t) => {
  const given = await prepare(t);
  const { shallow: one, deep: two } = await models(given);
  const first = await train(given, { stage: 'first', model: one });
  // The dense layers and the normalization of `first`.
  const settings = { freeze: [3, 4, 7], validation: 'test' } as const;
  const second = await train(given, { stage: 'second', model: two, start: first.artifact, settings });
  for (const set of ['model', 'best']) {
    const encoder = await weightsOf(second.folder, 'encoder', set);
    const decoder = await weightsOf(second.folder, 'decoder', set);
    assert.deepEqual(encoder.slice(0, 2), await weightsOf(first.folder, 'encoder'));
    assert.deepEqual(decoder.slice(1), await weightsOf(first.folder, 'decoder'));
  }
  const summary = readFileSync(join(second.folder, 'summary.txt'), 'utf8');
  const [trained, fixed] = [9 * 4 + 4 + 4 * 9 + 9, 144 * 9 + 9 + 4 * 9 + 9 * 144 + 144];
  assert.match(summary, new RegExp(`Trainable params: ${trained} `));
  assert.match(summary, new RegExp(`Non-trainable params: ${fixed.toLocaleString('en-US')} `));
  assert.deepEqual(second.result.highlights, ['history.csv', 'summary.txt']);
  // A saved model is like that of any other training.
  for (const part of ['encoder', 'decoder', 'autoencoder'])
    assert.equal(
      readFileSync(join(second.folder, 'model', part, 'model.json'), 'utf8'),
      readFileSync(join(two.folder, part, 'model.json'), 'utf8'),
    );

  const { metrics = {} } = await inspectTrained(
    fakeContext(
      given.root,
      { stage: 'second', train: { ...second.settings }, seed: 1 },
      {
        stage: 'inspection',
        inputs: { trained: second.artifact, ...second.inputs },
        engine: async () => engine,
      },
    ),
  );
  const measured = metrics['val_loss'] ?? Number.NaN;
  assert.ok(Math.abs(measured - (second.result.metrics?.['val_loss'] ?? 0)) < 1e-6);
  // Without the start, the frozen weights would be unrelated to the initial ones.
  assert.ok((metrics['initial_similarity'] ?? 0) > 0.9);
});

test('only the encoder is taken: the decoder can have other layers; a frozen block keeps its weights to the bit', async (t) => {
  const given = await prepare(t);
  const first = await train(given, {
    stage: 'first',
    model: await modelStage(engine, given.root, structured),
  });
  const other: Architecture = {
    ...structured,
    decoder: [
      layer('Dense', { units: 7, activation: 'relu' }),
      layer('Dense', { units: 144, activation: 'sigmoid' }),
      layer('Reshape', { target_shape: [...SHAPE] }),
    ],
  };
  const model = await modelStage(engine, temporaryFolderBelow(given.root), other);
  await assert.rejects(
    train(given, { stage: 'whole', model, start: first.artifact }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'shape-mismatch',
  );
  // The first dense layer and the block.
  const settings = { start_part: 'encoder', freeze: [2, 4] } as const;
  const second = await train(given, { stage: 'second', model, start: first.artifact, settings });
  const [before, after] = [
    await weightsOf(first.folder, 'encoder'),
    await weightsOf(second.folder, 'encoder'),
  ];
  const [kept, trained] = [
    [0, 2, 3],
    [1, 4, 5],
  ];
  for (const index of kept ?? []) assert.deepEqual(after[index], before[index]);
  for (const index of trained ?? []) assert.notDeepEqual(after[index], before[index]);
  assert.ok(second.logs.some((line) => /`dense_\d+`.*with initial weights/.test(line)));
});

test('a training that starts from another resumes to the same bits', async (t) => {
  const given = await prepare(t);
  const { shallow: one, deep: two } = await models(given);
  const { artifact: start } = await train(given, { stage: 'first', model: one });
  const settings = { freeze: 'encoder', epochs: 3, optimizer: TRAIN.optimizer } as const;
  const whole = await train(given, { stage: 'whole', model: two, start, settings });
  const checkpoints = new Checkpoints(join(given.root, 'checkpoints'));
  await train(given, { stage: 'part', model: two, start, checkpoints, settings: { ...settings, epochs: 1 } });
  const resumed = await train(given, { stage: 'resumed', model: two, start, checkpoints, settings });
  assert.ok(resumed.logs.some((line) => line.includes('resumes after epoch 1')));
  assert.deepEqual(contents(resumed.folder), contents(whole.folder));
});

test('layers that do not fit are found when the model of a plugin is loaded', async (t) => {
  const given = await prepare(t);
  const { shallow: one } = await models(given);
  const { artifact: start } = await train(given, { stage: 'first', model: one });
  const wider: Architecture = {
    ...shallow,
    encoder: ['Flatten', layer('Dense', { units: 10 })],
    decoder: [...shallow.decoder],
  };
  const model = await modelStage(engine, temporaryFolderBelow(temporaryFolder(t)), wider);
  await assert.rejects(train(given, { stage: 'second', model, start }), (error) => {
    assert.ok(error instanceof Failure);
    const [problem] = error.diagnostics;
    assert.deepEqual([problem?.code, problem?.at], ['shape-mismatch', ['start_from']]);
    assert.match(problem?.message ?? '', /144x9.*144x10/);
    return true;
  });
  await assert.rejects(
    train(given, { stage: 'third', model, settings: { freeze: [1, 2, 3] } }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting',
  );
});

const IMAGES = { kind: 'images', shape: SHAPE, range: [0, 1], splits: ['train', 'test'] } as const;

function describe(architecture: Architecture): OutputDescription | undefined {
  return modelNode.analyze({
    stage: 'autoencoder',
    settings: { type: 'model', ...architecture } as ModelSettings,
    inputs: {},
    references: {},
    report: ({ message }) => assert.fail(message),
  });
}

/** What `check` finds; by default the deep model starts from a training of the shallow one. */
function found(
  settings: Partial<TrainSettings>,
  { model = deep, start = shallow as Architecture | null, range = [0, 1] as readonly [number, number] } = {},
): readonly string[] {
  const findings: Finding[] = [];
  const analyze = (inputs: Record<string, OutputDescription | undefined>, own: Partial<TrainSettings>) =>
    trainNode.analyze({
      stage: 'trained',
      settings: { ...TRAIN, ...own },
      inputs,
      references: {
        model: 'autoencoder',
        data: 'clean',
        ...(start === null ? {} : { start_from: 'first' }),
      },
      report: (finding) => findings.push(finding),
    });
  const first =
    start === null ? undefined : analyze({ model: describe(start), data: { ...IMAGES, range } }, {});
  assert.equal(findings.length, 0);
  analyze(
    { model: describe(model), data: IMAGES, ...(first === undefined ? {} : { start_from: first }) },
    settings,
  );
  return findings.map(({ code, severity = 'error', at }) => `${severity} ${code} ${at.join('.')}`);
}

test('what fits is not reported', () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({}, { model: shallow, start: deep }), []);
  assert.deepEqual(found({ freeze: [2, 3, 4, 8] }), []);
  assert.deepEqual(found({ freeze: 'encoder' }, { model: shallow }), []);
  for (const model of [structured, quantized])
    assert.deepEqual(found({ freeze: [2] }, { model, start: model }), []);
  // The block is layer 4, and the last tied layer has only the kernel of layer 2.
  assert.deepEqual(found({ freeze: [2, 4, 6, 7] }, { model: structured, start: structured }), []);
  assert.deepEqual(found({ freeze: 'encoder' }, { model: structured, start: structured }), []);
  // Layer 8 has no bias, and its kernel is that of layer 2.
  assert.deepEqual(found({ freeze: [2, 8] }, { model: structured, start: structured }), []);
  assert.deepEqual(found({ freeze: [3, 8] }, { model: structured, start: structured }), [
    'warning bad-setting freeze',
  ]);
});

test('layers that do not fit, numbers beyond the last layer, and frozen models are refused at their place', () => {
  const wider = { ...shallow, encoder: ['Flatten', layer('Dense', { units: 10 })] as const };
  assert.deepEqual(found({}, { model: wider }), ['error shape-mismatch start_from']);
  assert.deepEqual(found({ freeze: [3, 9, 10] }), [
    'error out-of-range freeze.1',
    'error out-of-range freeze.2',
  ]);
  assert.deepEqual(found({ freeze: [3, 4, 5, 6, 7] }), ['error bad-setting freeze']);
});

test('a part of the model is taken, and only that has to fit', () => {
  const wide = [layer('Dense', { units: 10 }), layer('Reshape', { target_shape: [10] }), ...shallow.decoder];
  const model = { ...shallow, decoder: wide };
  assert.deepEqual(found({}, { model }), ['error shape-mismatch start_from']);
  assert.deepEqual(found({ start_part: 'encoder' }, { model }), []);
  assert.deepEqual(found({ start_part: 'decoder' }, { model }), ['error shape-mismatch start_from']);
  assert.deepEqual(found({ start_part: 'encoder' }, { start: null }), ['error bad-setting start_part']);
  assert.deepEqual(found({ start_part: 'decoder', freeze: 'encoder' }, { model: shallow }), [
    'warning bad-setting freeze',
  ]);
});

test('frozen random weights, frozen layers without weights and images of another scale are pointed out', () => {
  const warning = ['warning bad-setting freeze'];
  assert.deepEqual(found({ freeze: 'encoder' }, { start: null }), warning);
  // The new layer of the encoder has no weights of `first`.
  assert.deepEqual(found({ freeze: 'encoder' }), warning);
  assert.deepEqual(found({ freeze: [1, 2] }), warning);
  assert.deepEqual(found({}, { range: [0, 0.1] }), ['warning bad-setting data']);
});
