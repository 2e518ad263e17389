/**
 * Uniform random numbers as a tensor operation without state: they follow from a seed and a step alone. TensorFlow's own
 * Philox and ours (`src/core/philox.ts`) give the same bits.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { Philox } from '../core/philox.ts';
import type { Seed } from '../core/seed.ts';
import { nativeBackend, type OpAttribute } from './addon.ts';
import type { Tf } from './engine.ts';

/** Name of the tfjs kernel; inputs `{ step }`, attributes `{ shape, seed }`. */
export const STATELESS_UNIFORM = 'StatelessUniform';

/** TensorFlow's number of the type uint64, which tfjs does not know. */
const TF_UINT64 = 23;

/** TensorFlow's number of the Philox algorithm. */
export const PHILOX = 1;

/**
 * Uniform float32 numbers in [0, 1). The counter of the generator starts at `step * 2^32`, so that the numbers of two steps
 * never overlap: the same as `new Philox(seed, step * 2 ** 32).uniform(…)`.
 *
 * @param step int32 scalar, 0 or more
 */
export function statelessUniform(
  tf: Tf,
  shape: readonly number[],
  seed: Seed,
  step: tfjs.Tensor,
): tfjs.Tensor {
  const attributes: UniformAttributes = { shape: [...shape], seed: [...seed] };
  return tf.engine().runKernel(STATELESS_UNIFORM, { step }, { ...attributes });
}

/**
 * Normal float32 numbers of mean 0 and standard deviation 1: of two uniform draws, by G. E. P. Box and M. E. Muller's method
 * ("A note on the generation of random normal deviates", 1958).
 *
 * @param step int32 scalar, 0 or more
 */
export function statelessNormal(
  tf: Tf,
  shape: readonly number[],
  seeds: { readonly radius: Seed; readonly angle: Seed },
  step: tfjs.Tensor,
): tfjs.Tensor {
  return tf.tidy(() => {
    // In (0, 1], so that the logarithm is finite.
    const fraction = tf.sub(1, statelessUniform(tf, shape, seeds.radius, step));
    const angle = statelessUniform(tf, shape, seeds.angle, step).mul(2 * Math.PI);
    return fraction.log().mul(-2).sqrt().mul(angle.cos());
  });
}

export type UniformAttributes = { readonly shape: number[]; readonly seed: [number, number] };

/** Registers the kernel for the backend in use. */
export function registerRandomKernels(tf: Tf): void {
  const backendName = tf.getBackend();
  if (tf.getKernel(STATELESS_UNIFORM, backendName) !== undefined) return;
  const native = backendName === 'tensorflow';
  tf.registerKernel({
    kernelName: STATELESS_UNIFORM,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { shape, seed } = attrs as unknown as UniformAttributes;
      const step = inputs['step'] as tfjs.Tensor;
      return native ? uniformByTensorFlow(tf, shape, seed, step) : uniformByPhilox(tf, shape, seed, step);
    },
  });
}

function uniformByPhilox(tf: Tf, shape: number[], seed: Seed, step: tfjs.TensorInfo): tfjs.TensorInfo {
  const [at = 0] = tf.backend().readSync(step.dataId) as Int32Array;
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
  new Philox(seed, at * 2 ** 32).uniform(values);
  return tf.engine().makeTensor(values, shape, 'float32');
}

/** Calls the addon itself where 64-bit integers are on the way: tfjs has no tensors of them. */
function uniformByTensorFlow(tf: Tf, shape: number[], seed: Seed, step: tfjs.TensorInfo): tfjs.TensorInfo {
  const backend = nativeBackend(tf);
  const { binding } = backend;
  const type = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value });
  const temporary: number[] = [];
  const keep = (id: number): number => {
    temporary.push(id);
    return id;
  };
  const integers = (values: readonly number[], dimensions: readonly number[]): number =>
    keep(binding.createTensor(dimensions, binding.TF_INT32, Int32Array.from(values)));
  const run = (name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): number =>
    keep(binding.executeOp(name, attributes, inputs, 1)[0]?.id ?? -1);
  const toUint64 = (id: number): number =>
    run('Bitcast', [type('T', binding.TF_INT32), type('type', TF_UINT64)], [id]);
  try {
    const [stepId = -1] = backend.getInputTensorIds([step]);
    const key = toUint64(integers(seed, [1, 2]));
    const upper = run(
      'Reshape',
      [type('T', binding.TF_INT32), type('Tshape', binding.TF_INT32)],
      [stepId, integers([1], [1])],
    );
    // Two words of 64 bits, the lower half of each first: [0, step] and [0, 0].
    const words = run(
      'ConcatV2',
      [
        { name: 'N', type: binding.TF_ATTR_INT, value: 3 },
        type('T', binding.TF_INT32),
        type('Tidx', binding.TF_INT32),
      ],
      [integers([0], [1]), upper, integers([0, 0], [2]), integers([0], [])],
    );
    const pairs = run(
      'Reshape',
      [type('T', binding.TF_INT32), type('Tshape', binding.TF_INT32)],
      [words, integers([2, 2], [2])],
    );
    const [output] = binding.executeOp(
      'StatelessRandomUniformV2',
      [type('dtype', binding.TF_FLOAT), type('Tshape', binding.TF_INT32)],
      [integers(shape, [shape.length]), key, toUint64(pairs), integers([PHILOX], [])],
      1,
    );
    if (output === undefined) throw new Error('TensorFlow gave no random numbers');
    return backend.createOutputTensor(output);
  } finally {
    for (const id of temporary) binding.deleteTensor(id);
  }
}
