/** Learning rates that change: compiled and op by op, the same numbers. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { currentRate } from '../../../src/engine/train/optimizers/learning-rate.ts';
import type { ScheduleChoice } from '../../../src/engine/train/optimizers/schedules.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { readVariables } from '../../../src/engine/train/state.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer } from '../../layers/specs.ts';
import { assertAgree, COUNT, nativeEngine, start, trainAndMeasure, work } from './rig.ts';

let engine: Engine;
before(async () => {
  engine = await nativeEngine();
});

const architecture: Architecture = {
  input_shape: [12],
  encoder: [layer('Dense', { units: 6, activation: 'relu' })],
  decoder: [layer('Dense', { units: 12, activation: 'sigmoid' })],
};

const initial_learning_rate = 0.5;

/** 44 steps are taken: each schedule has its ends and stairs among them, at numbers whose reciprocals are rounded. */
const SCHEDULES: readonly ScheduleChoice[] = [
  { ExponentialDecay: { initial_learning_rate, decay_steps: 41, decay_rate: 0.01, staircase: false } },
  { ExponentialDecay: { initial_learning_rate, decay_steps: 41, decay_rate: 0.01, staircase: true } },
  { InverseTimeDecay: { initial_learning_rate, decay_steps: 3, decay_rate: 2, staircase: true } },
  {
    CosineDecay: {
      initial_learning_rate: 0,
      decay_steps: 29,
      alpha: 0,
      warmup_target: 0.5,
      warmup_steps: 7,
    },
  },
  { PiecewiseConstantDecay: { boundaries: [10, 11, 30], values: [0.5, 0.1, 0.3, 0] } },
  {
    PolynomialDecay: {
      initial_learning_rate,
      decay_steps: 13,
      end_learning_rate: 0,
      power: 0.5,
      cycle: true,
    },
  },
];

for (const learning_rate of SCHEDULES) {
  test(JSON.stringify(learning_rate), async () => {
    const optimizer = { SGD: { learning_rate, momentum: 0.5, nesterov: true } };
    const eager = await trainAndMeasure(engine, architecture, 'eager', { optimizer });
    for (const mode of ['xla', 'webassembly'] as const)
      assertAgree(await trainAndMeasure(engine, architecture, mode, { optimizer }), eager);
  });
}

test('a rate that is set between two epochs is that of the next', async () => {
  for (const mode of ['eager', 'xla'] as const) {
    const optimizer = { SGD: { learning_rate: 0.5, momentum: 0, nesterov: false } };
    const { trainer, dispose } = start(engine, architecture, mode, { optimizer });
    const rate = currentRate(engine.tf, 0.5, trainer.state);
    const epoch = async () => {
      await trainer.trainEpoch(rowNumbers(COUNT), work);
      return readVariables(trainer.weights);
    };
    const first = await epoch();
    assert.equal(await rate.read(), 0.5);
    const second = await epoch();
    assert.notDeepEqual(second, first, mode);
    rate.set?.(0);
    assert.deepEqual(await epoch(), second, mode);
    rate.set?.(0.5);
    assert.notDeepEqual(await epoch(), second, mode);
    dispose();
  }
});
