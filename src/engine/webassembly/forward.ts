/** Puts samples through a model, many batches a call. */
import type { LayersModel } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import { compile } from '../program/compile.ts';
import { traceForward } from '../train/forward-program.ts';
import { StepsPerCall } from '../train/pace.ts';
import { requireRows, type Samples } from '../train/samples.ts';
import type { Executor, Loaded } from './executor.ts';
import { ResidentVariables, TARGET_CALL_MS } from './target.ts';

/** Bytes of rows and of outputs of one call, at most. */
const MAX_CALL_BYTES = 2 ** 25;

export interface ForwardOptions {
  readonly batchSize: number;
  readonly logits: boolean;
}

/** Results of some rows: outputs and, if they are wanted and the model has them, logits; each [rows, ...output shape]. */
export interface Outputs {
  readonly rows: Int32Array;
  readonly values: readonly Float32Array[];
}

/**
 * Outputs of rows, call by call. Each call has some whole batches; the last has what is left.
 *
 * @throws RangeError if there is no such row; Failure `model-too-large`, `engine-failed`
 */
export function* forward(
  { tf, executor }: { readonly tf: Tf; readonly executor: Executor },
  model: LayersModel,
  samples: Samples,
  rows: Int32Array,
  { batchSize, logits }: ForwardOptions,
): Generator<Outputs> {
  const variables = new ResidentVariables(tf, executor);
  const load = (size: number): Loaded => {
    const { program, state } = traceForward(tf, model, { shape: samples.shape, batchSize: size, logits });
    variables.write(state);
    const collected = program.results.map((_, index) => index);
    return executor.load(compile(program), { variables: variables.placesOf(state), collected });
  };
  const width = sizeOf(samples.shape);
  requireRows(rows, samples.count);
  const stepsPerCall = new StepsPerCall(TARGET_CALL_MS, 1);
  let program: Loaded | undefined;
  let size = 0;
  try {
    for (let start = 0; start < rows.length;) {
      const left = rows.length - start;
      const next = Math.min(batchSize, left);
      if (program === undefined || next !== size) {
        program?.dispose();
        program = load(next);
        size = next;
      }
      const bytes = Math.max(next * width * 4, program.encoded.collectedBytes);
      const most = Math.max(1, Math.floor(MAX_CALL_BYTES / bytes));
      const steps = Math.min(stepsPerCall.next, Math.floor(left / next), most);
      const part = rows.subarray(start, start + steps * next);
      const loaded = program;
      yield {
        rows: part,
        values: stepsPerCall.measure(steps, () => runRows(executor, loaded, samples, part, { steps, width })),
      };
      start += part.length;
    }
  } finally {
    program?.dispose();
    variables.dispose();
  }
}

/** The rows are copied into the module's memory for this call alone: a set may be larger than that. */
function runRows(
  executor: Executor,
  program: Loaded,
  { data, scale, offset }: Samples,
  rows: Int32Array,
  { steps, width }: { readonly steps: number; readonly width: number },
): readonly Float32Array[] {
  const chosen =
    data instanceof Uint8Array ? new Uint8Array(rows.length * width) : new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) {
    chosen.set(data.subarray(row * width, (row + 1) * width), index * width);
  }
  const inputs = [
    { at: executor.upload(chosen), isBytes: data instanceof Uint8Array, count: rows.length, scale, offset },
  ];
  try {
    const numbers = Int32Array.from(rows, (_, index) => index);
    const bytes = program.run({ steps, inputs, rows: numbers });
    return split(
      new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
      program.resultSizes,
      steps,
    );
  } finally {
    executor.forget(chosen);
  }
}

/** Splits [steps, all results one after the other] into the results. */
function split(collected: Float32Array, sizes: readonly number[], steps: number): readonly Float32Array[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let begin = 0;
  return sizes.map((size) => {
    const values = new Float32Array(steps * size);
    for (let step = 0; step < steps; step++) {
      const at = step * total + begin;
      values.set(collected.subarray(at, at + size), step * size);
    }
    begin += size;
    return values;
  });
}
