/** Creates tfjs layers from the language's layers. There is one entry for each kind. */
import type * as tfjs from '@tensorflow/tfjs';
import type { Pair, Regularizer } from '../schema/generated/settings.ts';
import type { Tf } from '../engine/engine.ts';
import { penaliseActivity } from '../engine/train/activity.ts';
import { resizeBilinear } from '../engine/tfjs/resize.ts';
import { activationOf } from './activations.ts';
import { sharedMaximum, sizedTransposition } from './image-layers.ts';
import { borderOf } from './image-rules.ts';
import { tfjsInitializer } from './tfjs-initializers.ts';
import type { LayerArguments, LayerName, Layer } from './layer.ts';
import { type DrawSource, type RandomLayers, randomLayers } from './random-layers.ts';
import { pairOf } from './rule.ts';
import type { PlacedLayer } from './shapes.ts';
import { tiedDense } from './tied-dense.ts';
import { variationalLatent } from './variational.ts';
import { vectorQuantizer } from './quantizer.ts';
import { ownBatchNormalization, ownGroupNormalization, ownLayerNormalization } from './normalization.ts';
import { dilatedConvolution, passing, replaceCall, scaledElu, softmaxAlong } from './own.ts';

interface Site {
  readonly tf: Tf;
  readonly random: RandomLayers;
  readonly draws: DrawSource;
  readonly place: PlacedLayer;
  /** The layers made before, by name. */
  readonly made: ReadonlyMap<string, tfjs.layers.Layer>;
}

type Creators = {
  readonly [Name in LayerName]: (args: LayerArguments[Name], site: Site) => tfjs.layers.Layer;
};

/**
 * Returns a function that makes tfjs layers, which are not built yet.
 *
 * @param draws where dropout and noise get their random numbers
 */
export function layerFactory(tf: Tf, draws: DrawSource): (place: PlacedLayer) => tfjs.layers.Layer {
  const random = randomLayers(tf, draws);
  const made = new Map<string, tfjs.layers.Layer>();
  return (place) => {
    const layer = create(place.layer, { tf, random, draws, place, made });
    made.set(place.label, layer);
    // Initially zeros: `fillWeights` or a saved model sets the values, so random values by tfjs would be overwritten.
    layer.setFastWeightInitDuringBuild(true);
    return layer;
  };
}

function create<Name extends LayerName>({ name, args }: Layer<Name>, site: Site): tfjs.layers.Layer {
  const creator: (args: LayerArguments[Name], site: Site) => tfjs.layers.Layer = creators[name];
  return creator(args, site);
}

const creators: Creators = {
  Dense(args, { tf, place, made }) {
    const { units = 0 } = args;
    const plain = tf.layers.dense({ name: place.label, units, ...weighted(tf, args) });
    if (place.tiedTo === undefined) return penalised(plain, args);
    const source = made.get(place.tiedTo);
    if (source === undefined) throw new TypeError(`${place.label} is tied to a layer that does not exist`);
    return penalised(tiedDense(tf, plain, source, { units, useBias: args.use_bias }), args);
  },
  Activation: ({ activation }, { tf, place }) =>
    tf.layers.activation({ name: place.label, activation: activationOf(tf, activation) }),
  ReLU: ({ max_value }, { tf, place }) =>
    tf.layers.reLU({ name: place.label, ...(max_value === null ? {} : { maxValue: max_value }) }),
  LeakyReLU: ({ negative_slope }, { tf, place }) =>
    tf.layers.leakyReLU({ name: place.label, alpha: negative_slope }),
  ELU: ({ alpha }, { tf, place }) => scaledElu(tf, tf.layers.elu({ name: place.label }), alpha),
  PReLU: ({ alpha_initializer, shared_axes }, { tf, place }) =>
    tf.layers.prelu({
      name: place.label,
      alphaInitializer: tfjsInitializer(tf, alpha_initializer),
      ...(shared_axes === null ? {} : { sharedAxes: [...shared_axes] }),
    }),
  Softmax: ({ axis }, { tf, place }) =>
    softmaxAlong(tf, tf.layers.softmax({ name: place.label, axis }), axis),
  Dropout: ({ rate }, { random, place }) => random.dropout(place.label, rate),
  SpatialDropout2D: ({ rate }, { random, place }) => random.spatialDropout(place.label, rate),
  GaussianNoise: ({ stddev }, { random, place }) => random.gaussianNoise(place.label, stddev),
  Flatten: (_args, { tf, place }) =>
    // tfjs does not flatten an input that is flat already.
    place.input.length === 1
      ? tf.layers.reshape({ name: place.label, targetShape: [...place.input] })
      : tf.layers.flatten({ name: place.label }),
  Reshape: (_args, { tf, place }) => tf.layers.reshape({ name: place.label, targetShape: [...place.output] }),
  Conv2D(args, { tf, place }) {
    const dilation = pairOf(args.dilation_rate);
    const layer = tf.layers.conv2d({
      name: place.label,
      ...convolution(tf, args),
      dilationRate: [...dilation],
    });
    if (Math.max(...dilation) === 1) return penalised(layer, args);
    return penalised(dilatedConvolution(tf, layer, dilation, args.padding), args);
  },
  Conv2DTranspose(args, { tf, place }) {
    const layer = tf.layers.conv2dTranspose({ name: place.label, ...convolution(tf, args) });
    if (args.output_padding === undefined) return penalised(layer, args);
    const extra = pairOf(args.output_padding);
    const way = { strides: pairOf(args.strides), padding: args.padding, extra };
    return penalised(sizedTransposition(tf, layer, place.output, way), args);
  },
  MaxPooling2D: (args, { tf, place }) => tf.layers.maxPooling2d({ name: place.label, ...pooling(args) }),
  AveragePooling2D: (args, { tf, place }) =>
    tf.layers.averagePooling2d({ name: place.label, ...pooling(args) }),
  UpSampling2D({ size, interpolation }, { tf, place }) {
    const layer = tf.layers.upSampling2d({ name: place.label, size: [...pairOf(size)], interpolation });
    if (interpolation === 'nearest') return layer;
    return replaceCall(tf, layer, (input) => resizeBilinear(tf, input, pairOf(size)));
  },
  BatchNormalization(args, { tf, place }) {
    const layer = tf.layers.batchNormalization({
      name: place.label,
      ...normalization(tf, args),
      momentum: args.momentum,
      movingMeanInitializer: tfjsInitializer(tf, args.moving_mean_initializer),
      movingVarianceInitializer: tfjsInitializer(tf, args.moving_variance_initializer),
    });
    return ownBatchNormalization(tf, layer, args);
  },
  LayerNormalization(args, { tf, place }) {
    const layer = tf.layers.layerNormalization({ name: place.label, ...normalization(tf, args) });
    return ownLayerNormalization(tf, layer, args);
  },
  GroupNormalization(args, { tf, place }) {
    const layer = tf.layers.layerNormalization({ name: place.label, ...normalization(tf, args) });
    return ownGroupNormalization(tf, layer, args);
  },
  ZeroPadding2D({ padding }, { tf, place }) {
    const [vertical, horizontal] = borderOf(padding);
    return tf.layers.zeroPadding2d({ name: place.label, padding: [[...vertical], [...horizontal]] });
  },
  Cropping2D({ cropping }, { tf, place }) {
    const [vertical, horizontal] = borderOf(cropping);
    return tf.layers.cropping2D({ name: place.label, cropping: [[...vertical], [...horizontal]] });
  },
  GlobalAveragePooling2D: (_args, { tf, place }) => tf.layers.globalAveragePooling2d({ name: place.label }),
  GlobalMaxPooling2D: (_args, { tf, place }) =>
    sharedMaximum(tf, tf.layers.globalMaxPooling2d({ name: place.label })),

  ActivityRegularization(args, { tf, place }) {
    const layer = passing(tf, 'ActivityRegularization', place.label);
    penaliseActivity(layer, args);
    return layer;
  },

  // The sum at the end of the block.
  Residual: (_args, { tf, place }) => tf.layers.add({ name: place.label }),

  Variational: ({ units }, { tf, draws, place }) => variationalLatent(tf, draws, place.label, units),
  VectorQuantizer: (args, { tf, place }) => vectorQuantizer(tf, place.label, args),
};

