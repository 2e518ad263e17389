/**
 * The latent of a variational autoencoder: D. P. Kingma, M. Welling, "Auto-encoding variational Bayes", 2014. One dense kernel
 * computes the means, then the logarithms of the variances. It is saved as a dense layer of tfjs, of whose output the first half
 * is used: the means, as in inference (`stock.ts`).
 */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine/engine.ts';
import { statelessNormal } from '../engine/tfjs/uniform.ts';
import type { DrawPurpose, Posterior, VariationalLayer } from '../engine/train/variational.ts';
import { weightOf } from './own.ts';
import type { DrawSource } from './random-layers.ts';

export function variationalLatent(
  tf: Tf,
  { seeds, step }: DrawSource,
  label: string,
  units: number,
): tfjs.layers.Layer {
  const drawn = (purpose: string) => ({
    radius: seeds(`variational/${label}/${purpose}radius`),
    angle: seeds(`variational/${label}/${purpose}angle`),
  });
  const draws = { training: drawn(''), measuring: drawn('measuring/') };

  class Variational extends tf.layers.Layer implements VariationalLayer {
    static readonly className = 'Variational';

    override build(inputShape: tfjs.Shape): void {
      const size = inputShape.at(-1) ?? 0;
      this.addWeight('kernel', [size, 2 * units], 'float32', tf.initializers.zeros(), undefined, true);
      this.addWeight('bias', [2 * units], 'float32', tf.initializers.zeros(), undefined, true);
      super.build(inputShape);
    }

    override computeOutputShape(inputShape: tfjs.Shape): tfjs.Shape {
      return [...inputShape.slice(0, -1), units];
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return { units, ...super.getConfig() };
    }

    override call(inputs: tfjs.Tensor | tfjs.Tensor[], { training }: { training?: unknown }): tfjs.Tensor {
      const input = Array.isArray(inputs) ? inputs[0] : inputs;
      if (input === undefined) throw new TypeError(`${label} was called without an input`);
      return tf.tidy(() => {
        const posterior = this.posterior(input);
        return training === true ? this.sample(posterior, 'training') : posterior.mean;
      });
    }

    posterior(input: tfjs.Tensor): Posterior {
      const [kernel, bias] = ['kernel', 'bias'].map((name) => weightOf(this, name)?.read());
      if (kernel === undefined || bias === undefined)
        throw new TypeError(`${label} is used before it is built`);
      const heads = tf.matMul(input, kernel).add(bias);
      const head = (index: number): tfjs.Tensor => heads.slice([0, index * units], [-1, units]);
      return { mean: head(0), logVariance: head(1) };
    }

    sample({ mean, logVariance }: Posterior, purpose: DrawPurpose): tfjs.Tensor {
      const normals = this.normals(mean.shape, purpose);
      return mean.add(logVariance.mul(0.5).exp().mul(normals));
    }

    normals(shape: readonly number[], purpose: DrawPurpose): tfjs.Tensor {
      const at = purpose === 'training' ? step : tf.scalar(0, 'int32');
      return statelessNormal(tf, shape, draws[purpose], at);
    }
  }
  return new Variational({ name: label });
}
