/**
 * The instructions: their attributes, and the types of their results. The elementwise functions are in `elementwise.ts`.
 * Images are [batch, height, width, channels] throughout. `reference/` defines what each computes.
 */
import { sizeOf } from '../../core/shape.ts';
import { ELEMENTWISE, type ElementwiseName } from './elementwise.ts';
import type { Attributes, EpilogueStep, OpName, OwnAttributes, PoolWindow, Program } from './program.ts';
import { broadcastShape, ProgramError, sameShape, sameType, type AttributeKind, type Type } from './types.ts';
import { forwardSize, checkGradientSize, type Pair, type Window } from './windows.ts';

interface Definition<Op extends OpName> {
  readonly attributes: Readonly<Record<keyof Attributes[Op], AttributeKind>>;
  /** Default values: a text leaves out attributes that have them. */
  readonly defaults?: Partial<Attributes[Op]>;
  /** Attributes that are part of the type of the (first) result: in a text, they appear only there. */
  readonly inType?: Readonly<Partial<Record<keyof Attributes[Op], keyof Type>>>;
  /**
   * The types of the results.
   *
   * @throws ProgramError where the operands do not fit
   */
  infer(operands: readonly Type[], attributes: Attributes[Op]): readonly Type[];
}

const WINDOW = { strides: 'pair', padding: 'pairs', dilations: 'pair' } as const;

const PLAIN_WINDOW: Window = {
  strides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  dilations: [1, 1],
};

const reduction = {
  attributes: { axes: 'integers', keep: 'boolean' },
  defaults: { keep: false },
  infer: ([x], { axes, keep }) => {
    const { dtype, shape } = floats(x, 'the operand');
    require(axes.every(
      (axis, at) => axis < shape.length && axis > (axes[at - 1] ?? -1),
    ), 'axes out of range or order');
    const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    return [{ dtype, shape: keep ? kept : kept.filter((_, axis) => !axes.includes(axis)) }];
  },
} satisfies Definition<'reduce_sum'>;

const factors = { attributes: { factors: 'pair' } } as const;

