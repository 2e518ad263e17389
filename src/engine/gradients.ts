/**
 * Gradients that TensorFlow computes by one op. tfjs writes them with many: of `relu` alone it makes six passes over the
 * activations.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { nativeBackend } from './addon.ts';
import type { Tf } from './engine.ts';

/** tfjs's name of the function, the op of its gradient, and the order of the op's arguments. */
const GRADIENTS = [
  // The output is as good as the input: where one is positive, so is the other.
  { kernel: 'Relu', op: 'ReluGrad', outputFirst: false },
  { kernel: 'Sigmoid', op: 'SigmoidGrad', outputFirst: true },
  { kernel: 'Tanh', op: 'TanhGrad', outputFirst: true },
] as const;

/** Replaces tfjs's gradients; only where TensorFlow is the backend. */
export function registerFastGradients(tf: Tf): void {
  const { TF_ATTR_TYPE, TF_FLOAT } = nativeBackend(tf).binding;
  for (const { kernel, op, outputFirst } of GRADIENTS) {
    tf.registerKernel({
      kernelName: op,
      backendName: 'tensorflow',
      kernelFunc: ({ inputs }) => {
        const { dy, y } = inputs;
        if (dy === undefined || y === undefined) throw new TypeError(`${op} lacks an argument`);
        const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
        return nativeBackend(tf).executeSingleOutput(op, [type], outputFirst ? [y, dy] : [dy, y]);
      },
    });
    tf.unregisterGradient(kernel);
    tf.registerGradient({
      kernelName: kernel,
      outputsToSave: [true],
      gradFunc: (dy, saved) => {
        const [y] = saved;
        if (y === undefined || Array.isArray(dy)) throw new TypeError(`${op} lacks an argument`);
        return { x: (): tfjs.Tensor => tf.engine().runKernel(op, { dy, y }) };
      },
    });
  }
}
