/**
 * Runs batches through a model, and finds its logits: the inputs of its last sigmoid. A cross-entropy computed from them keeps
 * its digits and its gradient where the sigmoid has rounded to 0 or 1.
 */
import type { layers, LayersModel, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { ModelInput } from './condition.ts';
import { PROBABILITIES, type Outputs } from './losses.ts';

function forward(model: LayersModel, input: ModelInput, training: boolean): Tensor {
  return onlyTensor(model.apply(input, { training }));
}

/** @param training whether layers such as Dropout and BatchNormalization act as in training */
export type Forward = (input: ModelInput, training: boolean) => Outputs;

/**
 * Prepares a model whose layers follow one another. There are logits if the outputs come from a sigmoid, in a
 * layer of its own or as the `activation` of another, possibly with layers behind it that only move values: `Flatten`, `Reshape`,
 * `Cropping2D`, `ZeroPadding2D`, `MaxPooling2D`, `GlobalMaxPooling2D`, `UpSampling2D` by nearest neighbors, a linear `Activation` and, while they do
 * nothing, `Dropout` and `GaussianNoise`.
 */
export function forwardWithLogits(tf: Tf, model: LayersModel): Forward {
  const ends = { training: endOf(tf, model, true), inference: endOf(tf, model, false) };
  return (input, training) => {
    const end = training ? ends.training : ends.inference;
    if (end === undefined) return { values: forward(model, input, training) };
    const { result, recorded } = recordActivation(tf, end.activated, () => forward(model, input, training));
    return { values: result, logits: end.moves.reduce((logits, move) => move(logits), recorded) };
  };
}

type Move = (logits: Tensor) => Tensor;

/** The end of a model: the layer with the sigmoid, and what the layers behind it do. */
interface End {
  readonly activated: Activated;
  readonly moves: readonly Move[];
}

function endOf(tf: Tf, { layers: all }: LayersModel, training: boolean): End | undefined {
  const moves: Move[] = [];
  for (const layer of [...all].reverse()) {
    const { activation } = layer.getConfig();
    if (activation === 'sigmoid') return isActivated(layer) ? { activated: layer, moves } : undefined;
    const move = moveOf(tf, layer, training);
    if (move === undefined) return undefined;
    moves.unshift(move);
  }
  return undefined;
}

/** How a layer acts on logits, if it acts on their sigmoids in the same way; undefined if it does not. */
function moveOf(tf: Tf, layer: layers.Layer, training: boolean): Move | undefined {
  const { activation, interpolation, padding, rate, stddev } = layer.getConfig();
  const same: Move = (logits) => onlyTensor(layer.apply(logits, { training }));
  switch (layer.getClassName()) {
    case 'Flatten':
    case 'Reshape':
    case 'Cropping2D':
    // The largest logit has the largest sigmoid.
    case 'MaxPooling2D':
    case 'GlobalMaxPooling2D':
      return same;
    case 'UpSampling2D':
      return interpolation === 'nearest' ? same : undefined;
    case 'Activation':
      return activation === 'linear' ? same : undefined;
    case 'ActivityRegularization':
      return (logits) => logits;
    case 'Dropout':
    case 'SpatialDropout2D':
      return !training || rate === 0 ? same : undefined;
    case 'GaussianNoise':
      return !training || stddev === 0 ? same : undefined;
    case 'ZeroPadding2D': {
      const [[top, bottom], [left, right]] = padding as [[number, number], [number, number]];
      const around: [number, number][] = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      return (logits) => tf.pad(logits, around, LOWEST_LOGIT);
    }
    default:
      return undefined;
  }
}

/** A probability of 0, as the cross-entropy of probabilities takes it. */
const LOWEST_LOGIT = Math.log(PROBABILITIES[0] / (1 - PROBABILITIES[0]));

/** What a layer of tfjs with an activation has besides its public type. */
interface Activated {
  activation: { apply(input: Tensor): Tensor };
}

function isActivated(layer: object): layer is Activated {
  return 'activation' in layer;
}

/** Calls a function, and returns its result and the inputs of a layer's activation during the call. */
function recordActivation<Result>(
  tf: Tf,
  layer: Activated,
  work: () => Result,
): { readonly result: Result; readonly recorded: Tensor } {
  const { activation } = layer;
  let kept: Tensor | undefined;
  // Everything else that the layer reads from its activation, such as its name, comes from the activation itself.
  layer.activation = Object.create(activation, {
    apply: {
      value(input: Tensor) {
        kept?.dispose();
        // A layer disposes of everything that it computes, except its output.
        kept = tf.keep(input.clone());
        return activation.apply(input);
      },
    },
  }) as Activated['activation'];
  try {
    const result = work();
    if (kept === undefined) throw new TypeError('a layer did not use its activation');
    // A clone belongs to the tidy around the call, like everything else.
    return { result, recorded: kept.clone() };
  } finally {
    layer.activation = activation;
    kept?.dispose();
  }
}

export function onlyTensor(output: ReturnType<layers.Layer['apply']>): Tensor {
  if (Array.isArray(output) || !('dataId' in output))
    throw new TypeError('the model or a layer does not give one output');
  return output;
}
