/**
 * The portable engine: tfjs on WebAssembly, or all in JavaScript where Node.js has none. What it lacks, such as the gradient of a convolution's kernel, runs in plain
 * JavaScript. Far slower than TensorFlow, but it needs no compiler, no download, and runs everywhere.
 */
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';
import { loadTfjs } from './addon.ts';
import type { Tf } from './engine.ts';
import { hasWebAssembly } from './identity.ts';

const require = createRequire(import.meta.url);

interface WasmPackage {
  setThreadsCount(threads: number): void;
}

export async function loadPortable(): Promise<Tf> {
  const tf = loadTfjs();
  mendAveragePooling(tf);
  if (!hasWebAssembly()) {
    await tf.setBackend('cpu');
    return tf;
  }
  const wasm = require('@tensorflow/tfjs-backend-wasm') as WasmPackage;
  // Sums in several threads come out in another order at each run.
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
  borrowKernels(tf);
  return tf;
}

/**
 * Kernels that tfjs-backend-wasm 4.22 gets wrong: the first has no gradient where the maximum is negative, the second
 * makes a finite number of NaN.
 */
const WRONG: ReadonlySet<string> = new Set(['MaxPoolGrad', 'ClipByValue']);

/**
 * Lets the WebAssembly backend run the kernels that only the JavaScript backend has, or has right, on copies of the data.
 */
function borrowKernels(tf: Tf): void {
  for (const name of WRONG) if (tf.getKernel(name, 'wasm') !== undefined) tf.unregisterKernel(name, 'wasm');
  const own = new Set(tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName));
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    if (own.has(kernel.kernelName)) continue;
    tf.registerKernel({ ...kernel, backendName: 'wasm', kernelFunc: borrowed(tf, kernel.kernelFunc) });
  }
  for (const name of ['Conv2D', 'FusedConv2D']) mendConvolution(tf, name);
  mendPrelu(tf);
  hastenFilterGradient(tf);
}

/**
 * tfjs's gradient of average pooling divides by the whole window where the window reaches over an edge, though the mean was
 * taken over the pixels inside (tfjs 4.22): the change is multiplied by the ratio of the two before.
 */
function mendAveragePooling(tf: Tf): void {
  tf.unregisterGradient('AvgPool');
  tf.registerGradient({
    kernelName: 'AvgPool',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => {
      const { filterSize, strides, pad } = attrs as unknown as tfjs.AvgPoolAttrs;
      if (x === undefined || Array.isArray(dy)) throw new TypeError('AvgPool lacks an argument');
      const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
      const info = tf.backend_util.computePool2DInfo(
        [batch, height, width, channels],
        filterSize,
        strides,
        1,
        pad,
      );
      const ratios = (length: number, outputs: number, window: number, step: number, before: number) =>
        Array.from({ length: outputs }, (_, index) => {
          const start = index * step - before;
          return window / (Math.min(start + window, length) - Math.max(start, 0));
        });
      const { padInfo, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth } = info;
      const rows = ratios(height, outHeight, filterHeight, strideHeight, padInfo.top);
      const columns = ratios(width, outWidth, filterWidth, strideWidth, padInfo.left);
      return {
        x: () =>
          tf.tidy(() => {
            const scaled = dy
              .mul(tf.tensor(rows, [1, outHeight, 1, 1]))
              .mul(tf.tensor(columns, [1, 1, outWidth, 1]));
            return tf.engine().runKernel('AvgPoolGrad', { dy: scaled, input: x }, attrs);
          }),
      };
    },
  });
}

/** WebAssembly's PReLU knows slopes that are shared along the first axes only (tfjs-backend-wasm 4.22). */
function mendPrelu(tf: Tf): void {
  lendWhere(tf, 'Prelu', ({ inputs }) => {
    const [x = [], alpha = []] = [inputs['x']?.shape, inputs['alpha']?.shape];
    const own = alpha.slice(alpha.findIndex((length) => length !== 1));
    return own.some((length, axis) => length !== x[x.length - own.length + axis]);
  });
}

/**
 * The gradient of a convolution's kernel as matrix products, one for each of the kernel's pixels: JavaScript's loops take 98 %
 * of a training step of convolutions.
 */
