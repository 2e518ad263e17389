/** What `check` finds about learning rates in a `train` stage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LearningRate, TrainSettings } from '../../../src/schema/generated/settings.ts';
import { checkLearningRate } from '../../../src/nodes/train/rate-checks.ts';
import { TRAIN } from './rig.ts';

/** Code and place of each finding, and of its related place. */
function found(settings: Partial<TrainSettings>): readonly string[] {
  const findings: string[] = [];
  checkLearningRate({
    settings: { ...TRAIN, ...settings },
    report: ({ code, at, related }) =>
      findings.push([`${code} ${at.join('.')}`, ...(related?.at ?? [])].join(' ')),
  });
  return findings;
}

function withRate(learning_rate: LearningRate): Partial<TrainSettings> {
  return { optimizer: { SGD: { learning_rate, momentum: 0, nesterov: false } } };
}

const cosine = {
  initial_learning_rate: 0.1,
  decay_steps: 10,
  alpha: 0,
  warmup_target: null,
  warmup_steps: 0,
};
const plateau = {
  monitor: 'val_loss',
  factor: 0.1,
  patience: 10,
  min_delta: 1e-4,
  cooldown: 0,
  min_lr: 0,
} as const;

test('valid settings cause no remark', () => {
  for (const settings of [
    {},
    { optimizer: 'adam' },
    { optimizer: 'adam', reduce_lr_on_plateau: plateau },
    withRate({ CosineDecay: cosine }),
    withRate({ CosineDecay: { ...cosine, initial_learning_rate: 0, warmup_target: 0.1, warmup_steps: 3 } }),
    withRate({ PiecewiseConstantDecay: { boundaries: [0, 5, 6], values: [1, 2, 0, 3] } }),
    { reduce_lr_on_plateau: { ...plateau, monitor: 'loss' }, validation: 'none' },
  ] as const) {
    assert.deepEqual(found(settings), []);
  }
});

test('a warm-up needs a target and steps, and a rate of 0 a warm-up', () => {
  const at = 'bad-setting optimizer.SGD.learning_rate.CosineDecay';
  assert.deepEqual(found(withRate({ CosineDecay: { ...cosine, warmup_steps: 5 } })), [`${at}.warmup_steps`]);
  assert.deepEqual(found(withRate({ CosineDecay: { ...cosine, warmup_target: 0.2 } })), [
    `${at}.warmup_target`,
  ]);
  assert.deepEqual(found(withRate({ CosineDecay: { ...cosine, initial_learning_rate: 0 } })), [
    `${at}.initial_learning_rate`,
  ]);
});

test('boundaries ascend, and there is one value more', () => {
  const at = ['optimizer', 'SGD', 'learning_rate', 'PiecewiseConstantDecay'];
  const piecewise = (boundaries: readonly number[], values: readonly number[]): readonly string[] =>
    found(withRate({ PiecewiseConstantDecay: { boundaries, values } }));
  assert.deepEqual(piecewise([5, 5], [1, 2, 3]), [`bad-setting ${at.join('.')}.boundaries.1`]);
  assert.deepEqual(piecewise([1, 7, 5], [1, 2, 3, 4]), [`bad-setting ${at.join('.')}.boundaries.2`]);
  for (const values of [
    [1, 2],
    [1, 2, 3, 4],
  ]) {
    assert.deepEqual(piecewise([5, 6], values), [
      `bad-setting ${at.join('.')}.values ${[...at, 'boundaries'].join(' ')}`,
    ]);
  }
});

test('a plateau needs the quantity that it monitors, a constant rate, and room below it', () => {
  assert.deepEqual(found({ reduce_lr_on_plateau: plateau, validation: 'none' }), [
    'bad-setting reduce_lr_on_plateau.monitor',
  ]);
  assert.deepEqual(found({ ...withRate({ CosineDecay: cosine }), reduce_lr_on_plateau: plateau }), [
    'bad-setting reduce_lr_on_plateau optimizer SGD learning_rate',
  ]);
  assert.deepEqual(found({ optimizer: 'sgd', reduce_lr_on_plateau: { ...plateau, min_lr: 0.01 } }), [
    'bad-setting reduce_lr_on_plateau.min_lr optimizer SGD learning_rate',
  ]);
});
