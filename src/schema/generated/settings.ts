/** Settings of stages after validation, with defaults in place. Generated from `schemas/` by `npm run generate`. */
import type { Json, JsonObject } from '../../core/json.ts';

/**
 * A layer: a bare name, or a map of one name to its arguments. Names, arguments and defaults are those of
 * Keras.
 */
export type LayerSpec = 
  | BareLayerName
  | { readonly Dense: DenseArguments }
  | { readonly Activation: ActivationArguments }
  | { readonly ReLU: ReLUArguments }
  | { readonly LeakyReLU: LeakyReLUArguments }
  | { readonly ELU: ELUArguments }
  | { readonly PReLU: PReLUArguments }
  | { readonly Softmax: SoftmaxArguments }
  | { readonly Dropout: DropoutArguments }
  | { readonly GaussianNoise: GaussianNoiseArguments }
  | { readonly Flatten: FlattenArguments }
  | { readonly Reshape: ReshapeArguments }
  | { readonly Conv2D: Conv2DArguments }
  | { readonly Conv2DTranspose: Conv2DTransposeArguments }
  | { readonly MaxPooling2D: MaxPooling2DArguments }
  | { readonly AveragePooling2D: AveragePooling2DArguments }
  | { readonly UpSampling2D: UpSampling2DArguments }
  | { readonly BatchNormalization: BatchNormalizationArguments }
  | { readonly LayerNormalization: LayerNormalizationArguments }
  | { readonly GroupNormalization: GroupNormalizationArguments }
  | { readonly ZeroPadding2D: ZeroPadding2DArguments }
  | { readonly Cropping2D: Cropping2DArguments }
  | { readonly GlobalMaxPooling2D: GlobalMaxPooling2DArguments }
  | { readonly SpatialDropout2D: SpatialDropout2DArguments }
  | { readonly GlobalAveragePooling2D: GlobalAveragePooling2DArguments }
  | { readonly ActivityRegularization: ActivityRegularizationArguments }
  | { readonly Variational: VariationalArguments }
  | { readonly VectorQuantizer: VectorQuantizerArguments }
  | { readonly Residual: ResidualArguments };

/** A layer that needs no arguments, by its name alone. */
export type BareLayerName = 
  | 'ReLU'
  | 'LeakyReLU'
  | 'ELU'
  | 'PReLU'
  | 'Softmax'
  | 'Flatten'
  | 'MaxPooling2D'
  | 'AveragePooling2D'
  | 'UpSampling2D'
  | 'BatchNormalization'
  | 'LayerNormalization'
  | 'GroupNormalization'
  | 'ZeroPadding2D'
  | 'Cropping2D'
  | 'GlobalMaxPooling2D'
  | 'GlobalAveragePooling2D';

/**
 * An activation function by its Keras name, with Keras's default arguments: `leaky_relu` has a slope of 0.2,
 * `gelu` is exact. TensorFlow.js has no `exponential` and `squareplus`: saved models with them are only for
 * Hourglass and `hourglass export`. `swish` is another name of `silu`, `hard_swish` of `hard_silu`, `celu` of
 * `elu`.
 */
export type ActivationName = 
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'leaky_relu'
  | 'elu'
  | 'selu'
  | 'gelu'
  | 'silu'
  | 'hard_silu'
  | 'mish'
  | 'sigmoid'
  | 'hard_sigmoid'
  | 'log_sigmoid'
  | 'tanh'
  | 'hard_tanh'
  | 'tanh_shrink'
  | 'softplus'
  | 'softsign'
  | 'soft_shrink'
  | 'hard_shrink'
  | 'softmax'
  | 'log_softmax'
  | 'exponential'
  | 'squareplus'
  | 'sparse_plus'
  | 'sparse_sigmoid';

/**
 * An initializer: a bare name, or a map of one name to its arguments. Names, arguments and defaults are those
 * of Keras, except for `seed`: random numbers derive from the seed of the pipeline. A map that means the same
 * as a name is that name.
 */
export type InitializerSpec = 
  | InitializerName
  | { readonly RandomNormal: RandomNormalArguments }
  | { readonly TruncatedNormal: TruncatedNormalArguments }
  | { readonly RandomUniform: RandomUniformArguments }
  | { readonly VarianceScaling: VarianceScalingArguments }
  | { readonly Orthogonal: OrthogonalArguments }
  | { readonly Identity: IdentityArguments }
  | { readonly Constant: ConstantArguments };

/** Normally distributed values. */
export type RandomNormalArguments = {
  /** Mean of the distribution. */
  readonly mean: number;
  /** Standard deviation, 0 or more. */
  readonly stddev: number;
};

/** Normally distributed values; those more than two standard deviations from the mean are drawn again. */
export type TruncatedNormalArguments = {
  /** Mean of the distribution. */
  readonly mean: number;
  /**
   * Standard deviation before values are drawn again, 0 or more; that of the values is 0.88 times as large.
   */
  readonly stddev: number;
};

/** Uniformly distributed values. */
export type RandomUniformArguments = {
  /** The smallest value. */
  readonly minval: number;
  /** The end of the range, at least `minval`. */
  readonly maxval: number;
};

/**
 * Values with a mean of 0 and a variance of `scale` divided by the number of connections of a unit.
 * `he_normal` has a `scale` of 2 with `fan_in`, `glorot_uniform` one of 1 with `fan_avg`.
 */
export type VarianceScalingArguments = {
  /** Factor of the variance, more than 0. */
  readonly scale: number;
  /**
   * By what the variance is divided: `fan_in`, the inputs of a unit, `fan_out`, its outputs, or `fan_avg`,
   * their mean.
   */
  readonly mode: 'fan_in' | 'fan_out' | 'fan_avg';
  /**
   * `truncated_normal` (or `normal`): values beyond two standard deviations are drawn again, and the variance
   * is corrected for it. `untruncated_normal`: all are kept. `uniform`: equally distributed between two
   * limits.
   */
  readonly distribution: 'truncated_normal' | 'untruncated_normal' | 'uniform';
};

/** A matrix whose rows or columns, whichever are fewer, are orthogonal. For weights with two axes or more. */
export type OrthogonalArguments = {
  /** Factor of the matrix. */
  readonly gain: number;
};

/** The identity matrix: a `Dense` layer with it begins by passing its input on. For weights with two axes. */
export type IdentityArguments = {
  /** Factor of the matrix. */
  readonly gain: number;
};

/** The same value everywhere. */
export type ConstantArguments = {
  /** The value. */
  readonly value: number;
};

/**
 * A random distribution, or fixed values, by its Keras name, with Keras's default arguments. Keras's class
 * names, such as `GlorotUniform`, its short forms `uniform`, `normal`, `zero` and `one`, and
 * `variance_scaling`, which is `lecun_normal`, are accepted, too.
 */
export type InitializerName = 
  | 'glorot_uniform'
  | 'glorot_normal'
  | 'he_uniform'
  | 'he_normal'
  | 'lecun_uniform'
  | 'lecun_normal'
  | 'random_uniform'
  | 'random_normal'
  | 'truncated_normal'
  | 'orthogonal'
  | 'identity'
  | 'zeros'
  | 'ones';

/**
 * A regularizer, a penalty added to the loss: `l1` times the sum of absolute values plus `l2` times the sum
 * of squares. `null`: none.
 */
export type Regularizer = 
  | {
  /** Factor of the sum of absolute values, 0 or more; drives values to zero. */
  readonly l1: number;
  /** Factor of the sum of squares, 0 or more; keeps values small. */
  readonly l2: number;
}
  | null;

/**
 * A penalty on the layer's outputs, added to the loss, for sparse codes: `l1` times the sum of absolute
 * values plus `l2` times the sum of squares, as means over the images of a batch; and `kl`.
 */
export type ActivityRegularizer = {
  /** Factor of the sum of absolute values, 0 or more; drives outputs to zero. */
  readonly l1: number;
  /** Factor of the sum of squares, 0 or more; keeps outputs small. */
  readonly l2: number;
  /**
   * Pulls the mean of each output over a batch (of each channel, for images) to `rho`, by the
   * Kullback-Leibler divergence. Needs outputs between 0 and 1, as from `sigmoid`.
   */
  readonly kl?: {
    /** The mean that each output should have, more than 0 and less than 1. */
    readonly rho: number;
    /** What the divergence, summed over the outputs, is multiplied by. */
    readonly weight: number;
  };
};

/** One number for both directions, or a pair [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** Pixels at the sides of an image: one number, [vertical, horizontal], or [[top, bottom], [left, right]]. */
export type Border = 
  | number
  | readonly [number | readonly [number, number], number | readonly [number, number]];

/**
 * `same` adds zeros at the sides, so that the size stays the same with a step of 1; `valid` adds nothing, so
 * that the image shrinks.
 */
export type PaddingName = 'valid' | 'same';

/**
 * A name for the layer, unique in the model, for the summary and the saved model. By default derived from the
 * kind of layer.
 */
export type LayerLabel = string;

/**
 * Fully connected layer: each of its `units` is a weighted sum of all inputs. It acts on the last axis of its
 * input.
 */
export type DenseArguments = {
  /**
   * Number of outputs, at least 1. At the end of the encoder: the latent size. With `tied_to` it is known,
   * and can be left out.
   */
  readonly units?: number;
  /** Function applied to the layer's output, such as `relu` or `sigmoid`. */
  readonly activation: ActivationName;
  /** Whether a bias, one learned number for each output channel, is added. */
  readonly use_bias: boolean;
  /** Initializer of the weights. */
  readonly kernel_initializer: InitializerSpec;
  /** Initializer of the bias. */
  readonly bias_initializer: InitializerSpec;
  /** Penalty on large weights, added to the loss. `null`: none. */
  readonly kernel_regularizer: Regularizer;
  /** Penalty on a large bias, added to the loss. `null`: none. */
  readonly bias_regularizer: Regularizer;
  /** Penalty on what the layer gives, added to the loss, for sparse codes. Left out: none. */
  readonly activity_regularizer?: ActivityRegularizer;
  /**
   * In the decoder: the number of a `Dense` layer of the encoder, counted from 1 in its list. The kernel is
   * the transpose of that layer's kernel, and both are trained as one; the bias is this layer's own. Left
   * out: the layer has its own kernel.
   */
  readonly tied_to?: number;
  readonly name?: LayerLabel;
};

/** Applies an activation function to its input. */
export type ActivationArguments = {
  /** The function to apply, such as `relu`. */
  readonly activation: ActivationName;
  readonly name?: LayerLabel;
};

/** Rectified linear unit: max(0, x). */
export type ReLUArguments = {
  /** Largest output, 0 or more. `null`: no limit. */
  readonly max_value: number | null;
  readonly name?: LayerLabel;
};

/** x if x is positive, otherwise `negative_slope` times x. */
export type LeakyReLUArguments = {
  /** Slope for negative x, 0 or more. */
  readonly negative_slope: number;
  readonly name?: LayerLabel;
};

/** x if x is positive, otherwise `alpha` (exp(x) - 1). */
export type ELUArguments = {
  /** How far below zero the outputs reach, 0 or more. */
  readonly alpha: number;
  readonly name?: LayerLabel;
};

/** LeakyReLU whose slope is learned, one for each input value, or shared along `shared_axes`. */
export type PReLUArguments = {
  /** Initializer of the slopes. */
  readonly alpha_initializer: InitializerSpec;
  /**
   * Axes along which one slope is shared, counted from 1 after the batch: [1, 2] gives one slope per channel
   * of an image. `null`: none.
   */
  readonly shared_axes: readonly number[] | null;
  readonly name?: LayerLabel;
};

/** Makes the values along an axis positive, with a sum of 1. */
export type SoftmaxArguments = {
  /** The axis to work along, counted from 1 after the batch; -1 is the last. */
  readonly axis: number;
  readonly name?: LayerLabel;
};

/**
 * During training, sets a random share of its inputs to zero and scales up the rest; otherwise changes
 * nothing.
 */
export type DropoutArguments = {
  /** Share of the inputs that are set to zero, 0 or more and less than 1. */
  readonly rate: number;
  readonly name?: LayerLabel;
};

/** During training, adds Gaussian noise with mean 0 to its input; otherwise changes nothing. */
export type GaussianNoiseArguments = {
  /** Standard deviation of the noise, 0 or more. */
  readonly stddev: number;
  readonly name?: LayerLabel;
};

/** Flattens its input to one axis: [28, 28, 1] becomes [784]. */
export type FlattenArguments = {
  readonly name?: LayerLabel;
};

/** Changes the shape of its input, with the same number of values: [784] may become [28, 28, 1]. */
export type ReshapeArguments = {
  /** The new shape, without the batch. One axis may be -1: its size follows from the others. */
  readonly target_shape: readonly number[];
  readonly name?: LayerLabel;
};

