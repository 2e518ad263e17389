/** What `check` finds in a `train` stage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrainSettings } from '../../../src/schema/generated/settings.ts';
import type { AnalysisContext, Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import { TRAIN } from './rig.ts';

type Model = Extract<OutputDescription, { kind: 'model' }>;
type Images = Extract<OutputDescription, { kind: 'images' }>;

const MODEL: Model = {
  kind: 'model',
  inputShape: [28, 28, 1],
  latentShape: [16],
  outputShape: [28, 28, 1],
  outputActivation: 'sigmoid',
};

const CLEAN: Images = { kind: 'images', shape: [28, 28, 1], range: [0, 1], splits: ['train', 'test'] };

interface Case {
  readonly settings?: Partial<TrainSettings>;
  readonly model?: Partial<Model>;
  readonly data?: Partial<Images>;
  readonly target?: Partial<Images>;
}

function analyze({ settings, model, data, target }: Case): {
  readonly findings: readonly Finding[];
  readonly output: OutputDescription | undefined;
} {
  const findings: Finding[] = [];
  const context: AnalysisContext<TrainSettings> = {
    stage: 'trained',
    settings: { ...TRAIN, ...settings },
    inputs: {
      model: { ...MODEL, ...model },
      data: { ...CLEAN, ...data },
      ...(target === undefined ? {} : { target: { ...CLEAN, ...target } }),
    },
    references: { model: 'autoencoder', data: 'mnist', ...(target === undefined ? {} : { target: 'clean' }) },
    report: (finding) => findings.push(finding),
  };
  return { output: trainNode.analyze(context), findings };
}

/** Code, severity and place of each finding. */
function found(item: Case): readonly string[] {
  return analyze(item).findings.map(
    ({ code, severity, at }) => `${severity ?? 'error'} ${code} ${at.join('.')}`,
  );
}

test('a valid stage is described', () => {
  const { findings, output } = analyze({});
  assert.deepEqual(findings, []);
  assert.deepEqual(output, {
    kind: 'trained-model',
    inputShape: [28, 28, 1],
    latentShape: [16],
    outputShape: [28, 28, 1],
    data: 'mnist',
    target: 'mnist',
    range: [0, 1],
    denoiser: false,
    loss: 'mse',
    previews: false,
    regularized: false,
    measured: ['loss', 'val_loss'],
  });
});

test('a denoiser is a model whose data is a corruption of its target', () => {
  const denoiser = (item: Case): unknown => {
    const { output } = analyze(item);
    return output?.kind === 'trained-model' && output.denoiser;
  };
  assert.equal(denoiser({ data: { corruptionOf: 'clean' }, target: {} }), true);
  assert.equal(denoiser({ data: { corruptionOf: 'other' }, target: {} }), false);
  assert.equal(denoiser({ target: {} }), false);
});

test('noise as its own target is pointed out', () => {
  assert.deepEqual(found({ data: { corruptionOf: 'clean' } }), ['warning bad-setting data']);
});

test('a model that learns noise is pointed out, at the target; noise2noise is not', () => {
  const noisy = { corruptionOf: 'mnist' };
  assert.deepEqual(found({ target: noisy }), ['warning bad-setting target']);
  assert.deepEqual(found({ target: { corruptionOf: 'elsewhere' } }), ['warning bad-setting target']);
  // `data` is the stage `mnist` of these tests, here noisy itself.
  const data = { corruptionOf: 'root' };
  assert.deepEqual(found({ data, target: { corruptionOf: 'root', noiseOn: ['root'] } }), []);
  assert.deepEqual(found({ data, target: { corruptionOf: 'root', noiseOn: ['root', 'mnist'] } }), [
    'warning bad-setting target',
  ]);
  assert.deepEqual(found({ data, target: { corruptionOf: 'other' } }), ['warning bad-setting target']);
});

test('a model of vectors does not accept images, and the hint says what does', () => {
  const flat = { model: { inputShape: [784], outputShape: [784] } };
  assert.deepEqual(found(flat), ['error shape-mismatch model']);
  const [finding] = analyze(flat).findings;
  assert.match(finding?.hint ?? '', /input_shape: \[28, 28, 1\].*Flatten/);
  assert.deepEqual(finding?.related?.at, ['input_shape']);
  assert.equal(finding?.related?.stage, 'autoencoder');
});

