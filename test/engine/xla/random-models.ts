/** Small random models from the whole language, and random ways to train them. The same seed makes the same model. */
import { Philox } from '../../../src/core/philox.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { sizeOf } from '../../../src/core/shape.ts';
import type { LossChoice } from '../../../src/engine/train/losses.ts';
import type { OptimizerChoice } from '../../../src/engine/train/optimizers/optimizer.ts';
import type { LearningRate } from '../../../src/engine/train/optimizers/schedules.ts';
import type { Samples } from '../../../src/engine/train/samples.ts';
import type { Architecture, LayerName, Shape } from '../../../src/layers/layer.ts';
import { inferAutoencoder } from '../../../src/layers/shapes.ts';
import type { ActivationName, LayerSpec } from '../../../src/schema/generated/settings.ts';
import { activationNames, layer, layerNames } from '../../layers/specs.ts';
import { bytes, type Settings } from './rig.ts';

export interface RandomModel {
  readonly architecture: Architecture;
  readonly settings: Settings;
}

const MOST_PARAMETERS = 250_000;
/** Of the largest output of a layer, times the batch size. */
const MOST_ELEMENTS = 150_000;

const SHAPES: readonly Shape[] = [
  [1],
  [3],
  [17],
  [1000],
  [4097],
  [1, 1, 1],
  [1, 1, 3],
  [1, 1, 130],
  [5, 5, 1],
  [5, 5, 17],
  [7, 9, 3],
  [7, 9, 1],
  [3, 2],
  [2, 9, 65],
  [12, 11, 4],
  [16, 16, 1],
];
const CHANNELS = [1, 3, 17, 65, 130, 2, 4, 8, 16, 32];
const BATCHES = [1, 2, 3, 31, 33, 16];

class Draws {
  readonly #generator: Philox;

  constructor(seed: number) {
    this.#generator = new Philox([seed, 77]);
  }