/**
 * Convolution of an image [height, width, channels] with learned kernels. With `strides: 2` and `padding:
 * same` it halves height and width.
 */
export type Conv2DArguments = {
  /** Number of output channels, which is the number of learned kernels. */
  readonly filters: number;
  /** Height and width of the convolution kernel in pixels: one number for both, or a pair. */
  readonly kernel_size: Pair;
  /** Step of the kernel in pixels: one number, or a pair [vertical, horizontal]. 2 halves the image. */
  readonly strides: Pair;
  readonly padding: PaddingName;
  /**
   * Distance between the kernel's pixels: one number, or a pair. Only one of `strides` and `dilation_rate`
   * may be more than 1.
   */
  readonly dilation_rate: Pair;
  /** Function applied to the layer's output, such as `relu` or `sigmoid`. */
  readonly activation: ActivationName;
  /** Whether a bias, one learned number for each output channel, is added. */
  readonly use_bias: boolean;
  /** Initializer of the weights. */
  readonly kernel_initializer: InitializerSpec;
  /** Initializer of the bias. */
  readonly bias_initializer: InitializerSpec;
  /** Penalty on large weights, added to the loss. `null`: none. */
  readonly kernel_regularizer: Regularizer;
  /** Penalty on a large bias, added to the loss. `null`: none. */
  readonly bias_regularizer: Regularizer;
  /** Penalty on what the layer gives, added to the loss, for sparse codes. Left out: none. */
  readonly activity_regularizer?: ActivityRegularizer;
  readonly name?: LayerLabel;
};

/**
 * Transposed convolution, the reverse of `Conv2D`. With `strides: 2` and `padding: same` it doubles height
 * and width.
 */
export type Conv2DTransposeArguments = {
  /** Number of output channels, which is the number of learned kernels. */
  readonly filters: number;
  /** Height and width of the convolution kernel in pixels: one number for both, or a pair. */
  readonly kernel_size: Pair;
  /** Factor by which the image grows: one number, or a pair [vertical, horizontal]. */
  readonly strides: Pair;
  readonly padding: PaddingName;
  /**
   * Chooses the output's size, where several sizes would shrink to the input's: one number, or a pair
   * [vertical, horizontal], each less than `strides`. With `strides: 2`, an odd `kernel_size` and `padding:
   * same`, 0 gives the odd size `2 n - 1` and 1 the even size `2 n`. Left out: Keras's usual size, which is
   * `2 n`.
   */
  readonly output_padding?: number | readonly [number, number];
  /** Function applied to the layer's output, such as `relu` or `sigmoid`. */
  readonly activation: ActivationName;
  /** Whether a bias, one learned number for each output channel, is added. */
  readonly use_bias: boolean;
  /** Initializer of the weights. */
  readonly kernel_initializer: InitializerSpec;
  /** Initializer of the bias. */
  readonly bias_initializer: InitializerSpec;
  /** Penalty on large weights, added to the loss. `null`: none. */
  readonly kernel_regularizer: Regularizer;
  /** Penalty on a large bias, added to the loss. `null`: none. */
  readonly bias_regularizer: Regularizer;
  /** Penalty on what the layer gives, added to the loss, for sparse codes. Left out: none. */
  readonly activity_regularizer?: ActivityRegularizer;
  readonly name?: LayerLabel;
};

/** The largest value of each window of an image. By default it halves height and width. */
export type MaxPooling2DArguments = {
  /** Height and width of the window in pixels: one number for both, or a pair. */
  readonly pool_size: Pair;
  /**
   * Step of the window in pixels: one number, or a pair [vertical, horizontal]. `null`: the same as
   * `pool_size`, so that windows do not overlap.
   */
  readonly strides: number | readonly [number, number] | null;
  readonly padding: PaddingName;
  readonly name?: LayerLabel;
};

/** The mean of each window of an image. By default it halves height and width. */
export type AveragePooling2DArguments = {
  /** Height and width of the window in pixels: one number for both, or a pair. */
  readonly pool_size: Pair;
  /**
   * Step of the window in pixels: one number, or a pair [vertical, horizontal]. `null`: the same as
   * `pool_size`, so that windows do not overlap.
   */
  readonly strides: number | readonly [number, number] | null;
  readonly padding: PaddingName;
  readonly name?: LayerLabel;
};

/** Enlarges an image by repeating or interpolating its pixels. By default it doubles height and width. */
export type UpSampling2DArguments = {
  /** Factors for height and width: one number for both, or a pair. */
  readonly size: Pair;
  /** `nearest` repeats pixels, `bilinear` blends neighbours. */
  readonly interpolation: 'nearest' | 'bilinear';
  readonly name?: LayerLabel;
};

/**
 * Scales each channel to mean 0 and variance 1: with batch statistics during training, with running
 * statistics otherwise.
 */
export type BatchNormalizationArguments = {
  /** The axis with separate statistics, counted from 1 after the batch; -1 is the last, the channels. */
  readonly axis: number;
  /** Share of the running mean and variance that is kept at each step, 0 to 1. */
  readonly momentum: number;
  /** Small number added to the variance, to avoid division by zero. */
  readonly epsilon: number;
  /** Whether a learned offset, beta, is added. */
  readonly center: boolean;
  /** Whether the result is multiplied by a learned factor, gamma. */
  readonly scale: boolean;
  /** Initializer of beta. */
  readonly beta_initializer: InitializerSpec;
  /** Initializer of gamma. */
  readonly gamma_initializer: InitializerSpec;
  /** Initial value of the running mean. */
  readonly moving_mean_initializer: InitializerSpec;
  /** Initial value of the running variance. */
  readonly moving_variance_initializer: InitializerSpec;
  /** Penalty on a large beta, added to the loss. `null`: none. */
  readonly beta_regularizer: Regularizer;
  /** Penalty on a large gamma, added to the loss. `null`: none. */
  readonly gamma_regularizer: Regularizer;
  readonly name?: LayerLabel;
};

/** Scales the values of each sample along an axis to mean 0 and variance 1. */
export type LayerNormalizationArguments = {
  /** The axis to normalise along, counted from 1 after the batch; -1 is the last, the channels. */
  readonly axis: number;
  /** Small number added to the variance, to avoid division by zero. */
  readonly epsilon: number;
  /** Whether a learned offset, beta, is added. */
  readonly center: boolean;
  /** Whether the result is multiplied by a learned factor, gamma. */
  readonly scale: boolean;
  /** Initializer of beta. */
  readonly beta_initializer: InitializerSpec;
  /** Initializer of gamma. */
  readonly gamma_initializer: InitializerSpec;
  /** Penalty on a large beta, added to the loss. `null`: none. */
  readonly beta_regularizer: Regularizer;
  /** Penalty on a large gamma, added to the loss. `null`: none. */
  readonly gamma_regularizer: Regularizer;
  readonly name?: LayerLabel;
};

/**
 * Scales the values of each sample in each group of channels to mean 0 and variance 1 (Y. Wu, K. He, 2018).
 * Unlike `BatchNormalization`, it does not depend on the other samples of a batch.
 */
export type GroupNormalizationArguments = {
  /**
   * The number of groups, by which the number of channels must be divisible. 1 normalises all values of a
   * sample together, -1 each channel by itself (instance normalisation).
   */
  readonly groups: number;
  /** The axis that is divided into groups, counted from 1 after the batch; -1 is the last, the channels. */
  readonly axis: number;
  /** Small number added to the variance, to avoid division by zero. */
  readonly epsilon: number;
  /** Whether a learned offset, beta, is added. */
  readonly center: boolean;
  /** Whether the result is multiplied by a learned factor, gamma. */
  readonly scale: boolean;
  /** Initializer of beta. */
  readonly beta_initializer: InitializerSpec;
  /** Initializer of gamma. */
  readonly gamma_initializer: InitializerSpec;
  /** Penalty on a large beta, added to the loss. `null`: none. */
  readonly beta_regularizer: Regularizer;
  /** Penalty on a large gamma, added to the loss. `null`: none. */
  readonly gamma_regularizer: Regularizer;
  readonly name?: LayerLabel;
};

/** Adds rows and columns of zeros around an image. */
export type ZeroPadding2DArguments = {
  /** Pixels to add: one number for all sides, [vertical, horizontal], or [[top, bottom], [left, right]]. */
  readonly padding: Border;
  readonly name?: LayerLabel;
};

/** Cuts rows and columns off the sides of an image. */
export type Cropping2DArguments = {
  /**
   * Pixels to cut off: one number for all sides, [vertical, horizontal], or [[top, bottom], [left, right]].
   */
  readonly cropping: Border;
  readonly name?: LayerLabel;
};

/**
 * Adds a penalty on its input to the loss, and returns its input unchanged. For sparse codes after layers
 * without `activity_regularizer`.
 */
export type ActivityRegularizationArguments = {
  /** Factor of the sum of absolute values of an image's inputs, 0 or more. */
  readonly l1: number;
  /** Factor of the sum of their squares, 0 or more. */
  readonly l2: number;
  readonly name?: LayerLabel;
};

/**
 * The latent of a variational autoencoder, at the end of the encoder: two dense layers in one, for the means
 * and for the logarithms of the variances of a normal distribution. In training, and for losses and ELBOs, it
 * returns a sample of this distribution; otherwise the means. Training adds the divergence from the standard
 * normal distribution (`kl`) to the loss, and sums the reconstruction loss over an image's values.
 */
export type VariationalArguments = {
  /** Number of latent values. */
  readonly units: number;
  readonly name?: LayerLabel;
};

/**
 * The latent of a VQ-VAE, at the end of the encoder: replaces each vector along the last axis by the nearest
 * of some codes, which are trained. Images of 7 x 7 pixels with 16 channels have 49 vectors, and a vector is
 * one. The encoder gets the decoder's gradient as if its outputs had been passed on unchanged. Training adds
 * the mean squared distance of codes and outputs to the loss (`vq`): once for the codes, and with the weight
 * `commitment` for the encoder.
 */
export type VectorQuantizerArguments = {
  /** Number of codes to choose from. */
  readonly codes: number;
  /**
   * How strongly the encoder's outputs are pulled to their codes, compared with the codes to the outputs: the
   * beta of van den Oord et al. 2017.
   */
  readonly commitment: number;
  /** Initializer of the codes. */
  readonly embeddings_initializer: InitializerSpec;
  readonly name?: LayerLabel;
};

/** The largest value of each channel of an image: [7, 7, 64] becomes [64]. */
export type GlobalMaxPooling2DArguments = {
  readonly name?: LayerLabel;
};

/**
 * Sets a random share of the channels of each image to zero during training, and divides the others by the
 * remaining share. Unlike `Dropout`, it drops whole channels, whose neighbouring pixels are alike.
 */
export type SpatialDropout2DArguments = {
  /** Share of the channels that are set to zero, 0 or more and less than 1. */
  readonly rate: number;
  readonly name?: LayerLabel;
};

/** The mean of each channel of an image: [7, 7, 64] becomes [64]. */
export type GlobalAveragePooling2DArguments = {
  readonly name?: LayerLabel;
};

/**
 * A residual block: the sum of its input and the output of its `layers`, which must have the same shape. An
 * activation of the sum is a layer after the block. Blocks may contain blocks.
 */
export type ResidualArguments = {
  /** The layers of the block, in order. */
  readonly layers: readonly LayerSpec[];
  readonly name?: LayerLabel;
};

/**
 * Layers whose weights this training does not change: `encoder`, `decoder`, or a list of numbers that count
 * the layers of both lists from 1, the encoder's first; a block counts as one. As in Keras, frozen
 * `BatchNormalization` uses its running statistics, and weights of frozen layers add no penalty to the loss.
 * Left out: none.
 */
export type Freeze = 'encoder' | 'decoder' | readonly number[];

/** An optimizer: a bare name, or a map of one name to its arguments. */
export type OptimizerSpec = 
  | OptimizerName
  | { readonly SGD: SGDArguments }
  | { readonly RMSprop: RMSpropArguments }
  | { readonly Adam: AdamArguments }
  | { readonly AdamW: AdamWArguments }
  | { readonly Nadam: NadamArguments }
  | { readonly Adamax: AdamaxArguments }
  | { readonly Adagrad: AdagradArguments }
  | { readonly Adadelta: AdadeltaArguments };

/**
 * An optimizer with Keras's default arguments. Keras's class names and their lower-case forms are accepted.
 */
export type OptimizerName = 
  | 'sgd'
  | 'rmsprop'
  | 'adam'
  | 'adamw'
  | 'nadam'
  | 'adamax'
  | 'adagrad'
  | 'adadelta'
  | 'SGD'
  | 'RMSprop'
  | 'Adam'
  | 'AdamW'
  | 'Nadam'
  | 'Adamax'
  | 'Adagrad'
  | 'Adadelta';

