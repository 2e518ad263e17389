/** The interface of engines: TensorFlow, or WebAssembly. */
import type * as core from '@tensorflow/tfjs-core';
import type * as layers from '@tensorflow/tfjs-layers';
import type { Executor } from './webassembly/executor.ts';

/** The parts of tfjs that the build bundles, on whichever backend was loaded. */
export type Tf = typeof core & typeof layers;

/** `native`: TensorFlow by tfjs-node; `portable`: programs in WebAssembly. */
export type EngineKind = 'native' | 'portable';

/** The `--engine` option. `auto`: native if available, else portable. */
export type EngineChoice = EngineKind | 'auto';

/** What results depend on; part of cache keys, and known before anything is loaded. */
export interface EngineIdentity {
  readonly kind: EngineKind;
  /** Such as `tensorflow 2.21.0`, or `webassembly` with a hash of the module. */
  readonly version: string;
  /** `linux-x64`, …; `any` if the bits are the same on every machine. */
  readonly platform: string;
}

export interface Engine {
  readonly identity: EngineIdentity;
  readonly tf: Tf;
  /** Number of threads that compute, fixed when the process started. */
  readonly threads: number;
  /** Whether Hourglass's own kernels are loaded, which XLA calls. */
  readonly kernels: boolean;
  /** Runs programs, on the portable engine. */
  readonly executor?: Executor;
}
