/** Instructions that Hourglass's own kernels compute (`src/engine/kernels`): XLA's are slower, or there are none. */
import { sizeOf } from '../../core/shape.ts';
import type { Instruction, OpName, Value } from '../program/program.ts';
import { KERNELS } from '../lowering/kernel-calls.ts';
import { kernelsOf } from '../lowering/kernels-of.ts';
import { Lowering } from '../lowering/lowering.ts';
import type { Body, Ref } from './body.ts';
import { customCall, integers } from './custom-call.ts';
import type { ResidentSamples } from './resident.ts';

const BY_KERNELS: ReadonlySet<OpName> = new Set<OpName>([
  'matmul',
  'convolution',
  'convolution_input_gradient',
  'convolution_filter_gradient',
  'max_pool',
  'max_pool_gradient',
  'average_pool',
  'average_pool_gradient',
  'upsample_bilinear',
  'upsample_bilinear_gradient',
  'uniform',
]);

/**
 * Functions that take about as long as reading an element: alone, XLA computes them in one thread. XLA and the kernel agree to the
 * bit, which is not so for others: `max` of XLA, for instance, makes the smallest numbers zero.
 */
const IN_THREADS: ReadonlySet<OpName> = new Set<OpName>([
  'neg',
  'abs',
  'square',
  'relu',
  'relu6',
  'add',
  'sub',
  'mul',
  'relu_gradient',
]);

/** For fewer elements, XLA's own code is as fast as a call, or as several threads. */
const MIN_ELEMENTS = { fused: 1024, single: 16384 } as const;

/** Whether a kernel is called for an instruction, rather than an operation of TensorFlow. */
export function isByKernel(instruction: Instruction): boolean {
  const { op, operands, results } = instruction;
  if (BY_KERNELS.has(op)) return true;
  // TensorFlow's operation does not broadcast.
  if (op === 'relu_gradient' && new Set(operands.map(({ type }) => type.shape.join())).size > 1) return true;
  const elements = Math.max(...[...operands, ...results].map(({ type }) => sizeOf(type.shape)));
  if (op === 'fused' || op === 'reduce_sum') return elements >= MIN_ELEMENTS.fused;
  return IN_THREADS.has(op) && elements >= MIN_ELEMENTS.single && kernelsOf(instruction) !== undefined;
}

/**
 * Calls the kernels of one instruction, one after another.
 *
 * @param refs of the operands
 * @returns the refs of the results
 */
export function kernelCalls(body: Body, instruction: Instruction, refs: readonly Ref[]): readonly Ref[] {
  const made = new Map<Value, Ref>(
    instruction.operands.flatMap((value, index) => {
      const ref = refs[index];
      return ref === undefined ? [] : [[value, ref] as const];
    }),
  );
  const refOf = (value: Value): Ref => {
    const ref = made.get(value);
    if (ref === undefined) throw new TypeError('a kernel reads what is not made');
    return ref;
  };
  const { results } = instruction;
  const lowering = new Lowering({ parameters: [], instructions: [instruction], results, updates: [] });
  for (const [value, elements] of lowering.constants) {
    const { dtype, shape } = value.type;
    made.set(value, body.constant(dtype, shape, elements));
  }
  for (const { kernel, reads, writes, words } of lowering.calls) {
    const given = [...new Set(reads)];
    const buffers = [...given, ...writes];
    const outputs = customCall(body, {
      target: 'hourglass_task',
      operands: given.map(refOf),
      results: writes.map(({ type }) => type),
      config: {
        kernel: `${KERNELS.indexOf(kernel)} : i64`,
        words: integers(words((value) => buffers.indexOf(value))),
      },
    });
    writes.forEach((value, index) => {
      const output = outputs[index];
      if (output !== undefined) made.set(value, output);
    });
  }
  return results.map((value) => body.reshape(refOf(lowering.root(value)), value.type.shape));
}

/**
 * The rows of a batch as intensities.
 *
 * @param rows numbers of rows, int32 [batch size]
 */
export function gatherRows(
  body: Body,
  data: Ref,
  rows: Ref,
  { count, shape, scale, offset }: ResidentSamples,
  batchSize: number,
): Ref {
  const [batch] = customCall(body, {
    target: 'hourglass_rows',
    operands: [body.reshape(data, [count, sizeOf(shape)]), { ...rows, shape: [batchSize], dtype: 'int32' }],
    results: [{ dtype: 'float32', shape: [batchSize, ...shape] }],
    config: { scale: float(scale), offset: float(offset) },
  });
  if (batch === undefined) throw new TypeError('a batch without rows');
  return batch;
}

/** As MLIR writes a float32: with a point. */
function float(value: number): string {
  return `${value.toExponential(9)} : f32`;
}