/** How far each step moves the weights: a number more than 0, or a schedule. */
export type LearningRate = number | LearningRateSchedule;

/**
 * A schedule: a map of one name to its arguments. It gives the learning rate of each step. A step is one
 * batch; steps are counted from 0 over all epochs.
 */
export type LearningRateSchedule = 
  | { readonly ExponentialDecay: ExponentialDecayArguments }
  | { readonly CosineDecay: CosineDecayArguments }
  | { readonly PiecewiseConstantDecay: PiecewiseConstantDecayArguments }
  | { readonly PolynomialDecay: PolynomialDecayArguments }
  | { readonly InverseTimeDecay: InverseTimeDecayArguments };

/** The learning rate of the first step, more than 0. */
export type InitialLearningRate = number;

/** Steps of the decay, 1 or more. An epoch has as many steps as it has batches. */
export type DecaySteps = number;

/** Whether the rate changes only once every `decay_steps` steps. */
export type Staircase = boolean;

/**
 * Multiplies the rate by `decay_rate` over every `decay_steps` steps: `initial_learning_rate * decay_rate ^
 * (step / decay_steps)`.
 */
export type ExponentialDecayArguments = {
  readonly initial_learning_rate: InitialLearningRate;
  readonly decay_steps: DecaySteps;
  /** Factor of the rate over `decay_steps` steps, more than 0. */
  readonly decay_rate: number;
  readonly staircase: Staircase;
};

/**
 * Lowers the rate along half a cosine wave, to `alpha` times its initial value, optionally after a linear
 * warm-up. If `alpha` is 0, nothing is learned after the decay.
 */
export type CosineDecayArguments = {
  /** The learning rate of the first step; 0 only with a warm-up. */
  readonly initial_learning_rate: number;
  /**
   * Steps of the decay, after those of the warm-up, 1 or more. An epoch has as many steps as it has batches.
   */
  readonly decay_steps: DecaySteps;
  /** The final rate as a share of the rate at the start of the decay, 0 to 1. */
  readonly alpha: number;
  /** The rate at the end of the warm-up and the start of the decay, more than 0. `null`: no warm-up. */
  readonly warmup_target: number | null;
  /** Steps in which the rate rises linearly from `initial_learning_rate` to `warmup_target`. */
  readonly warmup_steps: number;
};

/**
 * Uses one rate after the other: `values[0]` up to the step `boundaries[0]`, that step included, then
 * `values[1]`, and so on.
 */
export type PiecewiseConstantDecayArguments = {
  /** The last step of each value but the last one, ascending. */
  readonly boundaries: readonly number[];
  /** The rates, 0 or more: one more than there are boundaries. */
  readonly values: readonly number[];
};

/**
 * Changes the rate from `initial_learning_rate` to `end_learning_rate` in `decay_steps` steps, and stays
 * there: `(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ^ power +
 * end_learning_rate`.
 */
export type PolynomialDecayArguments = {
  readonly initial_learning_rate: InitialLearningRate;
  readonly decay_steps: DecaySteps;
  /** The rate at the end of the decay, 0 or more. */
  readonly end_learning_rate: number;
  /** Power of the polynomial, more than 0. 1 is a straight line. */
  readonly power: number;
  /**
   * Whether the rate rises again after every `decay_steps` steps, and falls more slowly: the decay then ends
   * at the next multiple of `decay_steps`.
   */
  readonly cycle: boolean;
};

/**
 * Divides the rate by a number that grows with the steps: `initial_learning_rate / (1 + decay_rate * step /
 * decay_steps)`.
 */
export type InverseTimeDecayArguments = {
  readonly initial_learning_rate: InitialLearningRate;
  readonly decay_steps: DecaySteps;
  /** How much the divisor grows over `decay_steps` steps, 0 or more. */
  readonly decay_rate: number;
  readonly staircase: Staircase;
};

/** Share of a running mean that is kept at each step, 0 or more and less than 1. */
export type Decay = number;

/** Small number that avoids division by zero. */
export type Epsilon = number;

/**
 * Decoupled weight decay: the share, times the learning rate, by which each step reduces every trained
 * weight, biases included. Left out: none.
 */
export type WeightDecay = number;

/**
 * The largest norm of the gradient of each weight: larger gradients are scaled down to it. At most one of
 * `clipnorm`, `clipvalue` and `global_clipnorm` may be set. Left out: no limit.
 */
export type ClipNorm = number;

/** The largest absolute value of each number of a gradient: larger ones are set to it. Left out: no limit. */
export type ClipValue = number;

/**
 * The largest norm of the gradients of all weights together: if it is larger, all of them are scaled down by
 * one factor. Left out: no limit.
 */
export type GlobalClipNorm = number;

