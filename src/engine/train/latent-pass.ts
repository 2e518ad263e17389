/** Passes through a model that also return what its loss needs to know of its latent. */
import type { layers, LayersModel, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { ModelInput } from './condition.ts';
import { forwardWithLogits } from './forward.ts';
import type { Outputs } from './losses.ts';

/** What a layer computes in such a pass: its output, and tensors that the pass returns. */
interface LatentCall<Kept> {
  readonly output: Tensor;
  readonly kept: Kept;
}

/**
 * Replaces the computation of one layer during each pass. Otherwise, layers act as in `forwardWithLogits`.
 *
 * @param compute given the layer's input, and the layer's own computation
 */
export function forwardWithLatent<Kept extends Readonly<Record<string, Tensor>>>(
  tf: Tf,
  model: LayersModel,
  layer: layers.Layer,
  compute: (input: Tensor, training: boolean, own: () => Tensor) => LatentCall<Kept>,
): (input: ModelInput, training: boolean) => Outputs & { readonly latent: Kept } {
  const forward = forwardWithLogits(tf, model);
  return (input, training) => {
    let kept: Kept | undefined;
    const { call } = layer;
    layer.call = (inputs, kwargs) => {
      const given = Array.isArray(inputs) ? inputs[0] : inputs;
      if (given === undefined) throw new TypeError(`${layer.name} was called without an input`);
      const own = (): Tensor => {
        const output = call.call(layer, inputs, kwargs);
        if (Array.isArray(output)) throw new TypeError(`${layer.name} does not give one output`);
        return output;
      };
      const computed = compute(given, training, own);
      // A model disposes of everything that its layers compute, except their outputs.
      kept = mapValues(computed.kept, (tensor) => tf.keep(tensor.clone()));
      return computed.output;
    };
    try {
      const outputs = forward(input, training);
      if (kept === undefined) throw new TypeError('the model does not go through its latent');
      // Clones belong to the tidy around the call, like everything else.
      return { ...outputs, latent: mapValues(kept, (tensor) => tensor.clone()) };
    } finally {
      layer.call = call;
      for (const tensor of Object.values(kept ?? {})) tensor.dispose();
    }
  };
}

function mapValues<Kept extends Readonly<Record<string, Tensor>>>(
  tensors: Kept,
  map: (tensor: Tensor) => Tensor,
): Kept {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor)])) as Kept;
}
