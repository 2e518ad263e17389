/** Gradients that tfjs has no name for. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';

/** A tensor that counts as a constant. */
export function withoutGradient(tf: Tf, compute: () => Tensor): Tensor {
  return tf.customGrad<Tensor>(() => ({ value: compute(), gradFunc: () => [] }))();
}