/** Stochastic gradient descent, optionally with momentum. */
export type SGDArguments = {
  readonly learning_rate: LearningRate;
  /** Share of the last step that is added to the next, 0 to 1. 0 is plain gradient descent. */
  readonly momentum: number;
  /** Whether the momentum is Nesterov's, which looks one step ahead. */
  readonly nesterov: boolean;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** Divides the gradient by a running mean of its size. */
export type RMSpropArguments = {
  readonly learning_rate: LearningRate;
  /** Share of the running mean of squared gradients that is kept at each step, 0 or more and less than 1. */
  readonly rho: Decay;
  /** Share of the last step that is added to the next, 0 to 1. */
  readonly momentum: number;
  readonly epsilon: Epsilon;
  /** Whether gradients are divided by their running standard deviation instead of their root mean square. */
  readonly centered: boolean;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** Adam: running means of the gradient and of its square, corrected for their start at zero. */
export type AdamArguments = {
  readonly learning_rate: LearningRate;
  /** Share of the running mean of gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_1: Decay;
  /** Share of the running mean of squared gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_2: Decay;
  readonly epsilon: Epsilon;
  /** Whether to divide by the largest mean of squares so far (AMSGrad) instead of the current one. */
  readonly amsgrad: boolean;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** Adam with weight decay: each step also reduces all weights by a share of themselves. */
export type AdamWArguments = {
  readonly learning_rate: LearningRate;
  /** Times the learning rate: the share by which each step reduces every weight, 0 or more. */
  readonly weight_decay: number;
  /** Share of the running mean of gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_1: Decay;
  /** Share of the running mean of squared gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_2: Decay;
  readonly epsilon: Epsilon;
  /** Whether to divide by the largest mean of squares so far (AMSGrad) instead of the current one. */
  readonly amsgrad: boolean;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** Adam with Nesterov's momentum. */
export type NadamArguments = {
  readonly learning_rate: LearningRate;
  /** Share of the running mean of gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_1: Decay;
  /** Share of the running mean of squared gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_2: Decay;
  readonly epsilon: Epsilon;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** Adam with the largest recent gradient instead of the mean of squares. */
export type AdamaxArguments = {
  readonly learning_rate: LearningRate;
  /** Share of the running mean of gradients that is kept at each step, 0 or more and less than 1. */
  readonly beta_1: Decay;
  /** Share of the largest recent gradient that is kept at each step, 0 or more and less than 1. */
  readonly beta_2: Decay;
  readonly epsilon: Epsilon;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** Divides the gradient by the root of the sum of all its squares so far, so that steps become smaller. */
export type AdagradArguments = {
  readonly learning_rate: LearningRate;
  /** Initial value of the sum of squares, 0 or more. */
  readonly initial_accumulator_value: number;
  readonly epsilon: Epsilon;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/**
 * Adagrad with running means instead of a sum, whose steps have the scale of earlier steps. Keras's default
 * `learning_rate` of 0.001 makes very small steps: the paper and older versions of Keras have 1.
 */
export type AdadeltaArguments = {
  readonly learning_rate: LearningRate;
  /** Share of the running means that is kept at each step, 0 or more and less than 1. */
  readonly rho: Decay;
  readonly epsilon: Epsilon;
  readonly weight_decay?: WeightDecay;
  readonly clipnorm?: ClipNorm;
  readonly clipvalue?: ClipValue;
  readonly global_clipnorm?: GlobalClipNorm;
};

/** A loss: a bare name, or a map of the name `Huber` to its arguments. */
export type LossSpec = LossName | { readonly Huber: HuberArguments };

/**
 * Half the squared difference up to `delta`, and beyond it `delta` times the absolute difference less half of
 * `delta`: a few pixels that are very wrong count less than with `mse`.
 */
export type HuberArguments = {
  /**
   * The difference from which on it is linear. Differences of images from 0 to 1 are at most 1: with the
   * default, all are squared.
   */
  readonly delta: number;
};

/**
 * `mse` (or `mean_squared_error`), `mae` (or `mean_absolute_error`), `binary_crossentropy` (or `bce`), or
 * `huber`, which can have an argument: a mean over all pixels. Keras's class names, such as
 * `MeanSquaredError`, are accepted, too.
 */
export type LossName = 'mse' | 'mae' | 'binary_crossentropy' | 'huber';

/**
 * `mse`: mean squared error. `mae`: mean absolute error. `binary_crossentropy`: mean binary cross-entropy of
 * each pixel, in nats, from the logits if the model ends in a sigmoid, otherwise from outputs clipped to 1e-7
 * and 1 - 1e-7. Keras's other names, such as `bce` and `MeanSquaredError`, are accepted, too.
 */
export type TrainMetricName = 'mse' | 'mae' | 'binary_crossentropy';

/**
 * Lower is better: `mse`, `mae` and `binary_crossentropy`, as in training, and `squared_error`, the sum over
 * the values of an image instead of the mean. Higher is better: `psnr` in decibels, and `ssim`, at most 1.
 * These two use the data range of the targets, the width of `range` in their `images.json`: 1 for images from
 * 0 to 1. Only for a variational latent, in nats: `reconstruction`, the training loss summed over an image's
 * values, for one sample of its latents; `kl`, the divergence of the latents from the standard normal
 * distribution; `elbo`, the evidence lower bound (higher is better): -(`reconstruction` + `kl`) for
 * `binary_crossentropy`, minus a constant for other losses; `nll`, the negative log-likelihood, estimated
 * with `importance_samples` samples per image (lower is better); and `active_units`, the number of latent
 * values whose means have a variance of more than 0.01 over the images. Of the latent of any model:
 * `mean_activation`, the mean of its values, and `active_share`, the share of values that are not 0. Only for
 * a quantised latent: `perplexity`, the exponential of the entropy with which its codes are used, which is
 * the number of codes if all are used equally often (higher is better). Keras's other names of the first
 * three, such as `bce`, are accepted, too.
 */
export type MetricName = 
  | 'mse'
  | 'mae'
  | 'binary_crossentropy'
  | 'squared_error'
  | 'psnr'
  | 'ssim'
  | 'reconstruction'
  | 'kl'
  | 'elbo'
  | 'nll'
  | 'active_units'
  | 'mean_activation'
  | 'active_share'
  | 'perplexity';

/**
 * A column of `history.csv`: `loss`, or a metric of the train stage; with a variational latent also
 * `reconstruction` and `kl`, and `iwae` with several `importance_samples`, with a quantised one
 * `reconstruction`, `vq` and `perplexity`, with a `latent_regularizer` `reconstruction` and `mmd`. With the
 * prefix `val_`, it is measured on the validation images. `learning_rate`, if it changes during training.
 */
export type HistoryQuantity = 
  | 'loss'
  | 'val_loss'
  | 'reconstruction'
  | 'val_reconstruction'
  | 'kl'
  | 'val_kl'
  | 'iwae'
  | 'val_iwae'
  | 'vq'
  | 'val_vq'
  | 'mmd'
  | 'val_mmd'
  | 'perplexity'
  | 'val_perplexity'
  | 'mse'
  | 'val_mse'
  | 'mae'
  | 'val_mae'
  | 'binary_crossentropy'
  | 'val_binary_crossentropy'
  | 'learning_rate';

/**
 * How a variational latent is kept close to the standard normal distribution: the weight of the
 * Kullback-Leibler divergence (KL) in the loss, in nats summed over the latent values. Only for a model whose
 * encoder ends in `Variational`. By default, the weight is 1.
 */
export type KlSettings = {
  /**
   * The factor of the divergence, 0 or more: 1 gives the evidence lower bound (ELBO) of a variational
   * autoencoder, other values are the beta of a beta-VAE.
   */
  readonly weight: number;
  /**
   * Epochs until the divergence has its full weight: in epoch e, the weight is multiplied by (e - 1) /
   * `warmup_epochs`. The reported `loss` always has the full weight, so that epochs can be compared.
   */
  readonly warmup_epochs: number;
  /**
   * Nats of divergence per latent value without cost: if the mean over the batch is lower, it counts as this
   * value, and has no gradient. Prevents latent values that carry no information.
   */
  readonly free_bits: number;
  /**
   * Samples of the latents of each image in a step. With more than one, the loss is the negative of the
   * importance-weighted bound (IWAE, Burda et al. 2016) for so many samples, on the validation images, too: a
   * tighter bound of the log-likelihood than the ELBO. It is also the column `iwae` of the history. A step
   * takes about as many times as long in the decoder. Not with another `weight` than 1, `warmup_epochs` or
   * `free_bits`. Left out: 1, the ELBO.
   */
  readonly importance_samples?: number;
};

/**
 * What pulls the latents of all images together to the standard normal distribution, so that a `sample` stage
 * can draw from it. Only for a flat latent of plain numbers. Left out: nothing.
 */
export type LatentRegularizer = {
  readonly MMD: MmdArguments;
};

/**
 * The maximum mean discrepancy (MMD) of the latents of a batch and as many samples of the standard normal
 * distribution: a Wasserstein autoencoder (WAE-MMD, Tolstikhin et al. 2018). The loss of the outputs is then
 * summed over an image's values, as for variational autoencoders.
 */
export type MmdArguments = {
  /** The factor of the discrepancy in the loss: the lambda of Tolstikhin et al., who used 10 for MNIST. */
  readonly weight: number;
  /**
   * How near two latents count as, with the squared distance D and C = 2 times the number of latent values:
   * `imq`, the inverse multiquadric C / (C + D), which also sees distant latents; or `rbf`, the Gaussian
   * exp(-D / (2 C)).
   */
  readonly kernel: 'imq' | 'rbf';
};

/**
 * A grid of reconstructions made during training, in `previews/`, always of the same images. `null`: none.
 */
export type PreviewSettings = 
  | {
  /** Rows of the grid. */
  readonly rows: number;
  /** Columns of the grid. */
  readonly columns: number;
  /** Epochs between two previews; the last epoch always has one. */
  readonly every: number;
  /** The split from which the images are chosen, by the pipeline's seed. */
  readonly split: SplitName;
}
  | null;

/**
 * When training saves checkpoints. A killed run, or one with more `epochs`, resumes from the last checkpoint
 * and gives the same bits as an uninterrupted run. The last two checkpoints are kept in the cache. Ctrl-C
 * always saves the last finished epoch.
 */
export type CheckpointSettings = {
  /** Epochs between two checkpoints. */
  readonly every: number;
};

/** Stops training early when a loss no longer falls. `null` trains all epochs. */
export type EarlyStoppingSettings = 
  | {
  /** The loss to watch: on the validation images (`val_loss`), or on the training images (`loss`). */
  readonly monitor: 'val_loss' | 'loss';
  /** Epochs without improvement before training stops. */
  readonly patience: number;
  /** How much the loss must fall to count as an improvement, 0 or more. */
  readonly min_delta: number;
  /** Whether the stage's model is that of the best epoch instead of the last one. */
  readonly restore_best_weights: boolean;
}
  | null;

/** Lowers a constant learning rate when a loss no longer falls. `null` leaves it as it is. */
export type ReduceOnPlateauSettings = 
  | {
  /** The loss to watch: on the validation images (`val_loss`), or on the training images (`loss`). */
  readonly monitor: 'val_loss' | 'loss';
  /** Factor of each reduction, more than 0 and less than 1. */
  readonly factor: number;
  /** Epochs without improvement before the rate is lowered. */
  readonly patience: number;
  /** How much the loss must fall to count as an improvement, 0 or more. */
  readonly min_delta: number;
  /**
   * Cooldown: epochs after a reduction before `patience` counts again. As in Keras, the last one already
   * counts, so 0 and 1 have the same effect.
   */
  readonly cooldown: number;
  /** The lowest rate, 0 or more. */
  readonly min_lr: number;
}
  | null;

/** A part of the data: `train` or `test`. */
export type SplitName = 'train' | 'test';

/** Parts of the data: `train`, `test`, or `all`. */
export type SplitSelection = 'train' | 'test' | 'all';

/**
 * The minimum number of images that go through the model at a time: programs use more if images are small. It
 * changes memory and speed, and the results at most by rounding.
 */
export type BatchSize = number;

/**
 * Threads for this stage. By default the pipeline's `threads`. With TensorFlow, results are bit-identical
 * only with the same number of threads.
 */
export type Threads = number;

/**
 * A sweep: runs the pipeline repeatedly with different values. `hourglass sweep FILE` runs it; `hourglass
 * run` ignores it.
 */
export type Sweep = {
  /**
   * How values are combined. `grid`: all combinations. `zip`: the first values of all parameters together,
   * then the second values, and so on. `random`: `run_cap` random combinations. `halving`: many combinations
   * for a few epochs, and the best of them for more (successive halving; Jamieson and Talwalkar, AISTATS
   * 2016). `bayes`: `run_cap` combinations, each chosen from the earlier results (tree-structured Parzen
   * estimator; Bergstra et al., NIPS 2011).
   */
  readonly method: 'grid' | 'zip' | 'random' | 'halving' | 'bayes';
  /**
   * What is varied: names under `params`, or dotted paths as for `-S`, such as `stages.trained.batch_size`.
   * Each has a list of values, or a range such as `{ min: 2, max: 64, step: 2, log: true }`. Without
   * parameters, the pipeline itself is repeated `replicates` times, each with another seed.
   */
  readonly parameters: Readonly<Record<string, 
    | readonly Json[]
    | {
    /** The lowest value. */
    readonly min: number;
    /** The highest value. It is included if a step reaches it. */
    readonly max: number;
    /**
     * The distance from one value to the next, or with `log: true` the factor: from 2 to 64 with 2 gives 2,
     * 4, 8, 16, 32, 64. Random methods (`random`, `bayes`, `halving` with a `run_cap`) do not need it: they
     * use any value between `min` and `max`, or whole numbers if both are whole.
     */
    readonly step?: number;
    /** Values are spread evenly over their logarithm, as learning rates should be. */
    readonly log: boolean;
  }>>;
  /**
   * Further combinations, each a map of names to values. Omitted parameters keep the pipeline's value. Names
   * outside `parameters` are allowed.
   */
  readonly include: readonly JsonObject[];
  /** Combinations to leave out: those that have all the values of one of these maps. */
  readonly exclude: readonly JsonObject[];
  /**
   * How many times each combination runs, each time with another seed: the first with `seed`, the others with
   * seeds derived from it.
   */
  readonly replicates: number;
  /**
   * The maximum number of combinations; only the first are kept. For `random` and `bayes`, the number of
   * combinations. For `halving`, the number of random combinations of the first rung, which by default has
   * the whole grid.
   */
  readonly run_cap?: number;
  /** Where the trials run, and what their jobs request. Command-line options take precedence. */
  readonly launcher?: {
    /**
     * `local`: in processes on this machine; `slurm`: in a job array, on nodes that share the outputs folder.
     */
    readonly kind: 'local' | 'slurm';
    /** Slurm's partition. */
    readonly partition?: string;
    /** The account to charge. */
    readonly account?: string;
    /** The time limit of a job: `30` minutes, `2:00:00`, `1-12:00:00`. */
    readonly time?: string;
    /** Memory of a job, such as `4G`. */
    readonly memory?: string;
    /** Cores of a job; by default the threads of a trial. With more, its trials run in parallel. */
    readonly cpus?: number;
    /** The maximum number of jobs that run at a time. */
    readonly array_limit?: number;
    /** Trials per job. By default there are at most 1,000 jobs, and at most four times `array_limit`. */
    readonly trials_per_job?: number;
    /**
     * Whether a job that reaches its time limit, or whose node fails, is requeued and resumes; true by
     * default.
     */
    readonly requeue?: boolean;
  };
  /** The metric that ranks trials and is plotted. */
  readonly metric?: {
    /** A stage and one of its metrics: `quality.mse`. */
    readonly name: string;
    /** Whether lower or higher is better. */
    readonly goal: 'minimize' | 'maximize';
  };
  /**
   * Settings of `method: halving`. Its budget is the `epochs` of the training that the metric depends on, up
   * to the pipeline's number.
   */
  readonly halving?: {
    /** One of `eta` combinations is promoted to the next rung, which trains `eta` times as long. */
    readonly eta: number;
    /** Epochs of the first rung. */
    readonly min_epochs: number;
  };
  /** Settings of `method: bayes`. */
  readonly bayes?: {
    /** The number of random combinations at the start, those of `method: random`. */
    readonly startup_trials: number;
    /**
     * Each trial is chosen from the results of the trials at least `lag` places before it, and waits for
     * them. So the choice does not depend on parallelism, and at most `lag` trials run at once.
     */
    readonly lag: number;
  };
  /**
   * Ends trials that do worse than most, by the median rule (Golovin et al., "Google Vizier", KDD 2017):
   * after an epoch, a trial stops if its best loss so far is above the median of the mean losses that earlier
   * trials had up to that epoch. It uses `val_loss`, or `loss` without validation. A stopped trial has no
   * results.
   */
  readonly early_stop?: {
    /** Epochs before a trial can be stopped. */
    readonly warmup_epochs: number;
    /** Trials that must be complete before a trial can be stopped. */
    readonly min_trials: number;
    /**
     * Each trial is compared with the trials at least `lag` places before it, and waits for them. So the
     * result does not depend on parallelism, and at most `lag` trials run at once.
     */
    readonly lag: number;
  };
};

/** Keep only the first images of each split. One number applies to both splits. `null` keeps all. */
export type Limit = 
  | number
  | {
  /** Training images to keep. Left out: all. */
  readonly train?: number;
  /** Test images to keep. Left out: all. */
  readonly test?: number;
}
  | null;

/**
 * Keep only some images, one of each class in turn, and decode only these. One number applies to each split.
 * `null` keeps all.
 */
export type LimitInTurn = Limit;

/**
 * `minmax` divides the values by 255, to the range from 0 to 1, which a sigmoid at the end of the decoder can
 * reach. `none` keeps them as they are stored, from 0 to 255.
 */
export type Normalize = 'minmax' | 'none';

/**
 * `minmax` divides the values by `white_level`, to the range from 0 to 1, which a sigmoid at the end of the
 * decoder can reach. `none` keeps them as they are stored.
 */
export type NormalizeToWhite = Normalize;

/**
 * `minmax` divides integers by `white_level`, to the range from 0 to 1, which a sigmoid at the end of the
 * decoder can reach. Floats stay as they are unless `white_level` is set. `none` keeps all values as they are
 * stored. The stage type `normalize` scales them, too.
 */
export type NormalizeArray = Normalize;

/**
 * The stored value that `normalize: minmax` maps to 1. By default the highest value of the type: 255 for 8
 * bits, 65535 for 16 bits. Set 1 for masks of zeros and ones, 4095 for 12-bit data in 16 bits. No value may
 * be above it.
 */
export type WhiteLevel = number;

/**
 * The stored value that `normalize: minmax` maps to 1. By default the highest value of the type: 255 for
 * integers, 65535 if some value is above 255, 1 for booleans. Floats are divided by it only if it is set. Set
 * 1 for masks of zeros and ones, 4095 for 12-bit data in 16 bits. No value may be above it.
 */
export type WhiteLevelOfArray = WhiteLevel;

/**
 * The part of each image that is kept: its first row or column, and the first that is no longer part of it.
 * `null` keeps all.
 */
export type Crop = 
  | {
  /** First row, and the row after the last. */
  readonly rows: readonly [number, number];
  /** First column, and the column after the last. */
  readonly columns: readonly [number, number];
}
  | null;

/**
 * Factor by which height and width shrink or grow after the crop, rounded down to whole pixels, like the
 * stage type `resize`. If `size` is set, `resize` is ignored.
 */
export type Resize = number;

/**
 * Height and width after the crop; overrides `resize`. `[64, 48]` suits decoders that double the size with
 * each layer.
 */
export type Size = readonly [number, number];

/**
 * `gray` reads one channel, the luma of Rec. 601: 0.299 red + 0.587 green + 0.114 blue, as Pillow, OpenCV and
 * TensorFlow compute it. `rgb` reads three. Colour profiles are ignored.
 */
export type Color = 'gray' | 'rgb';

/**
 * What happens to files that cannot be used: damaged images, images of another format or size, links,
 * unreadable files, images at the wrong level. `skip` leaves them out, warns, and lists them in
 * `summary.json`; `fail` stops the stage.
 */
export type OnError = 'skip' | 'fail';

/** The file of the training labels: integers, names of classes, or one-hot rows, one for each image. */
export type TrainLabelsFile = string;

/**
 * The file of the test images, which must have the size of the training images. Without it, the set has no
 * test split.
 */
export type TestImagesFile = string;

/** The file of the test labels. */
export type TestLabelsFile = string;

/**
 * Height, width and, if there is more than one, channels of images that are stored as one row of numbers
 * each, as in an array of the shape [count, 784].
 */
export type ImageShapeInRow = readonly number[];

/**
 * The position of the channels: after height and width (`channels_last`, as in Keras, NumPy and Pillow), or
 * before them (`channels_first`, as in PyTorch and the rows of CIFAR-10).
 */
export type DataFormat = 'channels_last' | 'channels_first';

/**
 * The colour behind transparent pixels: red, green and blue from 0 to 255. Left out: transparency is ignored,
 * with a warning.
 */
export type Background = readonly [number, number, number];

/** Where the labels of image files come from. */
export type LabelsOfFiles = 
  | 'folder' | 'none'
  | {
  /**
   * A text table with names of image files and labels, separated by commas, semicolons or tabs. Whole numbers
   * are used as labels directly; other strings are class names.
   */
  readonly file: string;
  /**
   * The column of file names, which are paths below `path`, with or without an extension. Left out: a column
   * with a usual name such as `filename` or `id`, else the first.
   */
  readonly name?: string;
  /**
   * The column of labels. Left out: a column with a usual name such as `label` or `class`, else the second of
   * two.
   */
  readonly label?: string;
};

/** Default arguments of each that needs none. */
export const LAYER_DEFAULTS: {
  readonly ReLU: ReLUArguments;
  readonly LeakyReLU: LeakyReLUArguments;
  readonly ELU: ELUArguments;
  readonly PReLU: PReLUArguments;
  readonly Softmax: SoftmaxArguments;
  readonly Flatten: FlattenArguments;
  readonly MaxPooling2D: MaxPooling2DArguments;
  readonly AveragePooling2D: AveragePooling2DArguments;
  readonly UpSampling2D: UpSampling2DArguments;
  readonly BatchNormalization: BatchNormalizationArguments;
  readonly LayerNormalization: LayerNormalizationArguments;
  readonly GroupNormalization: GroupNormalizationArguments;
  readonly ZeroPadding2D: ZeroPadding2DArguments;
  readonly Cropping2D: Cropping2DArguments;
  readonly GlobalMaxPooling2D: GlobalMaxPooling2DArguments;
  readonly GlobalAveragePooling2D: GlobalAveragePooling2DArguments;
  readonly ActivityRegularization: ActivityRegularizationArguments;
} = {
  ReLU: { max_value: null },
  LeakyReLU: { negative_slope: 0.3 },
  ELU: { alpha: 1 },
  PReLU: { alpha_initializer: 'zeros', shared_axes: null },
  Softmax: { axis: -1 },
  Flatten: {},
  MaxPooling2D: { pool_size: 2, strides: null, padding: 'valid' },
  AveragePooling2D: { pool_size: 2, strides: null, padding: 'valid' },
  UpSampling2D: { size: 2, interpolation: 'nearest' },
  BatchNormalization: { axis: -1, momentum: 0.99, epsilon: 0.001, center: true, scale: true, beta_initializer: 'zeros', gamma_initializer: 'ones', moving_mean_initializer: 'zeros', moving_variance_initializer: 'ones', beta_regularizer: null, gamma_regularizer: null },
  LayerNormalization: { axis: -1, epsilon: 0.001, center: true, scale: true, beta_initializer: 'zeros', gamma_initializer: 'ones', beta_regularizer: null, gamma_regularizer: null },
  GroupNormalization: { groups: 32, axis: -1, epsilon: 0.001, center: true, scale: true, beta_initializer: 'zeros', gamma_initializer: 'ones', beta_regularizer: null, gamma_regularizer: null },
  ZeroPadding2D: { padding: 1 },
  Cropping2D: { cropping: 0 },
  GlobalMaxPooling2D: {},
  GlobalAveragePooling2D: {},
  ActivityRegularization: { l1: 0, l2: 0 },
};

/** Default arguments of each that needs none. */
export const INITIALIZER_DEFAULTS: {
  readonly RandomNormal: RandomNormalArguments;
  readonly TruncatedNormal: TruncatedNormalArguments;
  readonly RandomUniform: RandomUniformArguments;
  readonly VarianceScaling: VarianceScalingArguments;
  readonly Orthogonal: OrthogonalArguments;
  readonly Identity: IdentityArguments;
} = {
  RandomNormal: { mean: 0, stddev: 0.05 },
  TruncatedNormal: { mean: 0, stddev: 0.05 },
  RandomUniform: { minval: -0.05, maxval: 0.05 },
  VarianceScaling: { scale: 1, mode: 'fan_in', distribution: 'truncated_normal' },
  Orthogonal: { gain: 1 },
  Identity: { gain: 1 },
};

/** Default arguments of each that needs none. */
export const OPTIMIZER_DEFAULTS: {
  readonly SGD: SGDArguments;
  readonly RMSprop: RMSpropArguments;
  readonly Adam: AdamArguments;
  readonly AdamW: AdamWArguments;
  readonly Nadam: NadamArguments;
  readonly Adamax: AdamaxArguments;
  readonly Adagrad: AdagradArguments;
  readonly Adadelta: AdadeltaArguments;
} = {
  SGD: { learning_rate: 0.01, momentum: 0, nesterov: false },
  RMSprop: { learning_rate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
  Adam: { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false },
  AdamW: { learning_rate: 0.001, weight_decay: 0.004, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false },
  Nadam: { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 },
  Adamax: { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 },
  Adagrad: { learning_rate: 0.001, initial_accumulator_value: 0.1, epsilon: 1e-7 },
  Adadelta: { learning_rate: 0.001, rho: 0.95, epsilon: 1e-7 },
};

/** Default arguments of each that needs none. */
export const LOSS_DEFAULTS: {
  readonly Huber: HuberArguments;
} = {
  Huber: { delta: 1 },
};

/** `DatasetSettings` with `source: csv`. */
export type CsvDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'csv';
  readonly limit: Limit;
  readonly normalize: NormalizeArray;
  /** The file of the training images, which may be gzipped. */
  readonly path: string;
  /** The file of the test images. Without it, the set has no test split. */
  readonly test_path?: string;
  /**
   * The column of labels: its name, or its position, counted from 0. By default the column `label`, `class`
   * or `target`. Integers are used as labels directly; other strings are class names, which are sorted and
   * numbered from 0.
   */
  readonly label: string | number | null;
  /**
   * Height, width and, if there is more than one, channels of an image. Their product is the number of its
   * columns.
   */
  readonly shape: ImageShapeInRow;
  readonly data_format: DataFormat;
  readonly white_level?: WhiteLevelOfArray;
};

/** `DatasetSettings` with `source: fashion-mnist`. */
export type FashionMnistDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'fashion-mnist';
  readonly limit: Limit;
  readonly normalize: Normalize;
  /** The folder of the four files, plain or gzipped, instead of the package or a download. */
  readonly path?: string;
  /**
   * Address of a folder with the four gzipped files, instead of the authors' address. The files must be the
   * same.
   */
  readonly url?: string;
};

/** `DatasetSettings` with `source: idx`. */
export type IdxDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'idx';
  readonly limit: Limit;
  readonly normalize: NormalizeArray;
  /**
   * The file of the training images: integers or floats of any type of the format, with the shape [count,
   * height, width] or [count, height, width, channels].
   */
  readonly train_images: string;
  readonly train_labels?: TrainLabelsFile;
  readonly test_images?: TestImagesFile;
  readonly test_labels?: TestLabelsFile;
  readonly white_level?: WhiteLevelOfArray;
};

/** `DatasetSettings` with `source: images`. */
export type ImagesDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'images';
  readonly limit: LimitInTurn;
  readonly normalize: NormalizeToWhite;
  /**
   * The folder of the training images, or a zip, tar or gzipped tar archive of it. Archives are recognised by
   * their content, not their name. If one folder of an archive holds all images, paths start below it.
   */
  readonly path: string;
  /**
   * The folder or archive of the test images. A class has the same label in both. Without it, the set has no
   * test split.
   */
  readonly test_path?: string;
  /**
   * Where the labels come from. `folder`: the first folder level below `path` is the class, if at least half
   * of the images are in folders; otherwise there are no labels. `none`: images in folders and beside them
   * are read alike, without labels. `{ file: labels.csv }`: the same images are read, and a table has one row
   * for each.
   */
  readonly labels: LabelsOfFiles;
  /**
   * Where the labels of the test images come from; by default as `labels`. Required if `labels` is a table;
   * it may be the same table.
   */
  readonly test_labels?: LabelsOfFiles;
  /**
   * Whether folders inside class folders are read as well, at any depth. The class is the first folder level
   * below `path`. If `false`, they are skipped with a warning.
   */
  readonly recursive: boolean;
  /**
   * Whether symbolic links to files and folders are followed. If `false`, they are skipped with a warning.
   * Links inside archives are never followed.
   */
  readonly follow_links: boolean;
  readonly crop: Crop;
  readonly resize?: Resize;
  readonly size?: Size;
  readonly color: Color;
  readonly background?: Background;
  readonly on_error: OnError;
  readonly white_level?: WhiteLevel;
};

/** `DatasetSettings` with `source: lfw`. */
export type LfwDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'lfw';
  readonly limit: LimitInTurn;
  readonly normalize: Normalize;
  /**
   * The unpacked folder, or a zip, tar or gzipped tar archive of it, instead of a download. The people's
   * folders may be inside other folders, such as `lfw/lfw`.
   */
  readonly path?: string;
  /** Address of an archive, instead of the default one. Its content is checked with `sha256`. */
  readonly url?: string;
  /** SHA-256 of the archive, if it is not the default one. */
  readonly sha256?: string;
  /** Whether the faces are aligned by funneling (`lfw-funneled.tgz`), or the original ones (`lfw.tgz`). */
  readonly funneled: boolean;
  readonly crop: Crop;
  readonly resize: Resize;
  readonly size?: Size;
  readonly color: Color;
  /** Leave out people with fewer images. */
  readonly min_faces_per_person: number;
  readonly on_error: OnError;
};

/** `DatasetSettings` with `source: mnist`. */
export type MnistDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'mnist';
  readonly limit: Limit;
  readonly normalize: Normalize;
  /** The folder of the four files, plain or gzipped, instead of those of Hourglass. */
  readonly path?: string;
};

/** `DatasetSettings` with `source: npy`. */
export type NpyDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'npy';
  readonly limit: Limit;
  readonly normalize: NormalizeArray;
  /**
   * The file of the training images: booleans, integers or floats of any size, with the shape [count, height,
   * width] or [count, height, width, channels].
   */
  readonly train_images: string;
  readonly train_labels?: TrainLabelsFile;
  readonly test_images?: TestImagesFile;
  readonly test_labels?: TestLabelsFile;
  readonly shape?: ImageShapeInRow;
  readonly data_format: DataFormat;
  readonly white_level?: WhiteLevelOfArray;
};

/** `DatasetSettings` with `source: npz`. */
export type NpzDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'npz';
  readonly limit: Limit;
  readonly normalize: NormalizeArray;
  /** The archive. */
  readonly path: string;
  /**
   * The archive of the test arrays, if they are in another file. If that file has no arrays `x_test` and
   * `y_test`, and `test_images` and `test_labels` are not set, the test arrays have the names of the training
   * arrays.
   */
  readonly test_path?: string;
  /**
   * Name of the array of training images: booleans, integers or floats of any size, of the shape [count,
   * height, width] or [count, height, width, channels].
   */
  readonly train_images: string;
  /**
   * Name of the array of training labels: integers, names of classes, or one-hot rows, one for each image.
   * `null` if there is none.
   */
  readonly train_labels: string | null;
  /**
   * Name of the array of test images, which must have the size of the training images. `null` if there is
   * none: the set then has no test split.
   */
  readonly test_images: string | null;
  /** Name of the array of test labels. `null` if there is none. */
  readonly test_labels: string | null;
  readonly shape?: ImageShapeInRow;
  readonly data_format: DataFormat;
  readonly white_level?: WhiteLevelOfArray;
};

