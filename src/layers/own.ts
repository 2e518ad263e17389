/** Layers that tfjs has, but without some of Keras's arguments or unlike Keras 3. They are saved as tfjs's own: see `stock.ts`. */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine/engine.ts';
import { failure } from '../core/diagnostic.ts';

/** Replaces the computation of a layer. */
export function replaceCall(
  tf: Tf,
  layer: tfjs.layers.Layer,
  compute: (input: tfjs.Tensor, training: boolean) => tfjs.Tensor | tfjs.Tensor[],
): tfjs.layers.Layer {
  layer.call = (inputs, kwargs) => {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (input === undefined) throw new TypeError(`${layer.name} was called without an input`);
    return tf.tidy(() => compute(input, kwargs['training'] === true));
  };
  return layer;
}

/** A weight of a built layer by its Keras name; undefined if the layer has no weight of that name. */
export function weightOf(layer: tfjs.layers.Layer, name: string): tfjs.LayerVariable | undefined {
  return layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`));
}

/** A layer that passes on its input. It is saved as a linear activation. */
export function passing(tf: Tf, className: string, label: string): tfjs.layers.Layer {
  class Passing extends tf.layers.Layer {
    static readonly className = className;

    override readonly supportsMasking = true;

    override computeOutputShape(inputShape: tfjs.Shape): tfjs.Shape {
      return inputShape;
    }

    override call(inputs: tfjs.Tensor | tfjs.Tensor[]): tfjs.Tensor {
      const input = Array.isArray(inputs) ? inputs[0] : inputs;
      if (input === undefined) throw new TypeError(`${label} was called without an input`);
      return input;
    }
  }
  return new Passing({ name: label });
}

/** tfjs's ELU takes only `alpha` 1: the output below zero is multiplied by `alpha`. */
export function scaledElu(tf: Tf, layer: tfjs.layers.Layer, alpha: number): tfjs.layers.Layer {
  if (alpha === 1) return layer;
  const config = layer.getConfig();
  layer.getConfig = () => ({ ...config, alpha });
  return replaceCall(tf, layer, (input) => tf.leakyRelu(tf.elu(input), alpha));
}

/** tfjs's softmax works along the last axis only. */
export function softmaxAlong(tf: Tf, layer: tfjs.layers.Layer, axis: number): tfjs.layers.Layer {
  return replaceCall(tf, layer, (input) => {
    const own = axis > 0 ? axis : input.rank + axis;
    if (own === input.rank - 1) return tf.softmax(input);
    const powers = input.sub(input.max(own, true)).exp();
    return powers.div(powers.sum(own, true));
  });
}

/**
 * A dilated convolution. tfjs has no gradient for it: in training, it convolves with a kernel whose pixels are
 * separated by zeros, with the same result.
 *
 * @param layer such a layer
 * @param dilation vertical and horizontal
 */
export function dilatedConvolution(
  tf: Tf,
  layer: tfjs.layers.Layer,
  dilation: readonly [number, number],
  padding: 'same' | 'valid',
): tfjs.layers.Layer {
  const infer = layer.call.bind(layer);
  const train = (input: tfjs.Tensor): tfjs.Tensor => {
    const kernel = weightOf(layer, 'kernel')?.read();
    if (kernel === undefined) throw failure('internal-error', `${layer.name} is used before it is built`);
    const [height = 1, width = 1, inputs = 1, outputs = 1] = kernel.shape;
    const rows = spread(kernel.reshape([1, height, width * inputs * outputs]), dilation[0]);
    const tall = (height - 1) * dilation[0] + 1;
    const wide = (width - 1) * dilation[1] + 1;
    const columns = spread(rows.reshape([tall, width, inputs * outputs]), dilation[1]);
    const image: tfjs.Tensor4D = input.reshape([-1, input.shape[1] ?? 1, input.shape[2] ?? 1, inputs]);
    const convolved = tf.conv2d(image, columns.reshape([tall, wide, inputs, outputs]), 1, padding);
    const bias = weightOf(layer, 'bias')?.read();
    // The types of tfjs-layers hide the activation.
    const { activation } = layer as Activated;
    return activation.apply(bias === undefined ? convolved : convolved.add(bias));
  };
  return replaceCall(tf, layer, (input, training) => (training ? train(input) : infer(input, {})));
}

/** What layers with an activation have besides their public type. */
export type Activated = tfjs.layers.Layer & {
  readonly activation: { apply(input: tfjs.Tensor): tfjs.Tensor };
};

/** Puts `step - 1` zeros between the entries of the middle one of three axes. */
function spread(values: tfjs.Tensor, step: number): tfjs.Tensor {
  const [before = 1, length = 1, after = 1] = values.shape;
  const apart = values.reshape([before, length, 1, after]).pad([
    [0, 0],
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  return apart
    .reshape([before, length * step, after])
    .slice([0, 0, 0], [before, (length - 1) * step + 1, after]);
}
