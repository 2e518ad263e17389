/** Activations of Keras that tfjs lacks, or computes by Keras 2's formula. Most are saved as layers of tfjs: see `stock.ts`. */
import type * as tfjs from '@tensorflow/tfjs';
import type { ActivationName } from '../schema/generated/settings.ts';
import type { Tf } from '../engine/engine.ts';
import { withoutGradient } from '../engine/train/gradients.ts';

type Compute = (tf: Tf, x: tfjs.Tensor) => tfjs.Tensor;

const hardSigmoid: Compute = (_tf, x) =>
  x
    .mul(1 / 6)
    .add(0.5)
    .clipByValue(0, 1);

/** From 0 at -1 to 1 at 1. */
const sparseSigmoid: Compute = (_tf, x) => x.mul(0.5).add(0.5).clipByValue(0, 1);

/** https://keras.io/api/layers/activations/ has the formulas. */
const OWN = {
  exponential: (_tf, x) => x.exp(),
  hard_shrink: (tf, x) => x.mul(withoutGradient(tf, () => x.abs().greater(0.5).cast('float32'))),
  hard_sigmoid: hardSigmoid,
  hard_silu: (tf, x) => x.mul(hardSigmoid(tf, x)),
  hard_tanh: (_tf, x) => x.clipByValue(-1, 1),
  leaky_relu: (tf, x) => tf.leakyRelu(x, 0.2),
  log_sigmoid: (_tf, x) => x.neg().softplus().neg(),
  // The parabola touches the line at 1, and is above it elsewhere.
  sparse_plus: (tf, x) => tf.maximum(x, sparseSigmoid(tf, x).square()),
  sparse_sigmoid: sparseSigmoid,
  squareplus: (_tf, x) => x.add(x.square().add(4).sqrt()).mul(0.5),
  soft_shrink: (_tf, x) => x.sub(x.clipByValue(-0.5, 0.5)),
  tanh_shrink: (_tf, x) => x.sub(x.tanh()),
} as const satisfies Partial<Record<ActivationName, Compute>>;

/** The activations that tfjs lacks. */
export type OwnActivation = keyof typeof OWN;

/** Those that no layers of tfjs can compute: saved models have them under their own names. */
const UNSAVED = ['exponential', 'squareplus'] as const satisfies readonly OwnActivation[];

/** Activations that are saved as layers of tfjs. */
export type SavedActivation = Exclude<OwnActivation, (typeof UNSAVED)[number]>;

/** Lets tfjs load models with the activations that it lacks. */
export function registerUnsaved(tf: Tf): void {
  for (const name of UNSAVED) register(tf, name);
}

/** The type of activations in tfjs layers. */
type TfjsActivation = NonNullable<Parameters<Tf['layers']['dense']>[0]['activation']>;

/** An activation for a tfjs layer: a name, which tfjs looks up among registered classes. */
export function activationOf(tf: Tf, name: ActivationName): TfjsActivation {
  if (isOwn(name)) {
    register(tf, name);
    // The type lists only the names of tfjs.
    return name as string as TfjsActivation;
  }
  switch (name) {
    case 'silu':
      return 'swish';
    case 'log_softmax':
      return 'logSoftmax' as string as TfjsActivation;
    default:
      return name;
  }
}

function isOwn(name: string): name is OwnActivation {
  return Object.hasOwn(OWN, name);
}

function register(tf: Tf, name: OwnActivation): void {
  const compute: Compute = OWN[name];
  tf.serialization.registerClass(
    class extends tf.serialization.Serializable {
      static readonly className = name;

      override getConfig(): tfjs.serialization.ConfigDict {
        return {};
      }

      apply(x: tfjs.Tensor): tfjs.Tensor {
        return tf.tidy(() => compute(tf, x));
      }
    },
  );
}
