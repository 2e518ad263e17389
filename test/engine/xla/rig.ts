/** Trains one model twice, op by op and compiled, and compares what comes out. */
import assert from 'node:assert/strict';
import type { LayersModel } from '@tensorflow/tfjs';
import type { NamedArray } from '../../../src/formats/safetensors.ts';
import { Philox, permutation } from '../../../src/core/philox.ts';
import { compiledTrainer } from '../../../src/engine/train/compiled.ts';
import type { Target } from '../../../src/engine/train/target.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { webAssemblyTarget } from '../../../src/engine/webassembly/target.ts';
import { xlaTarget } from '../../../src/engine/xla/target.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { ensureEngine } from '../../../src/engine/tensorflow/install.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { eagerTrainer } from '../../../src/engine/train/eager.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { rowNumbers, type HeldSamples, type SamplePair } from '../../../src/engine/train/samples.ts';
import { readVariables } from '../../../src/engine/train/state.ts';
import type { Measured, Trainer, TrainerOptions, WorkOptions } from '../../../src/engine/train/trainer.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture, Shape } from '../../../src/layers/layer.ts';
import { seedsOf } from '../../layers/specs.ts';

/** Only TensorFlow has graphs. Both it and the kernels are installed, if they are not. */
export async function nativeEngine(): Promise<Engine> {
  await ensureEngine('native', () => undefined, new AbortController().signal);
  return loadEngine({ choice: 'native', threads: 1 });
}

export const work: WorkOptions = { signal: new AbortController().signal };

/** Ten whole batches, and two samples more. */
export const BATCH = 4;
export const COUNT = 10 * BATCH + 2;

/** Bytes that represent intensities from 0 to 1. */
export function bytes(shape: Shape, count = COUNT, seed = 1): HeldSamples {
  const values = new Float32Array(shape.reduce((product, length) => product * length, count));
  new Philox([seed, 0]).uniform(values);
  const data = Uint8Array.from(values, (value) => value * 256);
  return { data, count, shape, scale: 1 / 255, offset: 0 };
}

export type Settings = Partial<Omit<TrainerOptions, 'model' | 'step'>>;

export const gentle = { SGD: { learning_rate: 0.01, momentum: 0, nesterov: false } } as const;

export interface Run {
  readonly trainer: Trainer;
  readonly model: LayersModel;
  dispose(): void;
}

export type TestedEngine = Pick<Engine, 'tf'>;

export type Mode = 'eager' | 'xla' | 'webassembly';

let executor: Executor | undefined;

/** The executor needs no TensorFlow: any tfjs may hold the variables. */
export function executorOfTests(): Executor {
  return (executor ??= new Executor({ threads: 2 }));
}

function targetOf(tf: Engine['tf'], mode: 'xla' | 'webassembly'): Target {
  return mode === 'xla' ? xlaTarget(tf) : webAssemblyTarget(tf, executorOfTests());
}

/** A trainer of a fresh model; equal calls begin with equal weights. */
export function start(engine: TestedEngine, architecture: Architecture, mode: Mode, settings: Settings): Run {
  const { tf } = engine;
  const models = buildAutoencoder(tf, architecture, seedsOf(1));
  const x = bytes(architecture.input_shape);
  const options: TrainerOptions = {
    model: models.autoencoder,
    step: models.step,
    optimizer: gentle,
    loss: 'mse',
    metrics: [],
    data: { x, y: x },
    batchSize: BATCH,
    ...settings,
  };
  const trainer =
    mode === 'eager' ? eagerTrainer(tf, options) : compiledTrainer(tf, options, targetOf(tf, mode));
  return {
    trainer,
    model: models.autoencoder,
    dispose() {
      trainer.dispose();
      disposeAutoencoder(models);
    },
  };
}

export interface Outcome {
  /** Of each epoch in training, then of the evaluation. */
  readonly measures: readonly Measured[];
  readonly state: readonly NamedArray[];
  /** The trained model's outputs for a few samples. */
  readonly outputs: readonly number[];
}

