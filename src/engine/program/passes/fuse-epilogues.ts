/**
 * Elementwise steps after a product or a convolution run before its sums are stored: a bias, `relu`, the gradient of a `relu`
 * that comes before. So the result goes through memory once, not three times. (An epilogue: S. Chetlur et al.,
 * "cuDNN: efficient primitives for deep learning", arXiv:1410.0759.)
 */
import { sizeOf } from '../../../core/shape.ts';
import {
  readersOf,
  type EpilogueStep,
  type Instruction,
  type Program,
  type Readers,
  type Value,
} from '../program.ts';
import { sameShape, type Shape } from '../types.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

type Product = Extract<Instruction, { op: 'matmul' | 'convolution' | 'convolution_input_gradient' }>;

interface Fused {
  readonly product: Product;
  readonly epilogue: readonly EpilogueStep[];
  readonly operands: readonly Value[];
}

export const fuseEpilogues: Pass = { name: 'fuse-epilogues', run };

function run(program: Program): Program {
  const readers = readersOf(program);
  const lasts = new Map<Instruction, Fused>();
  const absorbed = new Set<Instruction>();
  for (const product of program.instructions) {
    if (!isProduct(product) || product.attributes.epilogue.length > 0) continue;
    let fused: Fused = { product, epilogue: [], operands: [] };
    let last: Instruction = product;
    for (
      let step = nextStep(fused, last, readers);
      step !== undefined;
      step = nextStep(fused, last, readers)
    ) {
      absorbed.add(last);
      [fused, last] = step;
    }
    if (last !== product) lasts.set(last, fused);
  }
  return rewrite(program, (instruction, { builder, valueOf }) => {
    const fused = lasts.get(instruction);
    if (fused === undefined) return absorbed.has(instruction) ? 'skip' : 'keep';
    const { product, epilogue, operands } = fused;
    const values = [...product.operands, ...operands].map(valueOf);
    const flat = values.map((value, at) => (isBias(fused, at) ? flattened(value) : value));
    return builder.addAll(product.op, flat, { ...product.attributes, epilogue });

    function flattened(value: Value): Value {
      const size = sizeOf(value.type.shape);
      const source = builder.sourceOf(value, 'reshape')?.operand ?? value;
      return source.type.shape.length === 1 ? source : builder.add('reshape', [source], { shape: [size] });
    }
  });
}

/** The gradient of weights, a product with its left operand transposed, has no epilogue. */
function isProduct(instruction: Instruction): instruction is Product {
  if (instruction.op === 'matmul') return !instruction.attributes.transpose_a;
  return instruction.op === 'convolution' || instruction.op === 'convolution_input_gradient';
}

/** The fused instruction with one more step, and that step, if it can be fused: nothing else may read the value before it. */
function nextStep(
  fused: Fused,
  last: Instruction,
  readers: Readers,
): readonly [Fused, Instruction] | undefined {
  const [result] = last.results;
  const [reader, ...others] = result === undefined ? [] : (readers.get(result) ?? []);
  if (result === undefined || reader === undefined || others.length > 0) return undefined;
  const more = extended(fused, reader, result);
  return more && [more, reader];
}

/** With one more step; undefined if there is no such step. */
function extended(fused: Fused, { op, operands }: Instruction, given: Value): Fused | undefined {
  const { epilogue } = fused;
  const { shape } = given.type;
  const isOver = epilogue.includes('relu') || epilogue.includes('mask');
  const add = (step: EpilogueStep, ...more: readonly Value[]): Fused => ({
    ...fused,
    epilogue: [...epilogue, step],
    operands: [...fused.operands, ...more],
  });
  if (isOver) return undefined;
  if (op === 'relu') return add('relu');
  const [first, second] = operands;
  if (op === 'relu_gradient' && first === given && second !== given && isOfShape(second, shape))
    return add('mask', second);
  const other = first === given ? second : first;
  if (op !== 'add' || other === undefined || other === given || epilogue.length > 0) return undefined;
  const channels = shape.at(-1);
  const isChannels = other.type.shape.at(-1) === channels && sizeOf(other.type.shape) === channels;
  return isChannels && other.type.shape.length <= shape.length && !sameShape(other.type.shape, shape)
    ? add('bias', other)
    : undefined;
}

/** A mask that is smaller or larger is broadcast by `relu_gradient`, but not by an epilogue. */
function isOfShape(value: Value | undefined, shape: Shape): value is Value {
  return value !== undefined && sameShape(value.type.shape, shape);
}

/** Whether an operand of the fused instruction is its bias, which comes first. */
function isBias({ product, epilogue }: Fused, at: number): boolean {
  return epilogue[0] === 'bias' && at === product.operands.length;
}
