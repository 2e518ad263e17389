/**
 * The latent of a VQ-VAE: A. van den Oord, O. Vinyals, K. Kavukcuoglu, "Neural discrete representation learning", 2017. It is
 * saved as stock layers that compute the same, with a softmax that is so steep that it chooses one code (`stock.ts`).
 */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine/engine.ts';
import { quantize, straightThrough, type Quantized, type QuantizerLayer } from '../engine/train/quantizer.ts';
import type { LayerArguments, Shape } from './layer.ts';
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

/** A weight as it is saved. */
export interface NamedValues {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly values: Float32Array;
}

/**
 * The weights of the stock layer by which a saved quantised latent finds the nearest code c: 2 c and -|c|^2 (`stock.ts`).
 *
 * @param codes the weight with the codes
 * @param own all weights that the model itself has
 * @param shapes of all weights of the saved model
 */
export function nearnessWeights(
  { shape: [, size], values: codes }: NamedValues,
  own: readonly NamedValues[],
  shapes: ReadonlyMap<string, Shape>,
): readonly NamedValues[] {
  const width = size ?? 0;
  const count = codes.length / width;
  const kernel = codes.map(
    (_, index) => 2 * (codes[(index % count) * width + Math.floor(index / count)] ?? 0),
  );
  const bias = Float32Array.from({ length: count }, (_, code) =>
    codes.subarray(code * width, (code + 1) * width).reduce((sum, value) => sum - value * value, 0),
  );
  const known = new Set(own.map(({ name }) => name));
  return [...shapes]
    .filter(([name]) => !known.has(name))
    .map(([name, shape]) => ({ name, shape, values: name.endsWith('/bias') ? bias : kernel }));
}