/** `DatasetSettings` with `source: pairs`. */
export type PairsDatasetSettings = {
  /** Loads images from a data set. */
  readonly type: 'dataset';
  /** Where the images come from. Each source has its own keys. */
  readonly source: 'pairs';
  /**
   * Keep only some pairs, one of each class in turn, and decode only these. One number applies to each split.
   * `null` keeps all.
   */
  readonly limit: LimitInTurn;
  readonly normalize: NormalizeToWhite;
  /** The folder of the corrupted training images, or a zip, tar or gzipped tar archive of it. */
  readonly noisy: string;
  /** The folder or archive of the clean training images. */
  readonly clean: string;
  /** The folder or archive of the corrupted test images. Without it, the set has no test split. */
  readonly test_noisy?: string;
  /** The folder or archive of the clean test images. */
  readonly test_clean?: string;
  /**
   * Where the labels come from. `folder`: the first folder level below `noisy` is the class, if at least half
   * of the images are in folders; otherwise there are no labels. `none`: images in folders and beside them
   * are read alike, without labels.
   */
  readonly labels: 'folder' | 'none';
  /**
   * Whether folders inside folders of the first level are read as well, at any depth. If `false`, they are
   * skipped with a warning.
   */
  readonly recursive: boolean;
  /**
   * Whether symbolic links to files and folders are followed. If `false`, they are skipped with a warning.
   * Links inside archives are never followed.
   */
  readonly follow_links: boolean;
  readonly crop: Crop;
  readonly resize?: Resize;
  readonly size?: Size;
  readonly color: Color;
  readonly background?: Background;
  readonly on_error: OnError;
  readonly white_level?: WhiteLevel;
};