function hastenFilterGradient(tf: Tf): void {
  const kernelName = 'Conv2DBackpropFilter';
  const lent = tf.getKernel(kernelName, 'wasm');
  if (lent === undefined) return;
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...lent,
    kernelFunc: (call) => {
      const { strides, pad, dimRoundingMode, filterShape, dataFormat } =
        call.attrs as unknown as tfjs.Conv2DBackpropFilterAttrs;
      const x = call.inputs['x'] as tfjs.Tensor4D;
      const dy = call.inputs['dy'] as tfjs.Tensor4D;
      const [batch, height, width, channels] = x.shape;
      const info = tf.backend_util.computeConv2DInfo(
        [batch, height, width, channels],
        filterShape,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      const { top, bottom, left, right } = info.padInfo;
      if (Math.min(top, bottom, left, right) < 0 || dataFormat !== 'NHWC') return lent.kernelFunc(call);
      return tf.tidy(() => {
        const image = tf.pad(x, [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]);
        const change = tf.reshape(dy, [-1, info.outChannels]);
        const [rows, columns] = [
          (info.outHeight - 1) * info.strideHeight,
          (info.outWidth - 1) * info.strideWidth,
        ];
        const products = Array.from({ length: info.filterHeight * info.filterWidth }, (_, pixel) => {
          const [row, column] = [Math.floor(pixel / info.filterWidth), pixel % info.filterWidth];
          const under = tf.stridedSlice(
            image,
            [0, row, column, 0],
            [batch, row + rows + 1, column + columns + 1, channels],
            [1, info.strideHeight, info.strideWidth, 1],
          );
          return tf.matMul(tf.reshape(under, [-1, channels]), change, true);
        });
        return tf.reshape(tf.stack(products), filterShape);
      });
    },
  });
}

/**
 * Where the step is larger than the kernel and padding is `same`, WebAssembly's convolution silently returns zeros
 * (tfjs-backend-wasm 4.22). JavaScript computes those.
 */
function mendConvolution(tf: Tf, kernelName: string): void {
  lendWhere(tf, kernelName, ({ inputs, attrs }) => {
    const [height = 1, width = 1] = inputs['filter']?.shape ?? [];
    const strides = attrs?.['strides'];
    const [down, right] = Array.isArray(strides) ? strides.map(Number) : [Number(strides), Number(strides)];
    return (down ?? 1) > height || (right ?? 1) > width;
  });
}

/** Lets JavaScript compute what a kernel of WebAssembly gets wrong. */
function lendWhere(
  tf: Tf,
  kernelName: string,
  isWrong: (call: Parameters<tfjs.KernelFunc>[0]) => boolean,
): void {
  const own = tf.getKernel(kernelName, 'wasm');
  const plain = tf.getKernel(kernelName, 'cpu');
  if (own === undefined || plain === undefined) return;
  const lent = borrowed(tf, plain.kernelFunc);
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...own, kernelFunc: (call) => (isWrong(call) ? lent : own.kernelFunc)(call) });
}

type Inputs = Readonly<Record<string, tfjs.TensorInfo | tfjs.TensorInfo[] | undefined>>;

function borrowed(tf: Tf, kernel: tfjs.KernelFunc): tfjs.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const wasm = backend as tfjs.KernelBackend;
    const cpu = tf.findBackend('cpu');
    const lent: tfjs.DataId[] = [];
    const lend = (tensor: tfjs.TensorInfo): tfjs.TensorInfo => {
      const dataId = cpu.write(wasm.readSync(tensor.dataId), tensor.shape, tensor.dtype);
      lent.push(dataId);
      return { ...tensor, dataId };
    };
    const copies = Object.fromEntries(
      Object.entries(inputs as Inputs).map(([name, value]) => {
        if (value === undefined) return [name, value];
        return [name, Array.isArray(value) ? value.map(lend) : lend(value)];
      }),
    );
    const result = kernel({ inputs: copies as tfjs.NamedTensorInfoMap, attrs, backend: cpu });
    const outputs = Array.isArray(result) ? result : [result];
    const moved = outputs.map((output) => ({
      shape: output.shape,
      dtype: output.dtype,
      dataId: wasm.write(cpu.readSync(output.dataId), output.shape, output.dtype),
    }));
    for (const { dataId } of outputs) if (!lent.includes(dataId)) cpu.disposeData(dataId);
    for (const dataId of lent) cpu.disposeData(dataId);
    return Array.isArray(result) ? moved : (moved[0] ?? []);
  };
}