const OWN: { readonly [Op in keyof OwnAttributes]: Definition<Op> } = {
  constant: {
    attributes: { dtype: 'word', shape: 'integers', elements: 'elements' },
    inType: { dtype: 'dtype', shape: 'shape' },
    infer: (_, { dtype, shape, elements }) => {
      require(elements.length ===
        sizeOf(shape), `${elements.length} elements do not fill [${shape.join(', ')}]`);
      return [{ dtype, shape }];
    },
  },
  reshape: {
    attributes: { shape: 'integers' },
    inType: { shape: 'shape' },
    infer: ([x], { shape }) => {
      const { dtype, shape: before } = given(x);
      require(sizeOf(before) === sizeOf(shape), `[${before.join(', ')}] does not fill [${shape.join(', ')}]`);
      return [{ dtype, shape }];
    },
  },
  broadcast: {
    attributes: { shape: 'integers' },
    inType: { shape: 'shape' },
    infer: ([x], { shape }) => {
      const { dtype, shape: before } = given(x);
      const stretched = broadcastShape(before, shape);
      require(stretched !== undefined &&
        sameShape(stretched, shape), `[${before.join(', ')}] does not repeat to that`);
      return [{ dtype, shape }];
    },
  },
  transpose: {
    attributes: { permutation: 'integers' },
    infer: ([x], { permutation }) => {
      const { dtype, shape } = given(x);
      require([...permutation]
        .sort((a, b) => a - b)
        .every((axis, at) => axis === at), 'no permutation of the axes');
      require(permutation.length === shape.length, 'a permutation of other axes');
      return [{ dtype, shape: permutation.map((axis) => shape[axis] ?? 1) }];
    },
  },
  slice: {
    attributes: { begin: 'integers', size: 'integers' },
    inType: { size: 'shape' },
    infer: ([x], { begin, size }) => {
      const { dtype, shape } = given(x);
      require(begin.length === shape.length && size.length === shape.length, 'a slice of other axes');
      const fits = shape.every(
        (length, axis) => (begin[axis] ?? 0) >= 0 && (begin[axis] ?? 0) + (size[axis] ?? 0) <= length,
      );
      require(fits, `a slice beyond [${shape.join(', ')}]`);
      return [{ dtype, shape: size }];
    },
  },
  pad: {
    attributes: { padding: 'pairs', value: 'number' },
    defaults: { value: 0 },
    infer: ([x], { padding }) => {
      const { dtype, shape } = floats(x, 'the operand');
      require(padding.length === shape.length, 'padding of other axes');
      require(padding.flat().every((count) => count >= 0), 'negative padding');
      return [
        {
          dtype,
          shape: shape.map((length, axis) => length + (padding[axis]?.[0] ?? 0) + (padding[axis]?.[1] ?? 0)),
        },
      ];
    },
  },
  concatenate: {
    attributes: { axis: 'integer' },
    infer: (operands, { axis }) => {
      const { dtype, shape } = given(operands[0]);
      require(axis < shape.length, 'an axis out of range');
      const fits = operands.every(
        (other) =>
          other.dtype === dtype &&
          other.shape.length === shape.length &&
          other.shape.every((length, at) => at === axis || length === shape[at]),
      );
      require(fits, 'operands of shapes that do not fit');
      const total = operands.reduce((sum, other) => sum + (other.shape[axis] ?? 0), 0);
      return [{ dtype, shape: shape.map((length, at) => (at === axis ? total : length)) }];
    },
  },
  reduce_sum: reduction,
  reduce_max: reduction,
  reduce_min: reduction,
  matmul: {
    attributes: { transpose_a: 'boolean', transpose_b: 'boolean', epilogue: 'words' },
    defaults: { transpose_a: false, transpose_b: false, epilogue: [] },
    infer: ([a, b, ...rest], { transpose_a, transpose_b, epilogue }) => {
      const [one, other] = [floats(a, 'a', 2).shape, floats(b, 'b', 2).shape];
      const [m, k] = transpose_a ? [one[1], one[0]] : one;
      const [depth, n] = transpose_b ? [other[1], other[0]] : other;
      require(k === depth, `${k} columns do not meet ${depth} rows`);
      return [withEpilogue({ dtype: 'float32', shape: [m ?? 0, n ?? 0] }, rest, epilogue)];
    },
  },
  convolution: {
    attributes: { ...WINDOW, epilogue: 'words' },
    defaults: { ...PLAIN_WINDOW, epilogue: [] },
    infer: ([x, filter, ...rest], { epilogue, ...window }) => {
      const [batch = 0, height = 0, width = 0, channels = 0] = floats(x, 'the images', 4).shape;
      const [rows = 0, columns = 0, inputs = 0, outputs = 0] = floats(filter, 'the filter', 4).shape;
      require(inputs === channels, `a filter for ${inputs} channels does not fit ${channels}`);
      const size = forwardSize([height, width], [rows, columns], window);
      return [withEpilogue({ dtype: 'float32', shape: [batch, ...size, outputs] }, rest, epilogue)];
    },
  },
  convolution_input_gradient: {
    attributes: { ...WINDOW, size: 'pair', epilogue: 'words' },
    defaults: { ...PLAIN_WINDOW, epilogue: [] },
    infer: ([dy, filter, ...rest], { epilogue, size, ...window }) => {
      const [batch = 0, height = 0, width = 0, channels = 0] = floats(dy, 'the gradient', 4).shape;
      const [rows = 0, columns = 0, inputs = 0, outputs = 0] = floats(filter, 'the filter', 4).shape;
      require(outputs === channels, `a filter for ${outputs} channels does not fit ${channels}`);
      checkGradientSize([height, width], [rows, columns], window, size);
      return [withEpilogue({ dtype: 'float32', shape: [batch, ...size, inputs] }, rest, epilogue)];
    },
  },
  convolution_filter_gradient: {
    attributes: { ...WINDOW, size: 'pair', sums: 'word' },
    defaults: { ...PLAIN_WINDOW, sums: 'none' },
    infer: ([x, dy], { size, sums, ...window }) => {
      const [batch = 0, height = 0, width = 0, inputs = 0] = floats(x, 'the images', 4).shape;
      const [count = 0, rows = 0, columns = 0, outputs = 0] = floats(dy, 'the gradient', 4).shape;
      require(batch === count, `${batch} images do not fit ${count} gradients`);
      require(sameShape(forwardSize([height, width], size, window), [
        rows,
        columns,
      ]), 'a gradient of another size');
      const filter: Type = { dtype: 'float32', shape: [...size, inputs, outputs] };
      const summed = sums === 'images' ? inputs : outputs;
      return sums === 'none' ? [filter] : [filter, { dtype: 'float32', shape: [summed] }];
    },
  },
  max_pool: pooling(),
  max_pool_gradient: {
    attributes: { ...WINDOW, size: 'pair' },
    defaults: PLAIN_WINDOW,
    infer: ([x, y, dy], window) => {
      const images = floats(x, 'the images', 4);
      const pooled = pooledType(images, window);
      require(sameType(given(y), pooled), 'maxima of another size');
      require(sameType(given(dy), pooled), 'a gradient of another size');
      return [images];
    },
  },
  average_pool: pooling(),
  average_pool_gradient: {
    attributes: { ...WINDOW, size: 'pair', shape: 'integers' },
    defaults: PLAIN_WINDOW,
    inType: { shape: 'shape' },
    infer: ([dy], { shape, ...window }) => {
      const images = floats({ dtype: 'float32', shape }, 'the images', 4);
      require(sameType(given(dy), pooledType(images, window)), 'a gradient of another size');
      return [images];
    },
  },
  upsample_nearest: { ...factors, infer: ([x], { factors: by }) => [upsampled(x, by)] },
  upsample_nearest_gradient: { ...factors, infer: ([dy], { factors: by }) => [downsampled(dy, by)] },
  upsample_bilinear: { ...factors, infer: ([x], { factors: by }) => [upsampled(x, by)] },
  upsample_bilinear_gradient: { ...factors, infer: ([dy], { factors: by }) => [downsampled(dy, by)] },
  uniform: {
    attributes: { shape: 'integers', seed: 'pair', halves: 'boolean' },
    defaults: { halves: false },
    inType: { shape: 'shape' },
    infer: ([step], { shape }) => {
      const { dtype, shape: of } = given(step);
      require(dtype === 'int32' && sizeOf(of) === 1, 'the step is no int32 scalar');
      return [{ dtype: 'float32', shape }];
    },
  },
  fused: {
    attributes: { body: 'program' },
    infer: (operands, { body }) => bodyTypes(operands, body),
  },
  fused_update: {
    attributes: { gradient: 'word', body: 'program' },
    defaults: { gradient: 'given' },
    infer: (operands, { gradient, body }) => {
      if (gradient === 'given') return bodyTypes(operands, body);
      const isProduct = gradient === 'product';
      const rest = operands.slice(isProduct ? 2 : 1);
      const [rows = 0, columns = 0] = floats(operands[isProduct ? 1 : 0], 'the gradient', 2).shape;
      if (!isProduct) return bodyTypes([{ dtype: 'float32', shape: [columns] }, ...rest], body);
      const [depth = 0, inputs = 0] = floats(operands[0], 'the inputs', 2).shape;
      require(depth === rows, `${depth} rows do not meet ${rows}`);
      return bodyTypes([{ dtype: 'float32', shape: [inputs, columns] }, ...rest], body);
    },
  },
};

