import { failure } from '../core/diagnostic.ts';
import { loadNative, loadTfjs, prepareEnvironment } from './tensorflow/addon.ts';
import type { Engine, EngineChoice } from './engine.ts';
import { registerReluGradient } from './tfjs/relu-gradient.ts';
import { engineIdentity } from './identity.ts';
import { loadKernels } from './tensorflow/native-kernels.ts';
import { readEngineRecord } from './tensorflow/location.ts';
import { registerRandomKernels } from './tfjs/uniform.ts';
import { registerResizeGradient } from './tfjs/resize.ts';

let loaded: Promise<Engine> | undefined;

export interface LoadOptions {
  readonly choice: EngineChoice;
  /** TensorFlow's threads. The native library reads the number once, when it is loaded. */
  readonly threads: number;
}

/**
 * Loads TensorFlow into this process; later calls return the same engine. Installs nothing: see `ensureEngine`.
 *
 * @throws Failure `engine-missing` if a native engine is requested and not installed, or cannot be loaded
 */
export function loadEngine(options: LoadOptions): Promise<Engine> {
  loaded ??= load(options);
  return loaded;
}

/** Loads what all engines share, so that `loadEngine` takes less time. */
export function prepareEngine(): void {
  loadTfjs();
}

async function load({ choice, threads }: LoadOptions): Promise<Engine> {
  const identity = await engineIdentity(choice);
  if (identity.kind === 'portable') {
    const { loadPortable } = await import('./portable.ts');
    const { tf, executor } = await loadPortable(threads);
    registerRandomKernels(tf);
    registerResizeGradient(tf);
    registerReluGradient(tf);
    return { identity, tf, threads, kernels: false, executor };
  }
  const record = await readEngineRecord();
  if (record === undefined) throw failure('engine-missing', 'TensorFlow is not installed', INSTALL_HINT);
  prepareEnvironment(threads, record.tensorflow);
  try {
    const { tf } = await loadNative(record.addon);
    registerRandomKernels(tf);
    registerResizeGradient(tf);
    registerReluGradient(tf);
    return { identity, tf, threads, kernels: loadKernels() };
  } catch (error) {
    throw failure(
      'engine-missing',
      `TensorFlow cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      `${INSTALL_HINT} after \`hourglass engine remove\``,
    );
  }
}

const INSTALL_HINT = 'run `hourglass engine install`';
