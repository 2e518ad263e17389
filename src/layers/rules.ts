/** The output shape and the weights of each kind of layer. One rule for each kind; independent of TensorFlow. */
import { sizeOf } from '../core/shape.ts';
import type { InitializerSpec } from '../schema/generated/settings.ts';
import { imageRules } from './image-rules.ts';
import { type LayerName, type Shape, shapeText } from './layer.ts';
import { type LayerRules, type Problem, type Site, type Weight, kernelAndBias } from './rule.ts';

/** The rule of layers that keep the shape. */
const elementwise = { output: (_args: unknown, { input }: Site): Shape => input };

export const layerRules: LayerRules = {
  Dense: {
    output({ units }, { input, report }) {
      if (units !== undefined) return [...input.slice(0, -1), units];
      report({
        code: 'missing-key',
        message: '`Dense` needs `units`',
        hint: 'write `units: 64`, for example',
      });
      return undefined;
    },
    weights(args, input) {
      const units = args.units ?? 0;
      const weights = kernelAndBias(args, [input.at(-1) ?? 0, units], units);
      // A tied kernel is a weight of another layer.
      return args.tied_to === undefined ? weights : weights.filter(({ name }) => name !== 'kernel');
    },
  },
  Activation: elementwise,
  ReLU: elementwise,
  LeakyReLU: elementwise,
  ELU: elementwise,
  PReLU: {
    output({ shared_axes }, { input, report }) {
      const beyond = shared_axes?.find((axis) => axis > input.length);
      if (beyond !== undefined) report(noSuchAxis('PReLU', 'shared_axes', beyond, input));
      return input;
    },
    weights: ({ alpha_initializer, shared_axes }, input) => [
      {
        name: 'alpha',
        shape: input.map((length, axis) => (shared_axes?.includes(axis + 1) === true ? 1 : length)),
        trainable: true,
        initializer: alpha_initializer,
      },
    ],
  },
  Softmax: {
    output({ axis }, { input, report }) {
      if (axisOf(axis, input) === undefined) report(noSuchAxis('Softmax', 'axis', axis, input));
      return input;
    },
  },
  ActivityRegularization: elementwise,
  Dropout: elementwise,
  GaussianNoise: elementwise,
  Flatten: { output: (_args, { input }) => [sizeOf(input)] },
  Reshape: { output: ({ target_shape }, site) => reshape(target_shape, site) },
  BatchNormalization: {
    output({ axis }, { input, report }) {
      if (axisOf(axis, input) === undefined) report(noSuchAxis('BatchNormalization', 'axis', axis, input));
      return input;
    },
    weights(args, input) {
      const shape = [axisOf(args.axis, input) ?? 0];
      return [
        ...scaleAndOffset(args, shape),
        { name: 'moving_mean', shape, trainable: false, initializer: args.moving_mean_initializer },
        { name: 'moving_variance', shape, trainable: false, initializer: args.moving_variance_initializer },
      ];
    },
  },
  LayerNormalization: {
    output({ axis }, { input, report }) {
      if (axisOf(axis, input) === undefined) report(noSuchAxis('LayerNormalization', 'axis', axis, input));
      return input;
    },
    weights: (args, input) => scaleAndOffset(args, [axisOf(args.axis, input) ?? 0]),
  },
  GroupNormalization: {
    output({ groups, axis }, { input, giver, report }) {
      const length = axisOf(axis, input);
      const argument = 'groups';
      if (length === undefined) report(noSuchAxis('GroupNormalization', 'axis', axis, input));
      else if (groups === 0)
        report({
          code: 'out-of-range',
          message: '`groups` must be 1 or more, or -1 for a group of each channel',
          argument,
        });
      else if (length % groups !== 0)
        report({
          code: 'shape-mismatch',
          message: `\`GroupNormalization\` has ${groups} groups, by which the number of channels must be divisible, but ${giver} ${shapeText(input)}: ${length} channels`,
          hint: `write \`groups: ${groupsFor(length, groups)}\``,
          argument,
        });
      else if (sizeOf(input) === (groups === -1 ? length : groups))
        report({
          code: 'bad-setting',
          message: `\`GroupNormalization\` would have ${length} groups of one value, which all become 0`,
          hint: `write \`groups: ${groupsFor(length, length)}\``,
          argument,
        });
      return input;
    },
    weights: (args, input) => scaleAndOffset(args, [axisOf(args.axis, input) ?? 0]),
  },
  Variational: {
    output({ units }, { input, giver, report }) {
      if (input.length === 1) return [units];
      report({
        code: 'shape-mismatch',
        message: `\`Variational\` needs a vector, but ${giver} ${shapeText(input)}`,
        hint: 'put a `Flatten` before it',
      });
      return undefined;
    },
    weights: ({ units }, input) => [
      {
        name: 'kernel',
        shape: [input[0] ?? 0, HEADS * units],
        trainable: true,
        initializer: 'glorot_uniform',
        heads: HEADS,
      },
      { name: 'bias', shape: [HEADS * units], trainable: true, initializer: 'zeros' },
    ],
  },
  VectorQuantizer: {
    output: (_args, { input }) => input,
    weights: ({ codes, embeddings_initializer }, input) => [
      {
        name: 'kernel',
        shape: [codes, input.at(-1) ?? 0],
        trainable: true,
        initializer: embeddings_initializer,
      },
    ],
  },
  // `shapes.ts` follows the layers of the block.
  Residual: elementwise,
  ...imageRules,
};