/**
 * Loads images, with labels if there are any, from one of several sources. Produces an image set with the
 * split `train`, and `test` if the source has one. Paths are relative to the file in which they are written.
 */
export type DatasetSettings = 
  | CsvDatasetSettings
  | FashionMnistDatasetSettings
  | IdxDatasetSettings
  | ImagesDatasetSettings
  | LfwDatasetSettings
  | MnistDatasetSettings
  | NpyDatasetSettings
  | NpzDatasetSettings
  | PairsDatasetSettings;

/**
 * Divides images randomly into training and test images. Returns an image set with the splits `train` and
 * `test`, for data without test images, such as `lfw`.
 */
export type SplitSettings = {
  /** Divides images into training and test images. */
  readonly type: 'split';
  /** Name of the stage whose images are divided. */
  readonly data: string;
  /** Share of the images that become test images, between 0 and 1. The others become training images. */
  readonly test: number;
  /**
   * Whether each class contributes the same share of its images, as nearly as possible; `seed` decides ties.
   * Requires labels.
   */
  readonly stratify: boolean;
  /**
   * Whether a set that already has both splits is joined and divided again. By default such a set is refused,
   * so that no test image becomes a training image by mistake.
   */
  readonly redivide: boolean;
  /**
   * Seed of this split, independent of the pipeline's `seed` and the stage's name. Sets of the same size (and
   * with the same labels, with `stratify`) are divided in the same way, so that corrupted images and the
   * clean ones stay paired, and every trial of a sweep is measured on the same test images.
   */
  readonly seed: number;
};

/**
 * Keeps some of the images: certain classes, a number or a share of each split. Returns an image set with the
 * same splits.
 */
export type SubsetSettings = {
  /** Keeps some of the images. */
  readonly type: 'subset';
  /** Name of the stage whose images are chosen from. */
  readonly data: string;
  /**
   * The classes to keep, by their names or labels. `null` keeps all. Requires labels. `count` and `share`
   * apply to these images.
   */
  readonly classes: readonly (number | string)[] | null;
  /**
   * How many images are kept, or all if there are fewer: one number for each split, or `{ train: 1000, test:
   * 100 }`. `null`: no limit.
   */
  readonly count: 
    | number
    | {
    /** Training images to keep. By default all. */
    readonly train?: number;
    /** Test images to keep. By default all. */
    readonly test?: number;
  }
    | null;
  /**
   * Share of the images to keep, from 0 to 1, instead of `count`: one number for each split, or `{ train: 0.1
   * }`. `null`: no limit.
   */
  readonly share: 
    | number
    | {
    /** Share of the training images to keep. By default all. */
    readonly train?: number;
    /** Share of the test images to keep. By default all. */
    readonly test?: number;
  }
    | null;
  /**
   * `first` keeps the first images, with a warning if the set is sorted by class and classes are lost.
   * `random` chooses randomly. The order is kept.
   */
  readonly choose: 'first' | 'random';
  /**
   * Seed of `choose: random`, independent of the pipeline's `seed` and the stage's name. From sets of the
   * same size the same images are chosen, so that corrupted images and the clean ones stay paired.
   */
  readonly seed: number;
};

/**
 * Appends one image set to another with the same image size, split by split. Returns an image set with the
 * splits of both. For more sets, chain such stages.
 */
export type ConcatSettings = {
  /** Joins two image sets. */
  readonly type: 'concat';
  /** Name of the stage whose images come first. */
  readonly data: string;
  /**
   * Name of the stage whose images follow. Labels are kept if both sets have them. Classes with the same name
   * become one class.
   */
  readonly with: string;
};

/** `NormalizeSettings` with `method: minmax`. */
export type MinmaxNormalizeSettings = {
  /** Scales and shifts the values of images. */
  readonly type: 'normalize';
  /** Name of the stage whose images are normalised. */
  readonly data: string;
  /**
   * `minmax` maps a range of values to another. `standard` scales the training images to mean 0 and standard
   * deviation 1. Statistics are computed from the training images, over all pixels and channels, and also
   * applied to the test images.
   */
  readonly method: 'minmax';
  /**
   * The values that are mapped to `to`: `[0, 255]` for bytes. `null`: the lowest and the highest value of the
   * training images. Values outside are not clipped. Only with `minmax`.
   */
  readonly from: readonly [number, number] | null;
  /**
   * The new values: `[0, 1]` suits a sigmoid at the end of the decoder, `[-1, 1]` a tanh. Only with `minmax`.
   */
  readonly to: readonly [number, number];
};

/** `NormalizeSettings` with `method: standard`. */
export type StandardNormalizeSettings = {
  /** Scales and shifts the values of images. */
  readonly type: 'normalize';
  /** Name of the stage whose images are normalised. */
  readonly data: string;
  /**
   * `minmax` maps a range of values to another. `standard` scales the training images to mean 0 and standard
   * deviation 1. Statistics are computed from the training images, over all pixels and channels, and also
   * applied to the test images.
   */
  readonly method: 'standard';
};

/**
 * Scales and shifts the values of all images in the same way. Stored bytes stay bytes. Returns an image set
 * with the same splits.
 */
export type NormalizeSettings = MinmaxNormalizeSettings | StandardNormalizeSettings;

/**
 * Changes the size of images by linear interpolation between pixel centres, as Pillow's `BILINEAR` and
 * TensorFlow's `resize` with `antialias=True` do. When images shrink, each new pixel averages the area that
 * it covers. Bytes stay bytes. Returns an image set with the same splits.
 */
export type ResizeSettings = {
  /** Changes the size of images. */
  readonly type: 'resize';
  /** Name of the stage whose images are resized. */
  readonly data: string;
  /** Height and width, in pixels. Another ratio distorts the images. */
  readonly size: readonly [number, number];
};

/**
 * Transposes or mirrors all images in the same way; nothing is random. EMNIST's letters, which are stored
 * sideways, are upright after `transpose: [1, 0]`. Both keys together rotate images by 90 degrees: to the
 * right with `flip: horizontal`, to the left with `flip: vertical`. Returns an image set with the same
 * splits.
 */
export type TransformSettings = {
  /** Transposes or mirrors images. */
  readonly type: 'transform';
  /** Name of the stage whose images are transformed. */
  readonly data: string;
  /**
   * The order of the axes, as in NumPy's `transpose`: `[1, 0]` swaps height and width. It is applied before
   * `flip`.
   */
  readonly transpose?: readonly [number, number];
  /**
   * `horizontal` swaps left and right, `vertical` swaps top and bottom, like the modes of Keras's
   * `RandomFlip`, but for every image.
   */
  readonly flip?: 'horizontal' | 'vertical' | 'horizontal_and_vertical';
};

/**
 * Makes images black and white: each value becomes 0 or 1. Likelihoods of binary images, such as the `nll` of
 * a variational autoencoder, are usually published for `method: sample`. Returns an image set with the same
 * splits.
 */
export type BinarizeSettings = {
  /** Makes images black and white. */
  readonly type: 'binarize';
  /** Name of the stage whose images are binarised. */
  readonly data: string;
  /**
   * `sample`: each value is the probability of 1, so that images must be from 0 to 1. It is sampled once, not
   * at every step. `threshold`: values above `threshold` become 1.
   */
  readonly method: 'sample' | 'threshold';
  /** The highest value that becomes 0. Only with `method: threshold`; left out: 0.5. */
  readonly threshold?: number;
  /**
   * Seed of `method: sample`, independent of the pipeline's `seed` and the stage's name, so that every trial
   * of a sweep has the same images.
   */
  readonly seed: number;
};

/**
 * Returns the clean images of a `dataset` stage with `source: pairs`: the `target` for a denoiser of its
 * corrupted images. Both have the same images in the same order, with the same labels.
 */
export type CleanSettings = {
  /** Returns the clean images of pairs. */
  readonly type: 'clean';
  /** Name of the `dataset` stage that read the pairs. */
  readonly data: string;
};

/** `NoiseSettings` with `kind: gaussian`. */
export type GaussianNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'gaussian';
  /**
   * Mean of the noise. For `gaussian` in units of the intensity: values other than 0 also brighten or darken.
   * For `speckle` a share of the intensity. Only with these two.
   */
  readonly mean: number;
  /**
   * Standard deviation of the noise, 0 or more. For `gaussian` in units of the intensity: 0.5 is strong for
   * images from 0 to 1. For `speckle` a share of the intensity. Only with these two.
   */
  readonly stddev: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
  /**
   * Whether a `train` stage generates new noise for its training images at every step, so that the model
   * never sees the same noise twice. The stage still generates one fixed noisy set, for figures, validation
   * and evaluation. Only with `gaussian`.
   */
  readonly resample: boolean;
};

/** `NoiseSettings` with `kind: salt_and_pepper`. */
export type SaltAndPepperNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'salt_and_pepper';
  /**
   * Share of the values that are replaced, from 0 to 1. Each channel of each pixel is chosen independently.
   * Only with `salt_and_pepper` and `masking`.
   */
  readonly amount: number;
  /**
   * Share of the replaced values that become the highest, from 0 (all pepper) to 1 (all salt). Only with
   * `salt_and_pepper`.
   */
  readonly salt_vs_pepper: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
};

/** `NoiseSettings` with `kind: masking`. */
export type MaskingNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'masking';
  /**
   * Share of the values that are replaced, from 0 to 1. Each channel of each pixel is chosen independently.
   * Only with `salt_and_pepper` and `masking`.
   */
  readonly amount: number;
  /** The intensity of masked or hidden values. Only with `masking` and `occlusion`. */
  readonly value: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
};

/** `NoiseSettings` with `kind: speckle`. */
export type SpeckleNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'speckle';
  /**
   * Mean of the noise. For `gaussian` in units of the intensity: values other than 0 also brighten or darken.
   * For `speckle` a share of the intensity. Only with these two.
   */
  readonly mean: number;
  /**
   * Standard deviation of the noise, 0 or more. For `gaussian` in units of the intensity: 0.5 is strong for
   * images from 0 to 1. For `speckle` a share of the intensity. Only with these two.
   */
  readonly stddev: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
};

/** `NoiseSettings` with `kind: poisson`. */
export type PoissonNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'poisson';
  /**
   * Mean number of photons at the highest intensity of the images. 10 is a dark scene, 1000 a bright one.
   * Only with `poisson`.
   */
  readonly peak: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
};

/** `NoiseSettings` with `kind: occlusion`. */
export type OcclusionNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'occlusion';
  /** Height and width of a hidden rectangle, in pixels. Only with `occlusion`. */
  readonly size: readonly [number, number];
  /** How many rectangles are hidden in each image; they may overlap. Only with `occlusion`. */
  readonly count: number;
  /** The intensity of masked or hidden values. Only with `masking` and `occlusion`. */
  readonly value: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
};

/** `NoiseSettings` with `kind: blur`. */
export type BlurNoiseSettings = {
  /** Corrupts images. */
  readonly type: 'noise';
  /**
   * Name of the stage whose images are corrupted: a `dataset`, a step such as `resize`, or another `noise`.
   */
  readonly data: string;
  /**
   * `gaussian` adds normally distributed noise. `salt_and_pepper` sets some values to the highest or lowest
   * value. `masking` sets some values to 0. `speckle` multiplies by normally distributed noise. `poisson`
   * simulates photon counts: fewer photons give more noise. `occlusion` hides rectangles. `blur` blurs.
   */
  readonly kind: 'blur';
  /** Standard deviation of the blur, in pixels. Only with `blur`. */
  readonly sigma: number;
  /** Lowest and highest intensity after the corruption; values outside are clipped. `null`: no clipping. */
  readonly clip: readonly [number, number] | null;
};

/**
 * Corrupts images with seeded random noise, or by blurring. Returns an image set with the same splits, for
 * training and evaluating a denoiser.
 */
export type NoiseSettings = 
  | GaussianNoiseSettings
  | SaltAndPepperNoiseSettings
  | MaskingNoiseSettings
  | SpeckleNoiseSettings
  | PoissonNoiseSettings
  | OcclusionNoiseSettings
  | BlurNoiseSettings;

