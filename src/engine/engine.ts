/** What the rest of Hourglass sees of TensorFlow. */
import type * as tfjs from '@tensorflow/tfjs';

/** The tfjs namespace, on whichever backend was loaded. */
export type Tf = typeof tfjs;

/** `native`: tfjs-node on libtensorflow; `portable`: tfjs on WebAssembly, or on plain JavaScript. */
export type EngineKind = 'native' | 'portable';

/** The `--engine` option. `auto`: native where it can be had, else portable with a warning. */
export type EngineChoice = EngineKind | 'auto';

/** What results depend on; part of cache keys and known before anything is loaded. */
export interface EngineIdentity {
  readonly kind: EngineKind;
  /** Such as `tensorflow 2.21.0` or `tfjs-wasm 4.22.0`. */
  readonly version: string;
  /** `linux-x64`, … */
  readonly platform: string;
}

export interface Engine {
  readonly identity: EngineIdentity;
  readonly tf: Tf;
  /** Threads that TensorFlow computes with, fixed when the process started. */
  readonly threads: number;
  /** Whether Hourglass's own kernels are loaded, which XLA calls. */
  readonly kernels: boolean;
}
