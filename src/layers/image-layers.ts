/** Layers of images that tfjs lacks, or trains unlike Keras. They are saved as tfjs's own: see `stock.ts`. */
import type * as tfjs from '@tensorflow/tfjs';
import { failure } from '../core/diagnostic.ts';
import type { Tf } from '../engine/engine.ts';
import { replaceCall, weightOf, type Activated } from './own.ts';

/**
 * The largest value of each channel. If several pixels have it, they share the gradient equally, as in Keras; in tfjs, each gets all
 * of it.
 *
 * @param layer such a layer
 */
export function sharedMaximum(tf: Tf, layer: tfjs.layers.Layer): tfjs.layers.Layer {
  const largest = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tfjs.Tensor, tfjs.GradSaveFunc];
    const value = x.max([1, 2], true);
    save([x, value]);
    return {
      value,
      gradFunc: (gradient, saved) => {
        const [input, most] = saved;
        if (input === undefined || most === undefined) throw new TypeError('a maximum lacks an argument');
        const places = input.equal(most).cast('float32');
        return places.mul(gradient.div(places.sum([1, 2], true)));
      },
    };
  });
  return replaceCall(tf, layer, (input) => largest(input).reshape([-1, input.shape.at(-1) ?? 1]));
}

/**
 * A transposed convolution with an output of a given size, which tfjs's layer cannot have.
 *
 * @param layer a transposed convolution with other outputs
 * @param size height, width and channels of its outputs
 */
export function sizedTransposition(
  tf: Tf,
  layer: tfjs.layers.Layer,
  [height = 1, width = 1, channels = 1]: readonly number[],
  {
    strides,
    padding,
    extra,
  }: {
    readonly strides: readonly [number, number];
    readonly padding: 'same' | 'valid';
    /** Its `output_padding`. */
    readonly extra: readonly [number, number];
  },
): tfjs.layers.Layer {
  const config = layer.getConfig();
  layer.getConfig = () => ({ ...config, outputPadding: [...extra] });
  layer.computeOutputShape = (input) => [(input as tfjs.Shape)[0] ?? null, height, width, channels];
  return replaceCall(tf, layer, (input) => {
    const kernel = weightOf(layer, 'kernel')?.read();
    if (kernel === undefined) throw failure('internal-error', `${layer.name} is used before it is built`);
    const images = input as tfjs.Tensor4D;
    const shape: [number, number, number, number] = [images.shape[0], height, width, channels];
    const grown = tf.conv2dTranspose(images, kernel as tfjs.Tensor4D, shape, [...strides], padding);
    const bias = weightOf(layer, 'bias')?.read();
    return (layer as Activated).activation.apply(bias === undefined ? grown : grown.add(bias));
  });
}
