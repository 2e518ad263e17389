/** The gradient of `relu` as one operation. tfjs makes six passes over the activations for it. */
import type * as tfjs from '@tensorflow/tfjs';
import { nativeBackend } from '../tensorflow/addon.ts';
import type { Tf } from '../engine.ts';

/** Name of the tfjs kernel; inputs `{ dy, y }`. */
const RELU_GRADIENT = 'ReluGrad';

/** Replaces tfjs's gradient, and registers the kernel for the backend in use. */
export function registerReluGradient(tf: Tf): void {
  const backendName = tf.getBackend();
  if (tf.getKernel(RELU_GRADIENT, backendName) === undefined) {
    tf.registerKernel({
      kernelName: RELU_GRADIENT,
      backendName,
      kernelFunc: ({ inputs }) => {
        const [dy, y] = [inputs['dy'], inputs['y']] as [tfjs.Tensor, tfjs.Tensor];
        if (backendName !== 'tensorflow')
          return tf.tidy(() => tf.where(tf.greater(y, 0), dy, tf.zerosLike(dy)));
        const { TF_ATTR_TYPE, TF_FLOAT } = nativeBackend(tf).binding;
        const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
        return nativeBackend(tf).executeSingleOutput(RELU_GRADIENT, [type], [dy, y]);
      },
    });
  }
  tf.unregisterGradient('Relu');
  tf.registerGradient({
    kernelName: 'Relu',
    // The output serves as well as the input: where one is positive, so is the other.
    outputsToSave: [true],
    gradFunc: (dy, saved) => {
      const [y] = saved;
      if (y === undefined || Array.isArray(dy)) throw new TypeError(`${RELU_GRADIENT} lacks an argument`);
      return { x: (): tfjs.Tensor => tf.engine().runKernel(RELU_GRADIENT, { dy, y }) };
    },
  });
}