/** Means and logarithms of variances. */
const HEADS = 2;

/** The nearest smaller number of groups that divides the channels, and leaves at least two in a group where there are two. */
function groupsFor(channels: number, groups: number): number {
  let count = Math.min(groups, Math.max(1, Math.floor(channels / 2)));
  while (channels % count !== 0) count -= 1;
  return count;
}

/** Length of an axis that is counted from 1, or from the end starting with -1. */
function axisOf(axis: number, input: Shape): number | undefined {
  return axis === 0 ? undefined : input.at(axis > 0 ? axis - 1 : axis);
}

function noSuchAxis(layer: LayerName, argument: string, axis: number, input: Shape): Problem {
  return {
    code: 'out-of-range',
    message: `\`${layer}\` has no axis ${axis}: its input is ${shapeText(input)}`,
    hint:
      input.length === 1 ? 'axes count from 1: there is one here' : `axes count from 1 to ${input.length}`,
    argument,
  };
}

function reshape(target: Shape, { input, giver, report }: Site): Shape | undefined {
  const size = sizeOf(input);
  const free = target.filter((length) => length === -1).length;
  const known = sizeOf(target.filter((length) => length !== -1));
  const argument = 'target_shape';
  if (free > 1 || known === 0) {
    const problem = free > 1 ? 'more than one -1' : 'an axis of length 0';
    report({ code: 'out-of-range', message: `\`target_shape\` has ${problem}`, argument });
    return undefined;
  }
  if (free === 0 ? known === size : size % known === 0) {
    return target.map((length) => (length === -1 ? size / known : length));
  }
  const product = target.length > 1 || free === 1 ? ` = ${known}` : '';
  const wanted = `${target.map((length) => (length === -1 ? '?' : length)).join('x')}${product}`;
  report({
    code: 'shape-mismatch',
    message:
      free === 0
        ? `\`Reshape\` needs ${wanted} values, but ${giver} ${valuesText(input)}`
        : `\`Reshape\` needs a multiple of ${known} values, but ${giver} ${valuesText(input)}`,
    argument,
  });
  return undefined;
}

/** `784`, or `7x7x64 = 3136`. */
function valuesText(shape: Shape): string {
  return shape.length === 1 ? shapeText(shape) : `${shapeText(shape)} = ${sizeOf(shape)}`;
}

function scaleAndOffset(
  args: {
    readonly center: boolean;
    readonly scale: boolean;
    readonly beta_initializer: InitializerSpec;
    readonly gamma_initializer: InitializerSpec;
  },
  shape: Shape,
): readonly Weight[] {
  return [
    ...(args.scale
      ? [{ name: 'gamma', shape, trainable: true, initializer: args.gamma_initializer } as const]
      : []),
    ...(args.center
      ? [{ name: 'beta', shape, trainable: true, initializer: args.beta_initializer } as const]
      : []),
  ];
}
