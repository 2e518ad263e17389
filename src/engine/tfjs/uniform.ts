/**
 * Uniform random numbers as a stateless tensor operation: they depend only on a seed and a step. TensorFlow's own
 * Philox and ours (`src/core/philox.ts`) produce the same bits.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { Philox } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';
import { sizeOf } from '../../core/shape.ts';
import { nativeBackend, type OpAttribute, type TensorMetadata } from '../tensorflow/addon.ts';
import type { Tf } from '../engine.ts';

/** Name of the tfjs kernel; inputs `{ step }`, attributes `{ shape, seed, halves }`. */
export const STATELESS_UNIFORM = 'StatelessUniform';

/** TensorFlow's number of the type uint64, which tfjs does not know. */
const TF_UINT64 = 23;

/** TensorFlow's number of the Philox algorithm. */
export const PHILOX = 1;

/**
 * Uniform float32 numbers in [0, 1). The counter of the generator starts at `step * 2^32`, so the numbers of two steps
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
  const attributes: UniformAttributes = { shape: [...shape], seed: [...seed], halves: false };
  return tf.engine().runKernel(STATELESS_UNIFORM, { step }, { ...attributes });
}

/**
 * Booleans that are true with a probability, in steps of 2^-16. One word of the generator serves two of them: generating
 * words takes most of the time.
 *
 * @param probability from 0 to 1
 * @param step int32 scalar, 0 or more
 */
export function statelessChoice(
  tf: Tf,
  shape: readonly number[],
  probability: number,
  seed: Seed,
  step: tfjs.Tensor,
): tfjs.Tensor {
  const attributes: UniformAttributes = { shape: [...shape], seed: [...seed], halves: true };
  return tf.tidy(() =>
    tf.less(tf.engine().runKernel<tfjs.Tensor>(STATELESS_UNIFORM, { step }, { ...attributes }), probability),
  );
}

/**
 * Normal float32 numbers of mean 0 and standard deviation 1: from two uniform numbers, by the method of G. E. P. Box and
 * M. E. Muller ("A note on the generation of random normal deviates", 1958).
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

export interface UniformAttributes {
  readonly shape: number[];
  readonly seed: [number, number];
  /** Whether half a word is enough for each number, which is then a multiple of 2^-16, not of 2^-23. */
  readonly halves: boolean;
}

/** Registers the kernel for the backend in use. */
export function registerRandomKernels(tf: Tf): void {
  const backendName = tf.getBackend();
  if (tf.getKernel(STATELESS_UNIFORM, backendName) !== undefined) return;
  const native = backendName === 'tensorflow';
  tf.registerKernel({
    kernelName: STATELESS_UNIFORM,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const attributes = attrs as unknown as UniformAttributes;
      const step = inputs['step'] as tfjs.Tensor;
      return native ? uniformByTensorFlow(tf, attributes, step) : uniformByPhilox(tf, attributes, step);
    },
  });
}

function uniformByPhilox(
  tf: Tf,
  { shape, seed, halves }: UniformAttributes,
  step: tfjs.TensorInfo,
): tfjs.TensorInfo {
  const [at = 0] = tf.backend().readSync(step.dataId) as Int32Array;
  const values = new Float32Array(sizeOf(shape));
  const generator = new Philox(seed, at * 2 ** 32);
  if (halves) generator.uniformHalves(values);
  else generator.uniform(values);
  return tf.engine().makeTensor(values, shape, 'float32');
}

/** Calls the addon itself if 64-bit integers are involved: tfjs has no tensors of them. */
function uniformByTensorFlow(
  tf: Tf,
  { shape, seed, halves }: UniformAttributes,
  step: tfjs.TensorInfo,
): tfjs.TensorInfo {
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
  const reshape = (id: number, dimensions: readonly number[]): number =>
    run(
      'Reshape',
      [type('T', binding.TF_INT32), type('Tshape', binding.TF_INT32)],
      [id, integers(dimensions, [dimensions.length])],
    );
  const bitwise = (name: string, ...ids: readonly number[]): number =>
    run(name, [type('T', binding.TF_INT32)], ids);
  try {
    const [stepId = -1] = backend.getInputTensorIds([step]);
    const key = toUint64(integers(seed, [1, 2]));
    // Two words of 64 bits, the lower half of each first: [0, step] and [0, 0].
    const counters = run(
      'ConcatV2',
      [
        { name: 'N', type: binding.TF_ATTR_INT, value: 3 },
        type('T', binding.TF_INT32),
        type('Tidx', binding.TF_INT32),
      ],
      [integers([0], [1]), reshape(stepId, [1]), integers([0, 0], [2]), integers([0], [])],
    );
    const draw = (name: string, dtype: number, dimensions: readonly number[]): TensorMetadata => {
      const [output] = binding.executeOp(
        name,
        [type('dtype', dtype), type('Tshape', binding.TF_INT32)],
        [
          integers(dimensions, [dimensions.length]),
          key,
          toUint64(reshape(counters, [2, 2])),
          integers([PHILOX], []),
        ],
        1,
      );
      if (output === undefined) throw new Error('TensorFlow gave no random numbers');
      return output;
    };
    if (!halves) return backend.createOutputTensor(draw('StatelessRandomUniformV2', binding.TF_FLOAT, shape));
    const count = sizeOf(shape);
    const pairs = Math.ceil(count / 2);
    const words = keep(draw('StatelessRandomUniformFullIntV2', binding.TF_INT32, [pairs, 1]).id);
    const shifted = bitwise('RightShift', words, integers([0, 16], [1, 2]));
    const half = reshape(bitwise('BitwiseAnd', shifted, integers([0xffff], [])), [2 * pairs]);
    const wanted = run(
      'Slice',
      [type('T', binding.TF_INT32), type('Index', binding.TF_INT32)],
      [half, integers([0], [1]), integers([count], [1])],
    );
    const fraction = run(
      'Cast',
      [type('SrcT', binding.TF_INT32), type('DstT', binding.TF_FLOAT)],
      [reshape(wanted, shape)],
    );
    const scale = keep(binding.createTensor([], binding.TF_FLOAT, Float32Array.of(2 ** -16)));
    const [output] = binding.executeOp('Mul', [type('T', binding.TF_FLOAT)], [fraction, scale], 1);
    if (output === undefined) throw new Error('TensorFlow gave no product');
    return backend.createOutputTensor(output);
  } finally {
    for (const id of temporary) binding.deleteTensor(id);
  }
}
