/**
 * Hourglass's own kernels (`src/engine/kernels`): an addon beside TensorFlow's, compiled from source for the processor at hand. They
 * are optional: XLA and TensorFlow have kernels of their own, which are slower.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';
import { engineFolder } from './location.ts';

const require = createRequire(import.meta.url);

/** Where the sources are. */
export const KERNEL_SOURCES = join(packageRoot, 'src', 'engine', 'kernels');

/** One build of the kernels. */
export interface KernelBuild {
  /** `avx512`, `avx2` or `plain`. */
  readonly vectors: string;
  /** Absolute path of the addon, whether or not it exists. */
  readonly addon: string;
  /** Absolute path of the note that says that compiling failed. */
  readonly failureNote: string;
  /** Of the compiler. */
  readonly flags: readonly string[];
}

/** The build for this processor and these sources: a new Hourglass or another processor needs its own build. */
export function kernelBuild(): KernelBuild {
  const [vectors, ...machine] = vectorFlags();
  const flags = ['-O3', '-fno-math-errno', '-ffp-contract=fast', ...machine];
  const hash = createHash('sha256').update(flags.join(' '));
  for (const name of readdirSync(KERNEL_SOURCES).sort())
    hash.update(readFileSync(join(KERNEL_SOURCES, name)));
  const path = join(engineFolder(), `kernels-${vectors}-${hash.digest('hex').slice(0, 12)}`);
  return { vectors, addon: `${path}.node`, failureNote: `${path}.refused.json`, flags };
}

/** Name and flags of the widest vectors that the processor has, among those that make a difference. */
function vectorFlags(): readonly [string, ...string[]] {
  if (process.arch !== 'x64') return ['plain'];
  if (hasAvx512()) {
    return [
      'avx512',
      ...['f', 'bw', 'dq', 'vl'].map((part) => `-mavx512${part}`),
      '-mfma',
      '-mprefer-vector-width=512',
    ];
  }
  return hasFeatures(['avx2', 'fma']) ? ['avx2', '-mavx2', '-mfma'] : ['plain'];
}

export function hasAvx512(): boolean {
  return hasFeatures(['avx512f', 'avx512bw', 'avx512dq', 'avx512vl']);
}

/** Whether the processor has all of these; false if the system does not report it. */
function hasFeatures(names: readonly string[]): boolean {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const features = new Set(line.split(' '));
    return names.every((name) => features.has(name));
  } catch {
    return false;
  }
}

/** Loads the kernels into this process, which already has TensorFlow. Returns whether they are available. */
export function loadKernels(): boolean {
  const { addon } = kernelBuild();
  if (!existsSync(addon)) return false;
  try {
    require(addon);
    return true;
  } catch {
    // The library lacks functions that the kernels call; the user may have changed it since. It runs without the kernels.
    return false;
  }
}
