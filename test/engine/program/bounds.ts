/**
 * How far a target may be from the reference: the rounding errors of float32, carried through a program (running error analysis:
 * J. H. Wilkinson, "Error analysis revisited", 1986; N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, 3.3).
 * Each element of each value has a bound on its error:
 *
 * - What is computed in float32 may be off by `unit` of its size. The size of a sum is the sum of its terms' absolute values: it
 *   may be far larger than the sum, and the order in which a target adds is its own.
 * - Sums and products of sums pass on the errors of their operands: in the first operand those times the second one's absolute
 *   values, and the other way round.
 * - Zero times an infinite number is NaN or 0: targets pad with zeros or leave them out. So if an operand of such a sum of
 *   products is not finite, any result will do.
 * - A sum of finite terms whose absolute values exceed float32 may overflow on the way, to either side, and become NaN where
 *   another term is infinite: any result will do.
 * - An elementwise function passes on what it does to its operands moved by their errors, in all combinations. So does what picks
 *   the largest element. This holds for steps, too: `floor` of what may be 0.9999999 or 1 may be 0 or 1.
 *
 * Where a bound is infinite, any number will do, and NaN.
 */
import { ProgramBuilder } from '../../../src/engine/program/builder.ts';
import { isElementwise, type ElementwiseName } from '../../../src/engine/program/elementwise.ts';
import type {
  Attributes,
  EpilogueStep,
  Instruction,
  OpName,
  PoolWindow,
  Program,
  Value,
} from '../../../src/engine/program/program.ts';
import { evaluate } from '../../../src/engine/program/reference/interpret.ts';
import { forEachPixel } from '../../../src/engine/program/reference/pooling.ts';
import { numberAt, type Tensor } from '../../../src/engine/program/reference/tensor.ts';
import { elementsOf, ProgramError, type Elements } from '../../../src/engine/program/types.ts';

/** Elements and the bounds of their errors, of the same shape. */
export interface Bounded {
  readonly tensor: Tensor;
  readonly error: Tensor;
}

export interface BoundedOutputs {
  readonly results: readonly Bounded[];
  /** By the variables' names. */
  readonly updates: ReadonlyMap<string, Bounded>;
}

/** The allowed error of one computed element. */
export interface Units {
  /** Relative to its size: that of a sum is the sum of its terms' absolute values. */
  readonly unit: number;
  /**
   * TensorFlow has its threads take denormal numbers for 0, of either sign. XLA computes `selu` by e^x - 1, without `expm1`. Where
   * operands are constants, TensorFlow multiplies the gradient of `relu` by 0 or 1, so that infinity becomes NaN. And it takes
   * `not` of `le` for `gt`, which it is not for NaN.
   */
  readonly isTensorFlow?: boolean;
}

export function boundedOutputs(
  program: Program,
  values: ReadonlyMap<string, Elements>,
  units: Units,
): BoundedOutputs {
  const known = new Map<Value, Bounded>();
  const bounds = new Bounds(units);
  for (const { name, value } of program.parameters) {
    known.set(
      value,
      bounds.given({ type: value.type, elements: values.get(name) ?? elementsOf(value.type) }),
    );
  }
  bounds.run(program, known);
  const names = new Map(program.parameters.map(({ name, value }) => [value, name]));
  return {
    results: program.results.map((value) => of(known, value)),
    updates: new Map(
      program.updates.map(({ variable, value }) => [names.get(variable) ?? '', of(known, value)]),
    ),
  };
}

/** These are linear in each of their operands, the epilogue's left out. */
const LINEAR: ReadonlySet<OpName> = new Set([
  'reduce_sum',
  'matmul',
  'convolution',
  'convolution_input_gradient',
  'convolution_filter_gradient',
  'average_pool',
  'average_pool_gradient',
  'upsample_nearest',
  'upsample_nearest_gradient',
  'upsample_bilinear',
  'upsample_bilinear_gradient',
]);

/** A larger element never makes the result smaller. */
const MONOTONE: ReadonlySet<OpName> = new Set(['reduce_max', 'reduce_min', 'max_pool']);

const MOVEMENT: ReadonlySet<OpName> = new Set(['reshape', 'broadcast', 'transpose', 'slice', 'concatenate']);

/** These choose or change a sign, and round nothing. */
const EXACT: ReadonlySet<ElementwiseName> = new Set([
  'neg',
  'abs',
  'sign',
  'relu',
  'relu6',
  'floor',
  'ceil',
  'round',
  'clamp',
  'max',
  'min',
  'relu_gradient',
  'select',
]);

/** Near their zeros these are as exact as their operand's size allows. */
const OF_SIZE_ONE: ReadonlySet<ElementwiseName> = new Set(['log', 'sin', 'cos', 'erf', 'tanh']);