/** How an attribute is written. */
export interface AttributeForm {
  readonly kind: AttributeKind;
  /** The default value, which a text leaves out. */
  readonly default?: unknown;
  /** The part of the type of the (first) result that the attribute equals: in a text, it appears only there. */
  readonly inType?: keyof Type;
}

/** How the attributes of an instruction are written, by their names. */
export function attributeForms(op: OpName): ReadonlyMap<string, AttributeForm> {
  const { attributes, defaults = {}, inType = {} }: UntypedDefinition = isOwn(op) ? OWN[op] : ELEMENTWISE[op];
  return new Map(
    Object.entries(attributes).map(([name, kind]) => [
      name,
      {
        kind,
        ...(Object.hasOwn(defaults, name) ? { default: defaults[name] } : {}),
        ...(inType[name] === undefined ? {} : { inType: inType[name] }),
      },
    ]),
  );
}

/** How the attributes of any instruction are written. */
interface UntypedDefinition {
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly inType?: Readonly<Record<string, keyof Type>>;
}

/**
 * The types of an instruction's results.
 *
 * @throws ProgramError where operands or attributes do not fit
 */
export function inferTypes<Op extends OpName>(
  op: Op,
  operands: readonly Type[],
  attributes: Attributes[Op],
): readonly Type[] {
  try {
    // Each name has a definition of that name's attributes, which the compiler cannot infer.
    if (isOwn(op)) return (OWN[op] as unknown as Definition<Op>).infer(operands, attributes);
    const name: ElementwiseName = op as ElementwiseName;
    return [ELEMENTWISE[name].infer(operands, attributes)];
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new ProgramError(`${op}: ${error.message}`);
  }
}

