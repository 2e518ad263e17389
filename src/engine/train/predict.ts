/** Runs samples through a model. */
import type { LayersModel } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import { classesOf, conditioned, withLabels } from './condition.ts';
import { forwardWithLogits } from './forward.ts';
import { computeRows, type ForwardEngine, type RowOptions, type RowWork } from './rows.ts';
import type { Samples } from './samples.ts';
import { weightsOf } from './step.ts';

/** The outputs for some rows. */
export interface PredictedRows {
  /** The numbers of the samples. */
  readonly rows: Int32Array;
  /** Row-major [rows.length, ...output shape]. */
  readonly outputs: Float32Array;
}

/**
 * Computes a model's outputs as in inference, some batches at a time.
 *
 * @param model of one output, and of one input, which has as many values as a sample. A conditional model also takes the labels
 * @param rows numbers of samples, in the order in which their outputs are returned
 * @throws Failure `interrupted` once the signal is aborted
 */
export async function* predictBatches(
  engine: ForwardEngine,
  model: LayersModel,
  samples: Samples,
  rows: Int32Array,
  options: RowOptions,
): AsyncGenerator<PredictedRows> {
  const shaped = { ...samples, shape: modelShapes(model).inputShape };
  const work = {
    samples: withLabels([shaped], classesOf(model)),
    ...forwardWork(engine.tf, model),
  };
  for await (const { rows: part, results } of computeRows(engine, work, rows, options))
    yield { rows: part, outputs: results[0] ?? new Float32Array() };
}

/** A model's outputs, as work on rows. */
export function forwardWork(tf: Tf, model: LayersModel): Omit<RowWork, 'samples'> {
  const forward = forwardWithLogits(tf, model);
  return {
    state: modelState(tf, model),
    compute: (inputs) => {
      const { rest, join } = conditioned(tf, inputs, classesOf(model));
      const [x] = rest;
      if (x === undefined) throw new TypeError('a model without an input');
      return [forward(join(x), false).values];
    },
  };
}

/** A model's weights, by the names that they have in programs. */
export function modelState(tf: Tf, model: LayersModel): RowWork['state'] {
  return weightsOf(tf, model).map(({ name, variable }) => ({ name: `weights/${name}`, variable }));
}

/** The outputs of `predictBatches` in one array. */
export async function predictAll(
  engine: ForwardEngine,
  model: LayersModel,
  samples: Samples,
  rows: Int32Array,
  options: RowOptions,
): Promise<Float32Array> {
  const all = new Float32Array(rows.length * sizeOf(modelShapes(model).outputShape));
  let end = 0;
  for await (const { outputs } of predictBatches(engine, model, samples, rows, options)) {
    all.set(outputs, end);
    end += outputs.length;
  }
  return all;
}

/** What must be known of images to run them through a model. */
export interface ModelShapes {
  /** Shapes without the batch dimension. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Of a conditional model: how many classes it knows. */
  readonly classes?: number;
}

export function modelShapes({ inputs, outputs }: LayersModel): ModelShapes {
  const classes = classesOf({ inputs });
  const withoutBatch = (shape: readonly (number | null)[] | undefined): readonly number[] =>
    (shape ?? []).slice(1).map((length) => length ?? 0);
  return {
    ...{ inputShape: withoutBatch(inputs[0]?.shape), outputShape: withoutBatch(outputs[0]?.shape) },
    ...(classes === undefined ? {} : { classes }),
  };
}

/** Layers whose outputs are values of their inputs. */
const PASSING: ReadonlySet<string> = new Set([
  'Flatten',
  'Reshape',
  'Cropping2D',
  'MaxPooling2D',
  'UpSampling2D',
  'Dropout',
]);

/** The Keras name of the activation at the end of a model, `linear` if it does not bound the outputs. */
export function outputActivation({ layers }: LayersModel): string {
  for (const layer of [...layers].reverse()) {
    const { activation } = layer.getConfig();
    if (typeof activation === 'string' && activation !== 'linear') return activation;
    const passes = PASSING.has(layer.getClassName()) || layer.getClassName() === 'Activation';
    if (!passes) return 'linear';
  }
  return 'linear';
}