export interface TrainOptions {
  readonly epochs?: number;
  /** Relative change of all weights before the training. */
  readonly nudge?: number;
}

/** Epochs, of eleven steps unless the settings say otherwise, an evaluation and a prediction. */
export async function trainAndMeasure(
  engine: TestedEngine,
  architecture: Architecture,
  mode: Mode,
  settings: Settings = {},
  { epochs = 4, nudge = 0 }: TrainOptions = {},
): Promise<Outcome> {
  const { trainer, model, dispose } = start(engine, architecture, mode, settings);
  try {
    const { tf } = engine;
    for (const { variable } of nudge === 0 ? [] : trainer.weights)
      tf.tidy(() => variable.assign(variable.mul(1 + nudge)));
    const { batchSize = BATCH } = settings;
    const count = settings.data?.x.count ?? COUNT;
    const measures: Measured[] = [];
    for (let epoch = 1; epoch <= epochs; epoch++) {
      measures.push(await trainer.trainEpoch(permutation([epoch, 3], count), work));
    }
    const x = bytes(architecture.input_shape, COUNT, 2);
    const pair: SamplePair = { x, y: x };
    measures.push(await trainer.evaluate(pair, rowNumbers(COUNT), work));
    const options = { batchSize, signal: work.signal };
    const outputs = await predictAll(
      { tf, ...(mode === 'webassembly' ? { executor: executorOfTests() } : {}) },
      model,
      x,
      // A whole batch, and one of 1.
      rowNumbers(Math.min(batchSize + 1, COUNT)),
      options,
    );
    return { measures, state: await readVariables(trainer.state), outputs: [...outputs] };
  } finally {
    dispose();
  }
}

/** Relative, for losses and metrics. */
const MEASURE_TOLERANCE = 1e-5;

/** Absolute, for weights and outputs, whose size is around 1. */
const STATE_TOLERANCE = 1e-4;

export function assertAgree(actual: Outcome, expected: Outcome): void {
  for (const { text, distance } of distances(actual, expected)) assert.ok(distance <= 1, text);
}

/** The difference of one kind of number, in units of the allowed one. */
export interface Distance {
  readonly text: string;
  readonly distance: number;
}

export function distances(actual: Outcome, expected: Outcome): readonly Distance[] {
  assert.deepEqual(actual.measures.map(Object.keys), expected.measures.map(Object.keys));
  const measures = actual.measures.flatMap((measured, index) =>
    Object.entries(measured).map(([name, value]) => {
      const wanted = Object.entries(expected.measures[index] ?? {}).find(([key]) => key === name)?.[1];
      return distanceOf(
        `${name} of measure ${index + 1}`,
        [value],
        [wanted ?? Number.NaN],
        (size) => size * MEASURE_TOLERANCE,
      );
    }),
  );
  assert.equal(actual.state.length, expected.state.length);
  const states = actual.state.map(({ name, data }, index) =>
    distanceOf(name, data, expected.state[index]?.data ?? [], () => STATE_TOLERANCE),
  );
  return [
    ...measures,
    ...states,
    distanceOf('an output', actual.outputs, expected.outputs, () => STATE_TOLERANCE),
  ];
}

function distanceOf(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: (size: number) => number,
): Distance {
  assert.equal(actual.length, expected.length, name);
  let farthest: Distance = { text: '', distance: 0 };
  for (const [at, value] of Array.from(actual).entries()) {
    const wanted = expected[at] ?? Number.NaN;
    const distance =
      value === wanted || Object.is(value, wanted) ? 0 : Math.abs(value - wanted) / allowed(Math.abs(wanted));
    if (distance <= farthest.distance) continue;
    farthest = { text: `${name}: element ${at} is ${value}, but eagerly ${wanted}`, distance };
    if (Number.isNaN(distance)) return { ...farthest, distance: Infinity };
  }
  return farthest;
}