export function isOpName(text: string): text is OpName {
  return Object.hasOwn(OWN, text) || Object.hasOwn(ELEMENTWISE, text);
}

function isOwn(op: OpName): op is keyof OwnAttributes {
  return Object.hasOwn(OWN, op);
}

function require(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ProgramError(message);
}

function given(type: Type | undefined): Type {
  if (type === undefined) throw new ProgramError('an operand is missing');
  return type;
}

function floats(type: Type | undefined, what: string, rank?: number): Type {
  const found = given(type);
  require(found.dtype === 'float32', `${what} must be float32, not ${found.dtype}`);
  require(rank === undefined ||
    found.shape.length === rank, `${what} must have ${rank} axes, not ${found.shape.length}`);
  return found;
}

function withEpilogue(type: Type, operands: readonly Type[], epilogue: readonly EpilogueStep[]): Type {
  const wanted = epilogue.flatMap((step): Type[] => {
    if (step === 'bias') return [{ dtype: 'float32', shape: [type.shape.at(-1) ?? 0] }];
    return step === 'mask' ? [type] : [];
  });
  const fits =
    wanted.length === operands.length && wanted.every((each, at) => sameType(each, given(operands[at])));
  require(fits, `operands that the epilogue [${epilogue.join(', ')}] does not take`);
  return type;
}

function pooling(): Definition<'max_pool'> {
  return {
    attributes: { ...WINDOW, size: 'pair' },
    defaults: PLAIN_WINDOW,
    infer: ([x], window) => [pooledType(floats(x, 'the images', 4), window)],
  };
}

function pooledType({ shape }: Type, { size, ...window }: PoolWindow): Type {
  const [batch = 0, height = 0, width = 0, channels = 0] = shape;
  return { dtype: 'float32', shape: [batch, ...forwardSize([height, width], size, window), channels] };
}

function upsampled(x: Type | undefined, [down, right]: Pair): Type {
  const [batch = 0, height = 0, width = 0, channels = 0] = floats(x, 'the images', 4).shape;
  return { dtype: 'float32', shape: [batch, height * down, width * right, channels] };
}

function downsampled(dy: Type | undefined, [down, right]: Pair): Type {
  const [batch = 0, height = 0, width = 0, channels = 0] = floats(dy, 'the gradient', 4).shape;
  require(height % down === 0 && width % right === 0, 'a gradient of another size');
  return { dtype: 'float32', shape: [batch, height / down, width / right, channels] };
}

function bodyTypes(operands: readonly Type[], { parameters, results }: Program): readonly Type[] {
  const fits =
    operands.length === parameters.length &&
    parameters.every(({ value }, at) => sameType(value.type, given(operands[at])));
  require(fits, 'operands that the body does not take');
  return results.map(({ type }) => type);
}