/** Numbers smaller than this may become 0. */
const SMALLEST_NORMAL = 2 ** -126;

class Bounds {
  readonly #unit: number;
  readonly #isTensorFlow: boolean;

  constructor({ unit, isTensorFlow = false }: Units) {
    this.#unit = unit;
    this.#isTensorFlow = isTensorFlow;
  }

  /** What is not computed. */
  given(tensor: Tensor): Bounded {
    const isDenormal = (element: number): boolean => Math.abs(element) < SMALLEST_NORMAL;
    const flushed = (element: number): number => (isDenormal(element) ? 2 * Math.abs(element) : 0);
    return this.#isTensorFlow && tensor.type.dtype === 'float32'
      ? { tensor, error: mapped(tensor, flushed) }
      : exact(tensor);
  }

  /** Adds the values of all instructions. */
  run({ instructions }: Program, known: Map<Value, Bounded>): void {
    for (const instruction of instructions) {
      const operands = instruction.operands.map((value) => of(known, value));
      const results = this.#results(instruction, operands);
      instruction.results.forEach((value, at) => {
        const { tensor, error } = required(results[at]);
        known.set(value, {
          tensor,
          error: mapped(error, (bound) => (Number.isNaN(bound) ? Infinity : bound)),
        });
      });
    }
  }