/**
 * Builds an autoencoder from lists of Keras layers. Returns three models that share weights: the encoder, the
 * decoder, and the autoencoder, which is both in sequence.
 */
export type ModelSettings = {
  /** Builds an autoencoder from lists of layers. */
  readonly type: 'model';
  /**
   * Shape of one input without the batch: [height, width, channels] for images. [height, width] suits gray
   * images in models without convolutions; [size] is for vectors.
   */
  readonly input_shape: readonly number[];
  /**
   * What the model is told besides the image. `labels`: the class of each image, as one number for each
   * class, 1 for its class and 0 for the others. It is appended to the first vector in the encoder and to the
   * latent, so the latent need not contain it. Left out: nothing.
   */
  readonly condition?: 'labels';
  /** With `condition: labels`: the number of classes. Labels count from 0. */
  readonly classes?: number;
  /**
   * Layers from the input to the latent representation, in order. A layer is a bare name, or a map of one
   * name to its arguments. An item `${params.block}` whose parameter is a list of layers inserts these
   * layers.
   */
  readonly encoder: readonly LayerSpec[];
  /**
   * Layers from the latent representation back to an image, in order. It must end in the shape of
   * `input_shape`.
   */
  readonly decoder: readonly LayerSpec[];
};

/**
 * Trains an autoencoder to reconstruct `target` from `data`. Returns the last and the best model, the history
 * of the losses, previews, and TensorBoard events.
 */
export type TrainSettings = {
  /** Trains an autoencoder. */
  readonly type: 'train';
  /** Name of the `model` stage to train. */
  readonly model: string;
  /** Name of the stage whose images are the model's inputs. For a denoiser: the `noise` stage. */
  readonly data: string;
  /**
   * Name of the stage with the target image for each input image. By default the same as `data`. For a
   * denoiser: the clean images.
   */
  readonly target?: string;
  /**
   * Name of a `train` stage whose trained weights this training starts from, instead of random ones. Its
   * layers with weights are matched with those of `model`: in the encoder from the first layer on, in the
   * decoder from the last layer back, so that a deeper model can start from a shallower one. Layers without a
   * match keep their initial weights. The optimizer starts afresh.
   */
  readonly start_from?: string;
  /**
   * The part of the model that takes the weights of `start_from`; the other part keeps its initial weights,
   * and may have other layers. Left out: both.
   */
  readonly start_part?: 'encoder' | 'decoder';
  readonly freeze?: Freeze;
  /**
   * The optimizer: a bare name, for Keras's default arguments, or a map of one name to its arguments. The
   * default is `adam`, while Keras's `compile` has `rmsprop`.
   */
  readonly optimizer: OptimizerSpec;
  /**
   * The loss that training minimises. `binary_crossentropy` needs outputs between 0 and 1, as from a sigmoid.
   * It is computed from the sigmoid's inputs (the logits), so that it also trains a model whose outputs have
   * rounded to 0 or 1. `huber` counts large differences less than `mse`: `{ Huber: { delta: 0.1 } }` sets
   * from which difference on. With a variational latent, it is summed over an image's values, not their mean,
   * and `kl` is added. With a quantised latent, it is a mean, and `vq` is added. With `latent_regularizer`,
   * it is summed over an image's values, and `mmd` is added.
   */
  readonly loss: LossSpec;
  /**
   * For a quantised latent and `loss: mse`: whether the loss of the outputs is divided by the variance of all
   * values of the training targets, as in the examples of van den Oord et al. and of Keras. Then
   * `reconstruction` is the share of the variance that is lost, and `vq` weighs as much for images of any
   * contrast. Left out: false.
   */
  readonly divide_by_variance?: boolean;
  readonly latent_regularizer?: LatentRegularizer;
  readonly kl?: KlSettings;
  /** Metrics besides the loss, measured after every epoch. */
  readonly metrics: readonly TrainMetricName[];
  /** The number of passes through the training split. */
  readonly epochs: number;
  /** Images per training step. The last batch of an epoch may be smaller. */
  readonly batch_size: number;
  /**
   * Whether the training images are shuffled before every epoch, by the pipeline's seed. Sets of more than 2
   * GiB are shuffled in pieces of 4 MiB, whose images are mixed 32 pieces at a time.
   */
  readonly shuffle: boolean;
  /**
   * The validation images, on which the loss is also measured after every epoch: the `test` split, a random
   * share of the training split such as 0.1, which is not used for training, or `none`.
   */
  readonly validation: 'test' | 'none' | number;
  readonly preview: PreviewSettings;
  readonly early_stopping: EarlyStoppingSettings;
  readonly reduce_lr_on_plateau: ReduceOnPlateauSettings;
  readonly checkpoint: CheckpointSettings;
  /** Whether to write the losses as TensorBoard events, in `tensorboard/`. */
  readonly tensorboard: boolean;
  /**
   * How the training runs. `xla`: compiled to machine code, with Hourglass's kernels. `eager`: one operation
   * at a time, slow. `auto`: `xla` if available. Trainings that cannot be compiled run eagerly, with a
   * warning. The results of the two differ by rounding.
   */
  readonly compile: 'auto' | 'xla' | 'eager';
  readonly threads?: Threads;
};

/**
 * Measures how well a trained model reconstructs `target` from `data`. Returns metrics, which are added to
 * `metrics.json`.
 */
export type EvaluateSettings = {
  /** Measures a trained model. */
  readonly type: 'evaluate';
  /** Name of the `train` stage whose model is measured. */
  readonly model: string;
  /** Name of the stage whose images are the model's inputs. A denoiser is measured on corrupted images. */
  readonly data: string;
  /** Name of the stage whose images the outputs are compared with. By default the same as `data`. */
  readonly target?: string;
  /**
   * The images to measure on: those not trained on (`test`), those trained on (`train`), or `all`, which
   * gives the numbers of each split.
   */
  readonly split: SplitSelection;
  /** What to measure; each is the mean over the images. */
  readonly metrics: readonly MetricName[];
  /**
   * Tables to write as well. `class`: `classes.csv`, with the mean of each metric over the images of each
   * class, and its standard error; requires labels. `image`: `images.csv`, with the metrics of each image.
   * With either, the standard errors over all images are added to the metrics, as `mse_standard_error`.
   * `active_units` is not in the tables, since a single image has none. By default no tables.
   */
  readonly by?: readonly ('class' | 'image')[];
  /**
   * Samples of the latents of each image by which `nll` is estimated: more give a tighter bound, and take as
   * much longer. Only with that metric. Left out: 100.
   */
  readonly importance_samples?: number;
  readonly batch_size: BatchSize;
  readonly threads?: Threads;
};

/** Runs a trained autoencoder on images and stores the outputs. Returns an image set. */
export type PredictSettings = {
  /** Runs a trained autoencoder on images. */
  readonly type: 'predict';
  /** Name of the `train` stage whose model is used. */
  readonly model: string;
  /** Name of the stage whose images are the model's inputs. */
  readonly data: string;
  /** The images to process: the `train` split, the `test` split, or `all`. */
  readonly split: SplitSelection;
  readonly batch_size: BatchSize;
  readonly threads?: Threads;
};

/**
 * Samples latents with the pipeline's seed and decodes them. Returns an image set with the samples in its
 * `test` split.
 */
export type SampleSettings = {
  /** Samples images from a trained model. */
  readonly type: 'sample';
  /** Name of the `train` stage whose model is sampled. */
  readonly model: string;
  /**
   * The distribution of the latents. `prior`: the standard normal distribution, for a variational latent or
   * one with a `latent_regularizer`. `mixture`: a mixture of normal distributions fitted to the latents of
   * `data`, for any model whose latent is not quantised; of a conditional model, one for each class, fitted
   * to its images. `posterior`: for each of some images of `data`, one sample of the distribution that the
   * encoder returns for it, for a variational latent.
   */
  readonly from: 'prior' | 'mixture' | 'posterior';
  /**
   * Number of samples. A larger number starts with the same samples. With `from: posterior`, it is the number
   * of images, which are chosen at random.
   */
  readonly count: number;
  /**
   * With a conditional model: the label of all samples. By default each class in turn: 0, 1, 2 and so on. The
   * samples keep their labels. Not with `from: posterior`, where each image has its own.
   */
  readonly label?: number;
  /** Name of the stage whose images are encoded. Only with `from: mixture` and `from: posterior`. */
  readonly data?: string;
  /**
   * The split of `data`: `train` or `test`. By default `train` with `from: mixture`, `test` with `from:
   * posterior`. Not with `from: prior`.
   */
  readonly split?: SplitName;
  /**
   * Number of normal distributions in the mixture, each with its own covariance. Only with `from: mixture`.
   * By default 10.
   */
  readonly components?: number;
  readonly batch_size: BatchSize;
  readonly threads?: Threads;
};

/** Runs the encoder of a trained model on images, and stores their latent vectors. Returns vectors. */
export type EncodeSettings = {
  /** Computes the latent vectors of images. */
  readonly type: 'encode';
  /** Name of the `train` stage whose encoder is used. */
  readonly model: string;
  /** Name of the stage whose images are encoded. */
  readonly data: string;
  /** The images to encode: the `train` split, the `test` split, or `all`. */
  readonly split: SplitSelection;
  readonly batch_size: BatchSize;
  readonly threads?: Threads;
};

/** `ProjectSettings` with `method: pca`. */
export type PcaProjectSettings = {
  /** Projects vectors to few dimensions. */
  readonly type: 'project';
  /**
   * Name of the stage whose vectors are projected, such as an `encode` stage; for images, the raw pixels are
   * used.
   */
  readonly data: string;
  /**
   * `pca`: the directions of the largest variance; distances keep their meaning. `tsne`: neighbours stay
   * together, and groups become visible; distances between groups mean little. `umap`: the same aim, faster,
   * with tighter groups.
   */
  readonly method: 'pca';
  /** The number of dimensions. Always 2 with `method: tsne`. */
  readonly components: number;
  /** The vectors to project: those of `test` or of `train`. */
  readonly split: SplitName;
  /** The maximum number of vectors, chosen at random by the pipeline's seed. `null`: all. */
  readonly limit: number | null;
  readonly threads?: Threads;
};

/** `ProjectSettings` with `method: tsne`. */
export type TsneProjectSettings = {
  /** Projects vectors to few dimensions. */
  readonly type: 'project';
  /**
   * Name of the stage whose vectors are projected, such as an `encode` stage; for images, the raw pixels are
   * used.
   */
  readonly data: string;
  /**
   * `pca`: the directions of the largest variance; distances keep their meaning. `tsne`: neighbours stay
   * together, and groups become visible; distances between groups mean little. `umap`: the same aim, faster,
   * with tighter groups.
   */
  readonly method: 'tsne';
  /** The vectors to project: those of `test` or of `train`. */
  readonly split: SplitName;
  /** The maximum number of vectors, chosen at random by the pipeline's seed. `null`: all. */
  readonly limit: number | null;
  /**
   * The perplexity, a soft number of neighbours of each point; `tsne` needs more than three times as many
   * points. Only with `method: tsne`.
   */
  readonly perplexity: number;
  readonly threads?: Threads;
};

/** `ProjectSettings` with `method: umap`. */
export type UmapProjectSettings = {
  /** Projects vectors to few dimensions. */
  readonly type: 'project';
  /**
   * Name of the stage whose vectors are projected, such as an `encode` stage; for images, the raw pixels are
   * used.
   */
  readonly data: string;
  /**
   * `pca`: the directions of the largest variance; distances keep their meaning. `tsne`: neighbours stay
   * together, and groups become visible; distances between groups mean little. `umap`: the same aim, faster,
   * with tighter groups.
   */
  readonly method: 'umap';
  /** The number of dimensions. Always 2 with `method: tsne`. */
  readonly components: number;
  /** The vectors to project: those of `test` or of `train`. */
  readonly split: SplitName;
  /** The maximum number of vectors, chosen at random by the pipeline's seed. `null`: all. */
  readonly limit: number | null;
  /** The number of neighbours of each point. Only with `method: umap`. */
  readonly neighbors: number;
  /**
   * How close points may be in the projection, 0 to 1: small values give tight groups. Only with `method:
   * umap`.
   */
  readonly min_distance: number;
  readonly threads?: Threads;
};

/** Projects vectors or images to few dimensions; two can be plotted. Returns vectors. */
export type ProjectSettings = PcaProjectSettings | TsneProjectSettings | UmapProjectSettings;

/**
 * Measures how well latent vectors distinguish the classes: trains simple classifiers on the vectors of the
 * training images. Returns their accuracy on those of the test images, from 0 to 1, which is added to
 * `metrics.json`.
 */
