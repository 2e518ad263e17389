/** Loads tfjs and its TensorFlow addon into this process. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import { packageRoot } from '../../core/package-root.ts';
import type { Tf } from '../engine.ts';
import { hasAvx512 } from './native-kernels.ts';
import { TENSORFLOW_VERSION } from './pins.ts';

const require = createRequire(import.meta.url);

/** The parts of TensorFlow.js that the build bundles; the C++ source of its addon is in `binding/`. */
export const VENDOR = join(packageRoot, 'dist', 'vendor');

/** A tensor, as the addon describes an op's result. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The part of the addon's interface that Hourglass calls itself. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_UINT8: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(session: number, inputs: readonly number[], feeds: string, fetches: string): TensorMetadata[];
}

/** The backend that tfjs-node registers as `tensorflow`. */
export interface NativeBackend {
  readonly binding: Binding;
  getInputTensorIds(tensors: readonly unknown[]): number[];
  createOutputTensor(metadata: TensorMetadata): ReturnType<Tf['tensor']>;
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly TensorInfo[]): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[];
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
}

/**
 * Sets what TensorFlow reads from the environment when it is loaded: threads, silence, and how XLA compiles.
 *
 * @param threads that compute, at least 1
 * @param version of TensorFlow, if known: XLA ends the process for an option that it does not have
 */
export function prepareEnvironment(threads: number, version?: string): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  // One more, because a loop keeps one of them waiting for its body.
  process.env['TF_NUM_INTEROP_THREADS'] = String(threads + 1);
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Otherwise XLA's maximum of a number and NaN may be the number.
  const flags = ['--xla_cpu_enable_fast_min_max=false'];
  // By default, XLA uses only half of AVX-512's width, for processors that slow down under it. The full width gains a tenth.
  if (hasAvx512()) flags.push('--xla_cpu_prefer_vector_width=512');
  // XLA's newer way of compiling fused operations takes half of the compilation time; our kernels leave it little to fuse.
  if (version === TENSORFLOW_VERSION) flags.push('--xla_cpu_use_fusion_emitters=false');
  process.env['XLA_FLAGS'] ??= flags.join(' ');
}

/** tfjs without choosing a backend, and without its welcome message. */
export function loadTfjs(): Tf {
  const tf = require(join(VENDOR, 'tfjs.cjs')) as Tf;
  tf.enableProdMode();
  return tf;
}

/**
 * Loads the addon and makes it tfjs's backend. tfjs-node's own entry would look for the addon in its package; this takes it
 * from the cache, so that nothing is written into `node_modules`.
 *
 * @param addon absolute path
 * @throws Error if the libraries do not fit
 */
export async function loadNative(addon: string): Promise<{ readonly tf: Tf; readonly binding: Binding }> {
  restoreUtil();
  const tf = loadTfjs();
  const { NodeJSKernelBackend } = require(join(VENDOR, 'tfjs-node.cjs')) as {
    NodeJSKernelBackend: new (binding: Binding, name: string) => InstanceType<Tf['KernelBackend']>;
  };
  const binding = require(addon) as Binding;
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3);
  // tfjs would continue with another backend.
  if (!(await tf.setBackend('tensorflow'))) throw new Error('tfjs-node does not start');
  return { tf, binding };
}

/** The native backend; only if it is the one in use. */
export function nativeBackend(tf: Tf): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}

/** tfjs-node 4.22 calls functions of `util` that Node 23 removed (tensorflow/tfjs#8740). */
function restoreUtil(): void {
  const missing: Readonly<Record<string, (value: unknown) => boolean>> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isArray: Array.isArray,
  };
  for (const [name, implementation] of Object.entries(missing)) {
    if (!(name in util)) Object.defineProperty(util, name, { value: implementation });
  }
}
