/**
 * `Dropout`, `SpatialDropout2D` and `GaussianNoise` whose random numbers depend only on a seed and a step. tfjs's own layers use JavaScript's random
 * numbers, which are not reproducible and cannot be traced into a graph. Saved layers have the names and settings of tfjs's
 * layers, which replace them: in inference, all do nothing.
 */
import type * as tfjs from '@tensorflow/tfjs';
import type { Seed } from '../core/seed.ts';
import type { Tf } from '../engine/engine.ts';
import { statelessChoice, statelessNormal } from '../engine/tfjs/uniform.ts';

/** Where a layer's random numbers come from. */
export interface DrawSource {
  /** The seed of one purpose, such as `dropout/dropout_1`. */
  readonly seeds: (purpose: string) => Seed;
  /** int32 scalar: the number of the training step, the same for all layers of a model. */
  readonly step: tfjs.Variable;
}

/** Creates these kinds of layers for one tfjs. */
export function randomLayers(tf: Tf, { seeds, step }: DrawSource): RandomLayers {
  abstract class RandomLayer extends tf.layers.Layer {
    override readonly supportsMasking = true;

    override computeOutputShape(inputShape: tfjs.Shape): tfjs.Shape {
      return inputShape;
    }

    override call(inputs: tfjs.Tensor | tfjs.Tensor[], { training }: { training?: unknown }): tfjs.Tensor {
      const input = Array.isArray(inputs) ? inputs[0] : inputs;
      if (input === undefined) throw new TypeError(`${this.name} was called without an input`);
      return training === true ? tf.tidy(() => this.draw(input)) : input;
    }

    protected abstract draw(input: tfjs.Tensor): tfjs.Tensor;
  }

  /** Sets a share of the values to zero, and divides the others by the remaining share. */
  class Dropout extends RandomLayer {
    static readonly className = 'Dropout';
    readonly #rate: number;
    readonly #seed: Seed;

    constructor(name: string, rate: number) {
      super({ name });
      this.#rate = rate;
      this.#seed = seeds(`dropout/${name}`);
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return { rate: this.#rate, noiseShape: null, seed: null, ...super.getConfig() };
    }

    protected override draw(input: tfjs.Tensor): tfjs.Tensor {
      if (this.#rate === 0) return input;
      const kept = statelessChoice(tf, input.shape, 1 - this.#rate, this.#seed, step);
      return input.mul(kept.cast('float32')).mul(1 / (1 - this.#rate));
    }
  }

  /** Sets a share of the channels of each image to zero, and divides the others by the remaining share. */
  class SpatialDropout2D extends RandomLayer {
    static readonly className = 'SpatialDropout2D';
    readonly #rate: number;
    readonly #seed: Seed;

    constructor(name: string, rate: number) {
      super({ name });
      this.#rate = rate;
      this.#seed = seeds(`spatial_dropout/${name}`);
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return { rate: this.#rate, ...super.getConfig() };
    }

    protected override draw(input: tfjs.Tensor): tfjs.Tensor {
      if (this.#rate === 0) return input;
      const [images = 1] = input.shape;
      const channels = input.shape.at(-1) ?? 1;
      const kept = statelessChoice(tf, [images, 1, 1, channels], 1 - this.#rate, this.#seed, step);
      return input.mul(kept.cast('float32').mul(1 / (1 - this.#rate)));
    }
  }

  /** Adds normal noise of mean 0. */
  class GaussianNoise extends RandomLayer {
    static readonly className = 'GaussianNoise';
    readonly #stddev: number;
    readonly #radiusSeed: Seed;
    readonly #angleSeed: Seed;

    constructor(name: string, stddev: number) {
      super({ name });
      this.#stddev = stddev;
      this.#radiusSeed = seeds(`gaussian_noise/${name}/radius`);
      this.#angleSeed = seeds(`gaussian_noise/${name}/angle`);
    }

    override getConfig(): tfjs.serialization.ConfigDict {
      return { stddev: this.#stddev, ...super.getConfig() };
    }

    protected override draw(input: tfjs.Tensor): tfjs.Tensor {
      if (this.#stddev === 0) return input;
      const seeds = { radius: this.#radiusSeed, angle: this.#angleSeed };
      const normal = statelessNormal(tf, input.shape, seeds, step);
      return input.add(normal.mul(this.#stddev));
    }
  }

  return {
    dropout: (name, rate) => new Dropout(name, rate),
    spatialDropout: (name, rate) => new SpatialDropout2D(name, rate),
    gaussianNoise: (name, stddev) => new GaussianNoise(name, stddev),
  };
}

export interface RandomLayers {
  dropout(name: string, rate: number): tfjs.layers.Layer;
  spatialDropout(name: string, rate: number): tfjs.layers.Layer;
  gaussianNoise(name: string, stddev: number): tfjs.layers.Layer;
}
