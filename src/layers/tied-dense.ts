/** A dense layer that uses another's kernel, transposed. Both uses add to the kernel's gradient. */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine/engine.ts';
import { weightOf } from './own.ts';

/** A layer with a kernel that belongs to another: saved models have a copy. */
export interface TiedLayer extends tfjs.layers.Layer {
  /** The layer with the kernel. */
  readonly tiedTo: tfjs.layers.Layer;
  /** The kernel as a layer of its own would have it. */
  transposedKernel(): tfjs.Tensor;
}

export function isTied(layer: tfjs.layers.Layer): layer is TiedLayer {
  return 'tiedTo' in layer;
}

/** What a dense layer of tfjs has besides its public type. */
type Dense = tfjs.layers.Layer & {
  readonly activation: { apply(input: tfjs.Tensor): tfjs.Tensor };
  readonly biasRegularizer: Parameters<tfjs.layers.Layer['addWeight']>[4];
};

/**
 * @param plain the same layer with a kernel of its own, not built
 * @param source the layer whose kernel is used
 */
export function tiedDense(
  tf: Tf,
  plain: tfjs.layers.Layer,
  source: tfjs.layers.Layer,
  { units, useBias }: { readonly units: number; readonly useBias: boolean },
): TiedLayer {
  const { activation, biasRegularizer } = plain as Dense;

  class TiedDense extends tf.layers.Layer implements TiedLayer {
    static readonly className = 'Dense';

    readonly tiedTo = source;
    // Replaced while the logits of a model are computed.
    readonly activation = activation;

    override build(inputShape: tfjs.Shape): void {
      if (useBias) this.addWeight('bias', [units], 'float32', tf.initializers.zeros(), biasRegularizer, true);
      super.build(inputShape);
    }

    override computeOutputShape(inputShape: tfjs.Shape): tfjs.Shape {
      return [...inputShape.slice(0, -1), units];
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return plain.getConfig();
    }

    override call(inputs: tfjs.Tensor | tfjs.Tensor[]): tfjs.Tensor {
      const input = Array.isArray(inputs) ? inputs[0] : inputs;
      if (input === undefined) throw new TypeError(`${this.name} was called without an input`);
      return tf.tidy(() => {
        const rows = input.reshape([-1, input.shape.at(-1) ?? 1]);
        const product = tf.matMul(input.rank === 2 ? input : rows, this.#kernel(), false, true);
        const bias = weightOf(this, 'bias')?.read();
        const sums = bias === undefined ? product : product.add(bias);
        return this.activation.apply(
          input.rank === 2 ? sums : sums.reshape([...input.shape.slice(0, -1), units]),
        );
      });
    }

    transposedKernel(): tfjs.Tensor {
      return this.#kernel().transpose();
    }

    #kernel(): tfjs.Tensor {
      const kernel = weightOf(source, 'kernel')?.read();
      if (kernel === undefined) throw new TypeError(`${source.name} is used before it is built`);
      return kernel;
    }
  }
  return new TiedDense({ name: plain.name });
}