function regularizerOf(tf: Tf, regularizer: Regularizer): ReturnType<Tf['regularizers']['l1l2']> | undefined {
  // Both are set: tfjs uses 0.01 for a missing one.
  return regularizer === null ? undefined : tf.regularizers.l1l2({ l1: regularizer.l1, l2: regularizer.l2 });
}

type Weighted = LayerArguments['Dense' | 'Conv2D' | 'Conv2DTranspose'];

/** Arguments that dense layers and convolutions share. */
function weighted(tf: Tf, args: Weighted) {
  const kernelRegularizer = regularizerOf(tf, args.kernel_regularizer);
  const biasRegularizer = regularizerOf(tf, args.bias_regularizer);
  return {
    activation: activationOf(tf, args.activation),
    useBias: args.use_bias,
    kernelInitializer: tfjsInitializer(tf, args.kernel_initializer),
    biasInitializer: tfjsInitializer(tf, args.bias_initializer),
    ...(kernelRegularizer === undefined ? {} : { kernelRegularizer }),
    ...(biasRegularizer === undefined ? {} : { biasRegularizer }),
  };
}

/** The layer, with a penalty on its outputs if one is requested. */
function penalised(layer: tfjs.layers.Layer, { activity_regularizer: penalty }: Weighted): tfjs.layers.Layer {
  if (penalty !== undefined) penaliseActivity(layer, penalty);
  return layer;
}

function convolution(tf: Tf, args: LayerArguments['Conv2D' | 'Conv2DTranspose']) {
  return {
    filters: args.filters,
    kernelSize: mutable(args.kernel_size),
    strides: mutable(args.strides),
    padding: args.padding,
    ...weighted(tf, args),
  };
}

function pooling(args: LayerArguments['MaxPooling2D' | 'AveragePooling2D']) {
  return {
    poolSize: mutable(args.pool_size),
    strides: mutable(args.strides ?? args.pool_size),
    padding: args.padding,
  };
}

function normalization(
  tf: Tf,
  args: LayerArguments['BatchNormalization' | 'LayerNormalization' | 'GroupNormalization'],
) {
  const betaRegularizer = regularizerOf(tf, args.beta_regularizer);
  const gammaRegularizer = regularizerOf(tf, args.gamma_regularizer);
  return {
    axis: args.axis,
    epsilon: args.epsilon,
    center: args.center,
    scale: args.scale,
    betaInitializer: tfjsInitializer(tf, args.beta_initializer),
    gammaInitializer: tfjsInitializer(tf, args.gamma_initializer),
    ...(betaRegularizer === undefined ? {} : { betaRegularizer }),
    ...(gammaRegularizer === undefined ? {} : { gammaRegularizer }),
  };
}

function mutable(pair: Pair): [number, number] {
  const [vertical, horizontal] = pairOf(pair);
  return [vertical, horizontal];
}