  #body(body: Program, operands: readonly Bounded[]): readonly Bounded[] {
    const known = new Map(body.parameters.map(({ value }, at) => [value, required(operands[at])]));
    this.run(body, known);
    return body.results.map((value) => of(known, value));
  }

  #results(instruction: Instruction, operands: readonly Bounded[]): readonly Bounded[] {
    const { op, attributes } = instruction;
    if (isElementwise(op)) return [this.#elementwise(instruction, operands)];
    if (op === 'fused') return this.#body(attributes.body, operands);
    if (op === 'fused_update') return this.#body(attributes.body, this.#withGradient(attributes, operands));
    if (op === 'max_pool_gradient') return [this.#maxPoolGradient(instruction, attributes, operands)];
    if (op === 'convolution_filter_gradient' && attributes.sums !== 'none')
      return this.#filterGradient(attributes, operands);
    if (isProduct(instruction) && instruction.attributes.epilogue.length > 0) {
      const { epilogue, ...rest } = instruction.attributes;
      const core = this.#apply(op, operands.slice(0, 2), { ...rest, epilogue: [] } as Attributes[typeof op]);
      return [this.#epilogue(core, epilogue, operands.slice(2))];
    }
    if (LINEAR.has(op)) return [this.#linear(instruction, operands)];
    const [tensor] = evaluate(instruction, operands.map(tensorOf));
    if (tensor === undefined) throw new ProgramError(`${op} without a result`);
    if (MONOTONE.has(op)) return [{ tensor, error: moved(instruction, operands, tensor) }];
    if (MOVEMENT.has(op))
      return [{ tensor, error: required(evaluate(instruction, operands.map(errorOf))[0]) }];
    if (op === 'pad') {
      const [error] = evaluate(
        { ...instruction, attributes: { ...attributes, value: 0 } },
        operands.map(errorOf),
      );
      return [{ tensor, error: required(error) }];
    }
    // Constants and random numbers.
    return [this.given(tensor)];
  }

  /** As if an instruction were written in place. */
  #apply<Op extends OpName>(op: Op, operands: readonly Bounded[], attributes: Attributes[Op]): Bounded {
    const builder = new ProgramBuilder();
    builder.add(
      op,
      operands.map(({ tensor: { type } }): Value => ({ type })),
      attributes,
    );
    const [instruction] = builder.finish([]).instructions;
    return required(this.#results(required(instruction), operands)[0]);
  }

  #epilogue(core: Bounded, epilogue: readonly EpilogueStep[], operands: readonly Bounded[]): Bounded {
    const rest = [...operands];
    return epilogue.reduce((result, step) => {
      if (step === 'relu') return this.#apply('relu', [result], {});
      return this.#apply(step === 'bias' ? 'add' : 'relu_gradient', [result, required(rest.shift())], {});
    }, core);
  }

  /** The filter's gradient, and the sum of one operand. */
  #filterGradient(
    attributes: Attributes['convolution_filter_gradient'],
    operands: readonly Bounded[],
  ): readonly Bounded[] {
    const filter = this.#apply('convolution_filter_gradient', operands, { ...attributes, sums: 'none' });
    const summed = required(operands[attributes.sums === 'images' ? 0 : 1]);
    return [filter, this.#apply('reduce_sum', [summed], { axes: [0, 1, 2], keep: false })];
  }

  #withGradient({ gradient }: Attributes['fused_update'], operands: readonly Bounded[]): readonly Bounded[] {
    if (gradient === 'given') return operands;
    if (gradient === 'sum') {
      const sum = this.#apply('reduce_sum', operands.slice(0, 1), { axes: [0], keep: false });
      return [sum, ...operands.slice(1)];
    }
    const attributes = { transpose_a: true, transpose_b: false, epilogue: [] };
    return [this.#apply('matmul', operands.slice(0, 2), attributes), ...operands.slice(2)];
  }

  #elementwise(instruction: Instruction, operands: readonly Bounded[]): Bounded {
    const op = instruction.op as ElementwiseName;
    const [tensor] = evaluate(instruction, operands.map(tensorOf));
    const result = required(tensor);
    const error = moved(instruction, operands, result);
    const isSpecial = this.#isTensorFlow && (op === 'relu_gradient' || result.type.dtype === 'bool');
    if (isSpecial && !operands.every(isFinite))
      return { tensor: result, error: mapped(result, () => Infinity) };
    if (result.type.dtype !== 'float32' || EXACT.has(op)) return { tensor: result, error };
    const isExactCast = op === 'cast' && operands[0]?.tensor.type.dtype !== 'int32';
    return isExactCast
      ? { tensor: result, error }
      : { tensor: result, error: this.#rounded(op, result, error) };
  }

  #rounded(op: ElementwiseName, { elements }: Tensor, error: Tensor): Tensor {
    const isOfSizeOne = OF_SIZE_ONE.has(op) || (this.#isTensorFlow && op === 'selu');
    return mapped(error, (bound, at) => {
      const size = Math.abs(numberAt(elements, at));
      if (!Number.isFinite(size)) return bound;
      // An exponent that is off by a unit of itself.
      const steep = op === 'exp' || op === 'pow' || op === 'expm1' ? 1 + Math.abs(Math.log(size || 1)) : 1;
      return bound + this.#unit * (isOfSizeOne ? Math.max(size, 1) : size * steep) + SMALLEST_NORMAL;
    });
  }

  #linear(instruction: Instruction, operands: readonly Bounded[]): Bounded {
    const of = (tensors: readonly Tensor[]): Tensor => required(evaluate(instruction, tensors)[0]);
    const result = of(operands.map(tensorOf));
    const sizes = operands.map(({ tensor }) => mapped(tensor, Math.abs));
    const size = of(sizes);
    const finite = of(sizes.map((tensor) => mapped(tensor, (element) => (element < Infinity ? element : 0))));
    // The operand `at`, or both where it is -1, replaced by its error.
    const terms = [...operands.keys(), -1].flatMap((which) => {
      const replaced = operands.filter((_, at) => which === -1 || at === which);
      if (replaced.some(({ error }) => error.elements.every((element) => element === 0))) return [];
      return [
        of(operands.map(({ error }, at) => (which === -1 || at === which ? error : required(sizes[at])))),
      ];
    });
    const isFree = instruction.op !== 'reduce_sum' && !operands.every(isFinite);
    const error = mapped(size, (element, at) => {
      if (isFree || numberAt(finite.elements, at) === Infinity) return Infinity;
      const passedOn = terms.reduce((sum, term) => sum + numberAt(term.elements, at), 0);
      const isNumber = Number.isFinite(numberAt(result.elements, at));
      return passedOn + (isNumber ? this.#unit * element + SMALLEST_NORMAL : 0);
    });
    return { tensor: result, error };
  }

  /** A gradient goes to one of the elements that may be the largest. */
  #maxPoolGradient(instruction: Instruction, window: PoolWindow, operands: readonly Bounded[]): Bounded {
    const [images, , gradient] = operands;
    const { tensor: x, error: errors } = required(images);
    const { tensor: dy, error: passedOn } = required(gradient);
    const of = (tensor: Tensor): Tensor => required(evaluate(instruction, [x, tensor, tensor])[0]);
    const result = of(dy);
    const [sizes, changes] = [of(mapped(dy, Math.abs)), of(passedOn)];
    const bounds = Float64Array.from(sizes.elements, (size, at) => {
      const isFinite = Number.isFinite(numberAt(result.elements, at));
      return numberAt(changes.elements, at) + (isFinite ? this.#unit * size + SMALLEST_NORMAL : 0);
    });
    for (const [at, pixels] of mayBeLargest(x, errors, window, dy.elements.length).entries()) {
      const change = Math.abs(numberAt(dy.elements, at)) + numberAt(passedOn.elements, at);
      for (const pixel of pixels) bounds[pixel] = numberAt(bounds, pixel) + change;
    }
    return { tensor: result, error: mapped(result, (_, at) => numberAt(bounds, at)) };
  }
}

/** For each of `count` windows the pixels that may be the largest, where that is uncertain. */
function mayBeLargest(x: Tensor, errors: Tensor, window: PoolWindow, count: number): readonly number[][] {
  const least = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  forEachPixel(x.type.shape, window, (pixel, at) => {
    const sure = numberAt(x.elements, pixel) - numberAt(errors.elements, pixel);
    if (sure > numberAt(least, at)) least[at] = sure;
  });
  const pixels = Array.from(least, (): number[] => []);
  forEachPixel(x.type.shape, window, (pixel, at) => {
    const isSmaller = numberAt(x.elements, pixel) + numberAt(errors.elements, pixel) < numberAt(least, at);
    if (!isSmaller) pixels[at]?.push(pixel);
  });
  return pixels.map((among) => {
    const isExact = among.every((pixel) => numberAt(errors.elements, pixel) === 0);
    return among.length === 1 || isExact ? [] : among;
  });
}

type Product = Extract<Instruction, { op: 'matmul' | 'convolution' | 'convolution_input_gradient' }>;

function isProduct(instruction: Instruction): instruction is Product {
  return 'epilogue' in instruction.attributes;
}

/** How far the result of an instruction goes if its operands move by their errors, in all combinations. */
function moved(instruction: Instruction, operands: readonly Bounded[], result: Tensor): Tensor {
  let corners: readonly (readonly Tensor[])[] = [[]];
  for (const { tensor, error } of operands) {
    const moves = movesOf(tensor, error);
    corners = corners.flatMap((corner) => moves.map((move) => [...corner, move]));
  }
  const bounds = new Float64Array(result.elements.length);
  for (const corner of corners.length > 1 ? corners : []) {
    const { elements } = required(evaluate(instruction, corner)[0]);
    for (const [at, element] of elements.entries())
      bounds[at] = Math.max(numberAt(bounds, at), distance(element, numberAt(result.elements, at)));
  }
  // Between the corners it may go a little farther.
  return mapped(result, (_, at) => numberAt(bounds, at) * 1.001);
}

/** The operand and, unless it is exact, what it may be besides. */
function movesOf(tensor: Tensor, error: Tensor): readonly Tensor[] {
  if (error.elements.every((element) => element === 0)) return [tensor];
  const moves = [tensor, shifted(tensor, error, Infinity), shifted(tensor, error, -Infinity)];
  // Where a function may have a pole.
  const mayBeZero = error.elements.some((by, at) => by > 0 && by >= Math.abs(numberAt(tensor.elements, at)));
  if (mayBeZero) moves.push(shifted(tensor, error, 0));
  if (!error.elements.every(Number.isFinite)) moves.push(shifted(tensor, error, Number.NaN));
  return moves;
}

/**
 * The elements moved by their errors.
 *
 * @param free what stands for an element that may be anything. If it is infinite, its sign tells where the others move; if it is
 *   0, those that may be 0 are.
 */
function shifted({ type, elements }: Tensor, error: Tensor, free: number): Tensor {
  const sign = Math.abs(free) === Infinity ? Math.sign(free) : 0;
  const shifted = elementsOf(type);
  for (const [at, element] of elements.entries()) {
    const by = numberAt(error.elements, at);
    if (by === 0) shifted[at] = element;
    else if (type.dtype === 'bool') shifted[at] = sign > 0 ? 1 - element : element;
    else if (by === Infinity || (free === 0 && by >= Math.abs(element))) shifted[at] = free;
    else shifted[at] = element + sign * by;
  }
  return { type, elements: shifted };
}

/** 0 for what is the same, as NaN and NaN are; infinite if one of them is no finite number. */
export function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Infinity : difference;
}

/** Whether all elements are numbers, whatever their errors. */
function isFinite({ tensor, error }: Bounded): boolean {
  return tensor.elements.every(Number.isFinite) && error.elements.every(Number.isFinite);
}

function exact(tensor: Tensor): Bounded {
  return { tensor, error: mapped(tensor, () => 0) };
}

/** A float32 tensor of the same shape. */
function mapped({ type, elements }: Tensor, f: (element: number, at: number) => number): Tensor {
  return { type: { dtype: 'float32', shape: type.shape }, elements: Float32Array.from(elements, f) };
}

function tensorOf({ tensor }: Bounded): Tensor {
  return tensor;
}

function errorOf({ error }: Bounded): Tensor {
  return error;
}

function of(known: ReadonlyMap<Value, Bounded>, value: Value): Bounded {
  return required(known.get(value));
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new ProgramError('something is missing');
  return value;
}