test('a target of another size than the output is found', () => {
  assert.deepEqual(found({ target: { shape: [14, 14, 1] } }), ['error shape-mismatch target']);
});

test('shapes that depend on the files are left to the run', () => {
  const { shape: _, ...unknown } = CLEAN;
  const findings: Finding[] = [];
  trainNode.analyze({
    stage: 'trained',
    settings: TRAIN,
    inputs: { model: MODEL, data: unknown },
    references: { model: 'autoencoder', data: 'mnist' },
    report: (finding) => findings.push(finding),
  });
  assert.deepEqual(findings, []);
});

test('inputs that could not be described cause no findings of their own', () => {
  const findings: Finding[] = [];
  const output = trainNode.analyze({
    stage: 'trained',
    settings: TRAIN,
    inputs: { model: undefined, data: undefined },
    references: { model: 'autoencoder', data: 'mnist' },
    report: (finding) => findings.push(finding),
  });
  assert.deepEqual([findings, output], [[], undefined]);
});

test('cross-entropy wants a sigmoid, and targets from 0 to 1', () => {
  const settings = { loss: 'binary_crossentropy' } as const;
  assert.deepEqual(found({ settings }), []);
  for (const outputActivation of ['linear', 'relu', 'softmax', 'tanh']) {
    assert.deepEqual(found({ settings, model: { outputActivation } }), ['error loss-output-mismatch loss']);
  }
  assert.deepEqual(found({ settings, data: { range: [0, 255] } }), ['error loss-output-mismatch loss']);
  assert.deepEqual(
    found({ settings: { metrics: ['mae', 'binary_crossentropy'] }, data: { range: [0, 255] } }),
    ['warning loss-output-mismatch loss', 'error loss-output-mismatch metrics.1'],
  );
});

test('targets that the last activation cannot reach are pointed out', () => {
  assert.deepEqual(found({ data: { range: [0, 255] } }), ['warning loss-output-mismatch loss']);
  assert.deepEqual(found({ data: { range: [-1, 1] }, model: { outputActivation: 'relu' } }), [
    'warning loss-output-mismatch loss',
  ]);
  assert.deepEqual(found({ data: { range: [-1, 1] }, model: { outputActivation: 'tanh' } }), []);
  assert.deepEqual(found({ data: { range: [0, 255] }, model: { outputActivation: 'linear' } }), []);
});

test('missing splits are reported where they are requested', () => {
  const data: Partial<Images> = { splits: ['train'] };
  assert.deepEqual(found({ data }), ['error missing-split validation']);
  assert.deepEqual(found({ data, settings: { validation: 0.1 } }), []);
  const preview = { rows: 4, columns: 4, every: 1, split: 'test' } as const;
  assert.deepEqual(found({ data, settings: { validation: 'none', preview } }), [
    'error missing-split preview.split',
  ]);
  assert.deepEqual(found({ data: { splits: ['test'] } }), ['error missing-split data']);
  assert.deepEqual(found({ target: { splits: ['train'] } }), ['error missing-split validation']);
});

test('early stopping needs the quantity that it monitors', () => {
  const early_stopping = {
    monitor: 'val_loss',
    patience: 0,
    min_delta: 0,
    restore_best_weights: false,
  } as const;
  assert.deepEqual(found({ settings: { early_stopping, validation: 'none' } }), [
    'error bad-setting early_stopping.monitor',
  ]);
  assert.deepEqual(found({ settings: { early_stopping } }), []);
});

test('previews show gray and colour images only', () => {
  const preview = { rows: 4, columns: 4, every: 1, split: 'test' } as const;
  const shape = [28, 28, 2] as const;
  const model = { inputShape: shape, outputShape: shape };
  assert.deepEqual(found({ settings: { preview }, data: { shape }, model }), ['error bad-setting preview']);
});

test('two limits on gradients are refused, at the second one', () => {
  const limited = (limits: object): readonly string[] =>
    found({
      settings: { optimizer: { SGD: { learning_rate: 0.1, momentum: 0, nesterov: false, ...limits } } },
    });
  assert.deepEqual(limited({ clipnorm: 1 }), []);
  assert.deepEqual(limited({ clipvalue: 1, global_clipnorm: 2 }), [
    'error bad-setting optimizer.SGD.global_clipnorm',
  ]);
});
