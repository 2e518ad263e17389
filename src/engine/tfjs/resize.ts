/**
 * Bilinear up-sampling between the centres of pixels, as in Keras 3 and TensorFlow 2. tfjs supports only its forward pass: its
 * gradient measures from the corners of pixels.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { nativeBackend } from '../tensorflow/addon.ts';
import type { Tf } from '../engine.ts';

/**
 * @param images [batch, height, width, channels]
 * @param size factors for height and width, whole numbers from 1
 */
export function resizeBilinear(tf: Tf, images: tfjs.Tensor, size: readonly [number, number]): tfjs.Tensor {
  const [, height = 1, width = 1] = images.shape;
  const compute = tf.customGrad((...args) => {
    const [x, save] = args as [tfjs.Tensor4D, tfjs.GradSaveFunc];
    save([x]);
    return {
      value: tf.image.resizeBilinear(x, [height * size[0], width * size[1]], false, true),
      gradFunc: (dy, [input]) => {
        if (input === undefined) throw new TypeError('an up-sampling lacks its input');
        return tf.engine().runKernel(BILINEAR_GRADIENT, { dy, images: input }, { factors: [...size] });
      },
    };
  });
  return compute(images);
}

/** Name of the tfjs kernel; inputs `{ dy, images }`, attributes `{ factors }`. */
const BILINEAR_GRADIENT = 'UpsampleBilinearGradient';

/** Registers the gradient for the backend in use. */
export function registerResizeGradient(tf: Tf): void {
  const backendName = tf.getBackend();
  if (tf.getKernel(BILINEAR_GRADIENT, backendName) !== undefined) return;
  tf.registerKernel({
    kernelName: BILINEAR_GRADIENT,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const [dy, images] = [inputs['dy'] as tfjs.Tensor, inputs['images'] as tfjs.Tensor];
      const { factors } = attrs as unknown as { readonly factors: readonly [number, number] };
      return backendName === 'tensorflow'
        ? byTensorFlow(tf, dy, images)
        : byProducts(tf, dy, images, factors);
    },
  });
}

/** With the share that each pixel has in each of those made of it. */
function byProducts(
  tf: Tf,
  dy: tfjs.Tensor,
  { shape: [batch = 1, height = 1, width = 1, channels = 1] }: tfjs.Tensor,
  size: readonly [number, number],
): tfjs.Tensor {
  const lines = dy.reshape<tfjs.Tensor3D>([batch, height * size[0], width * size[1] * channels]);
  const rows = tf.tensor3d(sharesOf(height, size[0]), [1, height * size[0], height]);
  const columns = tf.tensor3d(sharesOf(width, size[1]), [1, width * size[1], width]);
  const low = tf.matMul(rows, lines, true);
  const narrow = low.reshape<tfjs.Tensor3D>([batch * height, width * size[1], channels]);
  return tf.matMul(columns, narrow, true).reshape([batch, height, width, channels]);
}

function byTensorFlow(tf: Tf, dy: tfjs.Tensor, input: tfjs.Tensor): tfjs.Tensor {
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_FLOAT } = nativeBackend(tf).binding;
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'align_corners', type: TF_ATTR_BOOL, value: false },
    { name: 'half_pixel_centers', type: TF_ATTR_BOOL, value: true },
  ];
  return nativeBackend(tf).executeSingleOutput('ResizeBilinearGrad', attributes, [dy, input]);
}

/** The weight of each of `length` pixels in each of `length * factor` new ones, row-major; the edge pixel continues beyond the edge. */
function sharesOf(length: number, factor: number): Float32Array {
  const shares = new Float32Array(length * factor * length);
  for (let made = 0; made < length * factor; made++) {
    const place = Math.min(Math.max((made + 0.5) / factor - 0.5, 0), length - 1);
    const before = Math.floor(place);
    const share = place - before;
    shares[made * length + before] = 1 - share;
    if (share > 0) shares[made * length + before + 1] = share;
  }
  return shares;
}