  of<T>(list: readonly T[]): T {
    const chosen = list[this.#generator.integer(list.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }

  from(low: number, high: number): number {
    return low + this.#generator.integer(high - low + 1);
  }

  isSo(oneOf = 2): boolean {
    return this.#generator.integer(oneOf) === 0;
  }

  pair(low: number, high: number): number | readonly [number, number] {
    return this.isSo() ? this.from(low, high) : [this.from(low, high), this.from(low, high)];
  }
}

export function randomModel(seed: number): RandomModel {
  const draws = new Draws(seed);
  const batchSize = draws.of(BATCHES);
  const head = draws.of(['sigmoid', 'sigmoid', 'linear', 'tanh'] as const);
  const architecture = randomArchitecture(draws, head, batchSize);
  return { architecture, settings: randomSettings(draws, architecture, head, batchSize) };
}

function randomArchitecture(draws: Draws, activation: ActivationName, batchSize: number): Architecture {
  const input = draws.of(SHAPES);
  const head = randomHead(draws, activation, input);
  const layers: LayerSpec[] = [];
  const count = draws.from(1, 4);
  for (let tries = 0; layers.length < count && tries < 60; tries++) {
    const name = draws.of(layerNames);
    const spec = layer(name, argumentsOf(name, draws, input));
    const candidate = [...layers, spec];
    if (fits({ input_shape: [...input], encoder: candidate, decoder: head }, batchSize)) layers.push(spec);
  }
  return { input_shape: [...input], encoder: layers.length === 0 ? ['Flatten'] : layers, decoder: head };
}

/** From any latent back to the input. */
function randomHead(draws: Draws, activation: ActivationName, input: Shape): readonly LayerSpec[] {
  const back = ['Flatten' as const, layer('Dense', { units: sizeOf(input), activation })];
  const image = [...back, layer('Reshape', { target_shape: [...input] })];
  if (input.length !== 3 || draws.isSo()) return image;
  const kernel = {
    ...{ filters: input.at(-1) ?? 1, kernel_size: draws.pair(1, 5), padding: 'same' },
    activation,
  };
  return [...image, layer(draws.of(['Conv2D', 'Conv2DTranspose'] as const), kernel)];
}

function fits(architecture: Architecture, batchSize: number): boolean {
  const shapes = inferAutoencoder(architecture, () => undefined);
  if (shapes === undefined || shapes.parameters > MOST_PARAMETERS) return false;
  return [...shapes.encoder, ...shapes.decoder].every(
    ({ output }) => sizeOf(output) * batchSize <= MOST_ELEMENTS,
  );
}

function argumentsOf(name: LayerName, draws: Draws, input: Shape): JsonObject {
  const regularizer = (): JsonObject | null => (draws.isSo(5) ? { l1: 1e-4, l2: 1e-3 } : null);
  // A jump shows the last digit of its input, and powers of large numbers are infinite.
  const activation = (): string =>
    draws.of(activationNames.filter((name) => name !== 'hard_shrink' && name !== 'exponential'));
  const padding = (): string => draws.of(['same', 'valid']);
  const weights = (): JsonObject => ({
    activation: activation(),
    use_bias: !draws.isSo(4),
    bias_initializer: draws.of(['zeros', 'random_normal']),
    kernel_regularizer: regularizer(),
    bias_regularizer: regularizer(),
    ...(draws.isSo(5) ? { activity_regularizer: { l1: 1e-4, l2: 1e-3 } } : {}),
  });
  const axis = (): number => draws.of([-1, -1, 1, 2, 3]);
  switch (name) {
    case 'Dense':
      return { units: draws.of([1, 3, 1000, ...CHANNELS]), ...weights() };
    case 'Activation':
      return { activation: activation() };
    case 'ReLU':
      return draws.isSo() ? { max_value: 0.5 } : {};
    case 'LeakyReLU':
      return { negative_slope: draws.of([0.3, 0.1, 0]) };
    case 'ELU':
      return { alpha: draws.of([1, 0.5, 0]) };
    case 'PReLU':
      return {
        shared_axes: draws.of([null, [1, 2], [3], [1]]),
        alpha_initializer: draws.of(['zeros', 'random_normal']),
      };
    case 'Softmax':
      return { axis: axis() };
    case 'Dropout':
    case 'SpatialDropout2D':
      return { rate: draws.of([0, 0.1, 0.5]) };
    case 'GaussianNoise':
      return { stddev: draws.of([0, 0.1, 0.5]) };
    case 'ActivityRegularization':
      return { l1: draws.of([0, 1e-4]), l2: draws.of([0, 1e-3]) };
    case 'Variational':
      return { units: draws.of([1, 3, 17]) };
    case 'VectorQuantizer':
      return { codes: draws.of([2, 5, 33]), commitment: draws.of([0, 0.25]) };
    case 'Reshape':
      return { target_shape: draws.of([[-1], [-1, 3], [...input], [...input].reverse(), [1, -1, 1]]) };
    case 'Conv2D': {
      const isDilated = draws.isSo(3);
      return {
        ...{ filters: draws.of(CHANNELS), kernel_size: draws.pair(1, 7), padding: padding() },
        ...(isDilated ? { dilation_rate: draws.pair(1, 3) } : { strides: draws.pair(1, 3) }),
        ...weights(),
      };
    }
    case 'Conv2DTranspose':
      return {
        ...{ filters: draws.of(CHANNELS), kernel_size: draws.pair(1, 7), padding: padding() },
        ...{ strides: draws.pair(1, 3), ...weights() },
      };
    case 'MaxPooling2D':
    case 'AveragePooling2D':
      return {
        ...{ pool_size: draws.pair(1, 4), padding: padding() },
        strides: draws.isSo() ? null : draws.pair(1, 3),
      };
    case 'UpSampling2D':
      return { size: draws.pair(1, 3), interpolation: draws.of(['nearest', 'bilinear']) };
    case 'BatchNormalization':
      return {
        ...{ axis: axis(), center: !draws.isSo(4), scale: !draws.isSo(4), momentum: draws.of([0.99, 0.5]) },
        ...{ beta_regularizer: regularizer(), gamma_regularizer: regularizer() },
      };
    case 'LayerNormalization':
      return { axis: axis(), center: !draws.isSo(4), scale: !draws.isSo(4) };
    case 'GroupNormalization':
      return {
        groups: draws.of([1, 1, -1, 2, 3]),
        axis: axis(),
        center: !draws.isSo(4),
        scale: !draws.isSo(4),
      };
    case 'ZeroPadding2D':
      return {
        padding: draws.of([
          1,
          [2, 0],
          [
            [1, 2],
            [3, 0],
          ],
        ] as const),
      } as JsonObject;
    case 'Cropping2D':
      return {
        cropping: draws.of([
          0,
          1,
          [
            [0, 3],
            [1, 2],
          ],
        ] as const),
      } as JsonObject;
    case 'Residual':
      return { layers: randomBlock(draws, input) };
    case 'Flatten':
    case 'GlobalAveragePooling2D':
    case 'GlobalMaxPooling2D':
      return {};
  }
}

/** Layers that keep a shape, or may do so. */
function randomBlock(draws: Draws, input: Shape): JsonObject[] {
  const names = [
    'Activation',
    'LayerNormalization',
    'BatchNormalization',
    'Dropout',
    'Conv2D',
    'Dense',
  ] as const;
  const chosen = [draws.of(names), ...(draws.isSo() ? [draws.of(names)] : [])];
  const layers = chosen.map((name) => layer(name, argumentsOf(name, draws, input)) as JsonObject);
  return draws.isSo(4) ? [layer('Residual', { layers }) as JsonObject] : layers;
}

function randomSettings(
  draws: Draws,
  { input_shape: shape }: Architecture,
  activation: ActivationName,
  batchSize: number,
): Settings {
  const count = batchSize * (batchSize > 16 ? 2 : 3) + draws.of([0, 1, batchSize - 1]);
  const images = bytes(shape, count);
  const x: Samples = draws.isSo(3)
    ? { ...images, data: Float32Array.from(images.data, (byte) => byte / 255), scale: 1 }
    : images;
  const seeds = { radius: [1, 2], angle: [3, 4_000_000_000] } as const;
  const noisy: Samples = {
    ...x,
    noise: { mean: 0.1, stddev: 0.3, clip: draws.of([null, [0, 1]]), seeds },
  };
  const given = draws.isSo(4) ? noisy : x;
  // The cross-entropy clips outputs that are not probabilities; rounding decides which.
  const losses: readonly LossChoice[] = ['mse', 'mae', { Huber: { delta: 0.3 } }, 'binary_crossentropy'];
  const loss = draws.of(losses.slice(0, activation === 'sigmoid' ? 4 : 3));
  return {
    ...{ batchSize, loss, optimizer: randomOptimizer(draws) },
    data: { x: given, y: draws.isSo(4) ? bytes(shape, count, 9) : given },
    metrics: draws.isSo() ? (['mse', 'mae'] as const).filter((metric) => metric !== loss) : [],
  };
}

function randomOptimizer(draws: Draws): OptimizerChoice {
  const rate = (start: number): LearningRate =>
    draws.isSo(3)
      ? draws.of<LearningRate>([
          {
            ExponentialDecay: {
              ...{ initial_learning_rate: start, decay_steps: 3, decay_rate: 0.7, staircase: draws.isSo() },
            },
          },
          {
            CosineDecay: {
              ...{ initial_learning_rate: start, decay_steps: 5, alpha: 0.1 },
              ...{ warmup_target: null, warmup_steps: 0 },
            },
          },
        ])
      : start;
  const decays = { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
  return draws.of<() => OptimizerChoice>([
    () => ({ SGD: { learning_rate: rate(0.05), momentum: 0, nesterov: false } }),
    () => ({ SGD: { learning_rate: rate(0.02), momentum: 0.9, nesterov: draws.isSo() } }),
    () => ({
      RMSprop: {
        ...{ learning_rate: rate(0.001), rho: 0.9, epsilon: 1e-7 },
        ...{ momentum: draws.of([0, 0.5]), centered: draws.isSo() },
      },
    }),
    () => ({ Adam: { learning_rate: rate(0.002), ...decays, amsgrad: draws.isSo() } }),
    () => ({ AdamW: { learning_rate: rate(0.002), ...decays, amsgrad: false, weight_decay: 0.01 } }),
    () => ({ Nadam: { learning_rate: rate(0.002), ...decays } }),
    () => ({ Adamax: { learning_rate: rate(0.002), ...decays } }),
    () => ({ Adagrad: { learning_rate: rate(0.01), initial_accumulator_value: 0.1, epsilon: 1e-7 } }),
  ])();
}
