/** Puts samples through a model. */
import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import type { Engine, Tf } from '../engine.ts';
import { forward } from '../webassembly/forward.ts';
import { forwardWithLogits } from './forward.ts';
import { Pace } from './pace.ts';
import { gatherRows, type Samples } from './samples.ts';

export interface PredictOptions {
  readonly batchSize: number;
  readonly signal: AbortSignal;
  /** Whether logits are wanted, too. */
  readonly logits?: boolean;
  /** Called a few times a second with the share of the rows that is done. */
  readonly onProgress?: (fraction: number) => void;
}

/** The part of an engine that puts samples through a model. */
export type ForwardEngine = Pick<Engine, 'tf' | 'executor'>;

/** The outputs for one batch, or for several. */
export interface PredictedBatch {
  /** The numbers of the samples. */
  readonly rows: Int32Array;
  /** Row-major [rows.length, ...output shape]. */
  readonly outputs: Float32Array;
  /** As many, if they are wanted and the outputs are their sigmoids. */
  readonly logits?: Float32Array;
}

/**
 * Computes a model's outputs batch by batch, as outside of training.
 *
 * @param model of one input, which has as many values as a sample, and one output
 * @param rows numbers of samples, in the order in which their outputs are wanted
 * @throws Failure `interrupted` once the signal is aborted
 */
export async function* predictBatches(
  { tf, executor }: ForwardEngine,
  model: LayersModel,
  samples: Samples,
  rows: Int32Array,
  { batchSize, signal, logits: wanted = false, onProgress }: PredictOptions,
): AsyncGenerator<PredictedBatch> {
  const pace = new Pace(signal);
  const shaped = { ...samples, shape: modelShapes(model).inputShape };
  if (executor !== undefined) {
    let finished = 0;
    for (const { rows: part, values } of forward({ tf, executor }, model, shaped, rows, {
      batchSize,
      logits: wanted,
    })) {
      const [outputs = new Float32Array(), logits] = values;
      yield { rows: part, outputs, ...(logits === undefined ? {} : { logits }) };
      finished += part.length;
      if (pace.due()) onProgress?.(finished / rows.length);
      await pace.next();
    }
    return;
  }
  const run = forwardWithLogits(tf, model);
  let done = 0;
  for (const batch of batchesOf(rows, batchSize)) {
    const [values, logits] = tf.tidy(() => {
      const outputs = run(batchTensor(tf, shaped, batch), false);
      return wanted && outputs.logits !== undefined ? [outputs.values, outputs.logits] : [outputs.values];
    });
    try {
      yield {
        rows: batch,
        outputs: await numbersOf(values),
        ...(logits === undefined ? {} : { logits: await numbersOf(logits) }),
      };
    } finally {
      tf.dispose([values, logits]);
    }
    done += batch.length;
    if (pace.due()) onProgress?.(done / rows.length);
    await pace.next();
  }
}

async function numbersOf(tensor: Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data());
}

/** The outputs of `predictBatches` in one array. */
export async function predictAll(
  engine: ForwardEngine,
  model: LayersModel,
  samples: Samples,
  rows: Int32Array,
  options: PredictOptions,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const { outputs } of predictBatches(engine, model, samples, rows, options)) parts.push(outputs);
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/** Rows in pieces of a size; the last may be smaller. */
export function* batchesOf(rows: Int32Array, size: number): Generator<Int32Array> {
  for (let start = 0; start < rows.length; start += size) yield rows.subarray(start, start + size);
}

/** One batch as a tensor [rows, ...shape]. */
export function batchTensor(tf: Tf, samples: Samples, rows: Int32Array): Tensor {
  return tf.tensor(gatherRows(samples, rows), [rows.length, ...samples.shape]);
}

/** Shapes without the batch dimension of a model's one input and one output. */
export function modelShapes({ inputs, outputs }: LayersModel): {
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
} {
  const withoutBatch = (shape: readonly (number | null)[] | undefined): readonly number[] =>
    (shape ?? []).slice(1).map((length) => length ?? 0);
  return { inputShape: withoutBatch(inputs[0]?.shape), outputShape: withoutBatch(outputs[0]?.shape) };
}

/** Layers that pass on what values there are. */
const PASSING: ReadonlySet<string> = new Set([
  'Flatten',
  'Reshape',
  'Cropping2D',
  'MaxPooling2D',
  'UpSampling2D',
  'Dropout',
]);

/** The Keras name of the activation in which a model ends, `linear` where it is none that bounds its outputs. */
export function outputActivation({ layers }: LayersModel): string {
  for (const layer of [...layers].reverse()) {
    const { activation } = layer.getConfig();
    if (typeof activation === 'string' && activation !== 'linear') return activation;
    const passes = PASSING.has(layer.getClassName()) || layer.getClassName() === 'Activation';
    if (!passes) return 'linear';
  }
  return 'linear';
}
