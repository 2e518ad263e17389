/**
 * The latent of a VQ-VAE: A. van den Oord, O. Vinyals, K. Kavukcuoglu, "Neural discrete representation learning", 2017. It is
 * saved as stock layers that compute the same, with a softmax that is so steep that it chooses one code (`stock.ts`).
 */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine/engine.ts';
import { quantize, straightThrough, type Quantized, type QuantizerLayer } from '../engine/train/quantizer.ts';
import type { LayerArguments } from './layer.ts';
import { weightOf } from './own.ts';

export function vectorQuantizer(
  tf: Tf,
  label: string,
  { codes, commitment }: Pick<LayerArguments['VectorQuantizer'], 'codes' | 'commitment'>,
): tfjs.layers.Layer {
  class VectorQuantizer extends tf.layers.Layer implements QuantizerLayer {
    static readonly className = 'VectorQuantizer';
    readonly commitment = commitment;
    readonly codes = codes;

    override build(inputShape: tfjs.Shape): void {
      const shape = [codes, inputShape.at(-1) ?? 0];
      this.addWeight('kernel', shape, 'float32', tf.initializers.zeros(), undefined, true);
      super.build(inputShape);
    }

    override computeOutputShape(inputShape: tfjs.Shape): tfjs.Shape {
      return inputShape;
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return { codes, commitment, ...super.getConfig() };
    }

    override call(inputs: tfjs.Tensor | tfjs.Tensor[]): tfjs.Tensor {
      const input = Array.isArray(inputs) ? inputs[0] : inputs;
      if (input === undefined) throw new TypeError(`${label} was called without an input`);
      return tf.tidy(() => straightThrough(tf, this.quantize(input).nearest.reshape(input.shape), input));
    }

    quantize(input: tfjs.Tensor): Quantized {
      const codebook = weightOf(this, 'kernel')?.read();
      if (codebook === undefined) throw new TypeError(`${label} is used before it is built`);
      return quantize(tf, input.reshape([-1, input.shape.at(-1) ?? 0]), codebook);
    }
  }
  return new VectorQuantizer({ name: label });
}
