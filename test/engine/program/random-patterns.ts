/** What training steps are full of and passes look for, which single random instructions rarely make. */
import type { ElementwiseName } from '../../../src/engine/program/elementwise.ts';
import type { Value } from '../../../src/engine/program/program.ts';
import { float32 } from '../../../src/engine/program/types.ts';
import { writeInstruction } from './random-instructions.ts';
import type { Choices, RandomWriter } from './random-writer.ts';

export type PatternName = 'layer' | 'bias_gradient' | 'optimizer' | 'reshaped' | 'twice';

const PRODUCTS = ['matmul', 'convolution', 'convolution_input_gradient'] as const;
const FUNCTIONS: readonly ElementwiseName[] = ['square', 'neg', 'relu', 'sigmoid'];

export const PATTERNS: Readonly<Record<PatternName, (writer: RandomWriter, choices: Choices) => void>> = {
  /** A product with its bias and `relu`, or the gradient of one, as separate instructions. */
  layer: (writer, choices) => {
    writeInstruction(choices.of(PRODUCTS), writer, choices);
    const x = newest(writer);
    const channels = x.type.shape.at(-1) ?? 1;
    const shape = choices.isSo()
      ? [channels]
      : x.type.shape.map((_, axis, { length }) => (axis === length - 1 ? channels : 1));
    const bias = writer.ofType(choices, float32(...shape));
    const sum = choices.isSo() ? writer.write('add', [x, bias], {}) : x;
    const last = choices.of(['relu', 'relu_gradient', 'none'] as const);
    if (last === 'relu') writer.write('relu', [sum], {});
    if (last === 'relu_gradient')
      writer.write('relu_gradient', [sum, writer.stretchable(choices, 'float32', sum.type.shape)], {});
  },
  /** The gradients with respect to a filter and to a bias. */
  bias_gradient: (writer, choices) => {
    writeInstruction('convolution_filter_gradient', writer, choices);
    const operands = writer.builder.producerOf(newest(writer))?.operands ?? [];
    writer.write('reduce_sum', [choices.of(operands)], { axes: [0, 1, 2], keep: choices.isSo() });
  },
  /** Momentum. */
  optimizer: (writer, choices) => {
    const dy = writer.ofDType(choices, 'float32', 2);
    const gradient = gradientOf(choices.of(['sum', 'product', 'given'] as const), dy, writer, choices);
    const { type } = gradient;
    const [w, m] = [writer.parameter('variable', type), writer.parameter('variable', type)];
    const old = writer.write('mul', [m, writer.builder.scalar(0.9)], {});
    const change = writer.write('mul', [gradient, writer.ofType(choices, float32())], {});
    const momentum = writer.write(choices.isSo() ? 'add' : 'sub', [old, change], {});
    const value = writer.write('add', [w, choices.isSo() ? momentum : change], {});
    writer.updates.push({ variable: w, value }, { variable: m, value: momentum });
  },
  /** A function between two reshapes. */
  reshaped: (writer, choices) => {
    writeInstruction('reshape', writer, choices);
    const x = newest(writer);
    if (x.type.dtype !== 'float32') return;
    const y = writer.stretchable(choices, 'float32', x.type.shape);
    writer.write(choices.of(['add', 'mul', 'sub'] as const), [x, y], {});
    writeInstruction(choices.of(['reshape', 'reduce_sum', 'reduce_max'] as const), writer, choices);
  },
  /** Equal instructions. */
  twice: (writer, choices) => {
    const x = writer.ofDType(choices, 'float32');
    const op = choices.of(FUNCTIONS);
    const [one, other] = [writer.write(op, [x], {}), writer.write(op, [x], {})];
    writer.write(choices.of(['sub', 'max', 'mul'] as const), [one, other], {});
  },
};

function newest({ pool }: RandomWriter): Value {
  const value = pool.at(-1);
  if (value === undefined) throw new RangeError('nothing is written yet');
  return value;
}

function gradientOf(
  kind: 'sum' | 'product' | 'given',
  dy: Value,
  writer: RandomWriter,
  choices: Choices,
): Value {
  if (kind === 'given') return dy;
  if (kind === 'sum') return writer.write('reduce_sum', [dy], { axes: [0], keep: false });
  const [rows = 1] = dy.type.shape;
  const x = writer.ofType(choices, float32(rows, choices.of([1, 3, 17])));
  return writer.write('matmul', [x, dy], { transpose_a: true, transpose_b: false, epilogue: [] });
}