export type ProbeSettings = {
  /** Measures classifiers on latent vectors. */
  readonly type: 'probe';
  /**
   * Name of the stage whose vectors are classified, such as an `encode` stage with `split: all`; for images,
   * the raw pixels are used. Class labels are required.
   */
  readonly data: string;
  /**
   * Name of a stage whose raw pixels are also classified, for comparison; its metrics begin with `baseline_`.
   * By default none.
   */
  readonly baseline?: string;
  /**
   * `knn`: a vote of the nearest training vectors by Euclidean distance. `logistic`: multinomial logistic
   * regression on standardised values, with an L2 penalty like scikit-learn's `C=1`.
   */
  readonly classifiers: readonly ('knn' | 'logistic')[];
  /** The number of neighbours of `knn`. */
  readonly neighbors: number;
  /** The number of training vectors, chosen at random by the pipeline's seed. `null`: all. */
  readonly limit: number | null;
  readonly threads?: Threads;
};

/**
 * Scores how unusual images are for a trained model, and flags those above a threshold, which most training
 * images stay below. Returns the threshold and, with `normal`, how well the scores tell anomalous images from
 * normal ones; they are added to `metrics.json`. Writes the score of each image to `scores.csv`, from the
 * highest to the lowest.
 */
export type AnomalySettings = {
  /** Finds anomalous images. */
  readonly type: 'anomaly';
  /** Name of the `train` stage whose model scores the images. It should be trained on normal images only. */
  readonly model: string;
  /** Name of the stage whose images are scored. */
  readonly data: string;
  /** The split that is scored: `test` or `train`. */
  readonly split: SplitName;
  /**
   * Higher is more unusual. `squared_error`: the sum of the squared differences between an image and its
   * reconstruction. `nll`: the negative log-likelihood, for a variational latent, estimated as by `evaluate`.
   * `latent_distance`: the Mahalanobis distance of the latent from those of the normal training images, with
   * the covariance regularised by the method of Ledoit and Wolf. With few training images, the threshold
   * comes from distances of images that the covariance was not learned from.
   */
  readonly score: 'squared_error' | 'nll' | 'latent_distance';
  /**
   * The classes that are normal, by their names or labels: images of all others are anomalous. Left out,
   * labels are not used, and the stage returns only the threshold and the share of the images above it.
   */
  readonly normal?: readonly (number | string)[];
  /**
   * Name of the stage whose training images give the threshold and, for `latent_distance`, the distribution
   * of the latents. If they have labels, only those of the classes in `normal` are used. By default the same
   * as `data`.
   */
  readonly reference?: string;
  /**
   * The share of the reference images whose score is not above the threshold. Interpolated linearly, like
   * `numpy.quantile`.
   */
  readonly quantile: number;
  /**
   * Samples of the latents of each image by which `nll` is estimated. Only with `score: nll`. Left out: 100.
   */
  readonly importance_samples?: number;
  readonly batch_size: BatchSize;
  readonly threads?: Threads;
};

/**
 * Principal component analysis, the best possible linear autoencoder: fitted to the training images, measured
 * on a split. Returns metrics, which are added to `metrics.json`, for comparison with an autoencoder of the
 * same latent size.
 */
export type PcaSettings = {
  /** Measures principal component analysis. */
  readonly type: 'pca';
  /** Name of the stage whose training images it is fitted to, and on whose images it is measured. */
  readonly data: string;
  /**
   * The number of components, which corresponds to the latent size. With several numbers, each is measured.
   */
  readonly components: readonly number[];
  /** The images to measure on: `test` or `train`. */
  readonly split: SplitName;
  readonly threads?: Threads;
};

/** `FigureSettings` with `kind: images`. */
export type ImagesFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'images';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
  /**
   * The split that images or vectors are taken from: `train` or `test`. Not with `kind: history`,
   * `animation`, `roc`, `scores` and `anomalies`.
   */
  readonly split: SplitName;
  /**
   * Whether the images are random, by the pipeline's seed, or the first of the split. Only with `kind:
   * images`, `comparison`, `traversal` and `classes`.
   */
  readonly random: boolean;
  /**
   * Rows of the grid. Only with `kind: images`, `traversal` (latent axes, or pairs of images), `manifold` and
   * `classes` (classes, as many as there are at most).
   */
  readonly rows: number;
  /**
   * Columns of the grid. Only with `kind: images`, `traversal`, `manifold`, `classes` and `anomalies` (at
   * most 20).
   */
  readonly columns: number;
  /** Whether each image has its class label. Only with `kind: images`. */
  readonly labels: boolean;
  /**
   * Name of a second stage with the same images, shown above those of `data`, each set with a colour bar of
   * its value range: to show what a step such as a normalisation does. By default none. Only with `kind:
   * images`.
   */
  readonly before?: string;
};

/** `FigureSettings` with `kind: comparison`. */
export type ComparisonFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'comparison';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
  /**
   * Name of the `train` stage whose reconstructions (`comparison`), losses (`history`), latent space
   * (`traversal`, `manifold`, `classes`) or previews (`animation`) are shown.
   */
  readonly model: string;
  /**
   * Only with `kind: comparison`. Name of the stage with the clean images of the first row. By default the
   * same as `data`, and the row of corrupted images is left out.
   */
  readonly target?: string;
  /**
   * The split that images or vectors are taken from: `train` or `test`. Not with `kind: history`,
   * `animation`, `roc`, `scores` and `anomalies`.
   */
  readonly split: SplitName;
  /**
   * Whether the images are random, by the pipeline's seed, or the first of the split. Only with `kind:
   * images`, `comparison`, `traversal` and `classes`.
   */
  readonly random: boolean;
  /** How many images are compared, one per column. Only with `kind: comparison`. */
  readonly samples: number;
};

/** `FigureSettings` with `kind: history`. */
export type HistoryFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'history';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the `train` stage whose reconstructions (`comparison`), losses (`history`), latent space
   * (`traversal`, `manifold`, `classes`) or previews (`animation`) are shown.
   */
  readonly model: string;
  /** The curves to show, by their names in `history.csv`. By default all. Only with `kind: history`. */
  readonly quantities?: readonly HistoryQuantity[];
};

/** `FigureSettings` with `kind: latent`. */
export type LatentFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'latent';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
  /**
   * The split that images or vectors are taken from: `train` or `test`. Not with `kind: history`,
   * `animation`, `roc`, `scores` and `anomalies`.
   */
  readonly split: SplitName;
  /**
   * Name of the stage with the encoded images, which are shown in place of some points, where there is room.
   * By default none. Only with `kind: latent`.
   */
  readonly thumbnails?: string;
};

/** `FigureSettings` with `kind: traversal`. */
export type TraversalFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'traversal';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
  /**
   * Name of the `train` stage whose reconstructions (`comparison`), losses (`history`), latent space
   * (`traversal`, `manifold`, `classes`) or previews (`animation`) are shown.
   */
  readonly model: string;
  /**
   * The split that images or vectors are taken from: `train` or `test`. Not with `kind: history`,
   * `animation`, `roc`, `scores` and `anomalies`.
   */
  readonly split: SplitName;
  /**
   * Whether the images are random, by the pipeline's seed, or the first of the split. Only with `kind:
   * images`, `comparison`, `traversal` and `classes`.
   */
  readonly random: boolean;
  /**
   * Rows of the grid. Only with `kind: images`, `traversal` (latent axes, or pairs of images), `manifold` and
   * `classes` (classes, as many as there are at most).
   */
  readonly rows: number;
  /**
   * Columns of the grid. Only with `kind: images`, `traversal`, `manifold`, `classes` and `anomalies` (at
   * most 20).
   */
  readonly columns: number;
  /**
   * Only with `kind: traversal` and `kind: manifold` of a conditional model: the label with which latents are
   * decoded. A traversal uses the label of the first image by default; a manifold needs it.
   */
  readonly label?: number;
  /**
   * `axes`: each row varies one latent value, from small to large; `order` says which come first. `images`:
   * each row goes from one image to another. Only with `kind: traversal`.
   */
  readonly path: 'axes' | 'images';
  /**
   * Which latent values come first: those whose means vary most over the images (`variance`), or those with
   * the largest mean KL divergence from the prior (`kl`, for a variational latent), which is shown beside
   * each row. By default `kl` for a variational latent, else `variance`. Only with `path: axes`.
   */
  readonly order?: 'kl' | 'variance';
};

/** `FigureSettings` with `kind: manifold`. */
export type ManifoldFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'manifold';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
  /**
   * Name of the `train` stage whose reconstructions (`comparison`), losses (`history`), latent space
   * (`traversal`, `manifold`, `classes`) or previews (`animation`) are shown.
   */
  readonly model: string;
  /**
   * The split that images or vectors are taken from: `train` or `test`. Not with `kind: history`,
   * `animation`, `roc`, `scores` and `anomalies`.
   */
  readonly split: SplitName;
  /**
   * Rows of the grid. Only with `kind: images`, `traversal` (latent axes, or pairs of images), `manifold` and
   * `classes` (classes, as many as there are at most).
   */
  readonly rows: number;
  /**
   * Columns of the grid. Only with `kind: images`, `traversal`, `manifold`, `classes` and `anomalies` (at
   * most 20).
   */
  readonly columns: number;
  /**
   * Only with `kind: traversal` and `kind: manifold` of a conditional model: the label with which latents are
   * decoded. A traversal uses the label of the first image by default; a manifold needs it.
   */
  readonly label?: number;
};

/** `FigureSettings` with `kind: classes`. */
export type ClassesFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'classes';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown in the first row; the other rows have their latents. Left out:
   * latents from the standard normal distribution, for a variational model.
   */
  readonly data?: string;
  /**
   * Name of the `train` stage whose reconstructions (`comparison`), losses (`history`), latent space
   * (`traversal`, `manifold`, `classes`) or previews (`animation`) are shown.
   */
  readonly model: string;
  /**
   * The split that images or vectors are taken from: `train` or `test`. Not with `kind: history`,
   * `animation`, `roc`, `scores` and `anomalies`.
   */
  readonly split: SplitName;
  /**
   * Whether the images are random, by the pipeline's seed, or the first of the split. Only with `kind:
   * images`, `comparison`, `traversal` and `classes`.
   */
  readonly random: boolean;
  /**
   * Rows of the grid. Only with `kind: images`, `traversal` (latent axes, or pairs of images), `manifold` and
   * `classes` (classes, as many as there are at most).
   */
  readonly rows: number;
  /**
   * Columns of the grid. Only with `kind: images`, `traversal`, `manifold`, `classes` and `anomalies` (at
   * most 20).
   */
  readonly columns: number;
};

/** `FigureSettings` with `kind: animation`. */
export type AnimationFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'animation';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the `train` stage whose reconstructions (`comparison`), losses (`history`), latent space
   * (`traversal`, `manifold`, `classes`) or previews (`animation`) are shown.
   */
  readonly model: string;
  /** Milliseconds per epoch. Only with `kind: animation`. */
  readonly delay: number;
};

/** `FigureSettings` with `kind: roc`. */
export type RocFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'roc';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
};

/** `FigureSettings` with `kind: scores`. */
export type ScoresFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'scores';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
};

/** `FigureSettings` with `kind: anomalies`. */
export type AnomaliesFigureSettings = {
  /** Makes a figure. */
  readonly type: 'figure';
  /**
   * `images`: a grid of images of one set. `comparison`: rows of original, corrupted and reconstructed
   * images. `history`: curves of the losses over the epochs. `latent`: points of a plane, coloured by class.
   * `traversal`: images decoded along the latent axes, or between images. `manifold`: images decoded from a
   * latent space of two values. `classes`: latents decoded with each label, by a conditional model.
   * `animation`: the previews of a training as an animated GIF. Of an `anomaly` stage: `roc`, its ROC and
   * precision-recall curves; `scores`, a histogram of its scores with the threshold; `anomalies`, the images
   * with the highest scores, and those that the scores misplace most, with their reconstructions.
   */
  readonly kind: 'anomalies';
  /** Text above the figure. By default none. */
  readonly title?: string;
  /**
   * Name of the stage whose images are shown (`images`) or are the model's inputs (`comparison`, `traversal`,
   * `manifold`, `classes`), or whose vectors of two values are shown (`latent`). For `roc`, `scores` and
   * `anomalies`, name of the `anomaly` stage.
   */
  readonly data: string;
  /**
   * Columns of the grid. Only with `kind: images`, `traversal`, `manifold`, `classes` and `anomalies` (at
   * most 20).
   */
  readonly columns: number;
};

/** Makes a figure. Writes `figure.png` and `figure.svg`, and with `kind: animation` also `figure.gif`. */
export type FigureSettings = 
  | ImagesFigureSettings
  | ComparisonFigureSettings
  | HistoryFigureSettings
  | LatentFigureSettings
  | TraversalFigureSettings
  | ManifoldFigureSettings
  | ClassesFigureSettings
  | AnimationFigureSettings
  | RocFigureSettings
  | ScoresFigureSettings
  | AnomaliesFigureSettings;
