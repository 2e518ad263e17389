import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { EngineChoice, EngineIdentity } from './engine.ts';
import { engineIdentity } from './identity.ts';
import { runCommand } from './tensorflow/install/command.ts';
import { kernelBuild, type KernelBuild } from './tensorflow/native-kernels.ts';
import {
  engineFolder,
  readEngineRecord,
  readReason,
  readInstallFailure,
  type EngineRoute,
} from './tensorflow/location.ts';
import { TFJS_VERSION } from './tensorflow/pins.ts';
import { whyMissing } from './webassembly/binary.ts';
import { webAssemblyFeatures, type WebAssemblyFeatures } from './webassembly/module.ts';

/** What `hourglass engine status` reports. */
export interface EngineStatus {
  /** The engine that a run here would use. */
  readonly identity: EngineIdentity;
  /** Whether it is available; the portable engine always is. */
  readonly installed: boolean;
  /** Where it is, or would be. */
  readonly folder: string;
  readonly route?: EngineRoute;
  /** Whether the library compiles graphs with XLA; found by compiling one. */
  readonly xla: boolean;
  /** Features for the portable engine. It does not use relaxed SIMD, whose results differ between machines. */
  readonly webassembly?: WebAssemblyFeatures & { readonly relaxedSimd: false };
  /** The vectors of Hourglass's own kernels; undefined if these are not available. */
  readonly kernels?: string;
  /** Threads of a stage that sets no number. */
  readonly threads: number;
  readonly node: string;
  readonly tfjs: string;
  readonly addon: string;
  /**
   * Why the last attempt to install failed, why the engine does not load, or why it has no kernels.
   */
  readonly problem?: string;
}

export async function engineStatus(choice: EngineChoice): Promise<EngineStatus> {
  const identity = await engineIdentity(choice);
  const record = identity.kind === 'native' ? await readEngineRecord() : undefined;
  const probe = record === undefined ? undefined : await runProbe(record.addon);
  const build = kernelBuild();
  const isPortable = identity.kind === 'portable';
  const missing = isPortable ? whyMissing() : undefined;
  // Failures from before the engine was installed no longer matter.
  const failed = record === undefined ? await readInstallFailure() : undefined;
  const problem = probe?.problem ?? missing ?? failed ?? (await readBuildFailure(build));
  return {
    identity,
    installed: isPortable || record !== undefined,
    folder: engineFolder(),
    ...(record === undefined ? {} : { route: record.route }),
    xla: probe?.xla ?? false,
    ...(isPortable ? { webassembly: { ...webAssemblyFeatures(), relaxedSimd: false } } : {}),
    ...(record !== undefined && existsSync(build.addon) ? { kernels: build.vectors } : {}),
    threads: availableParallelism(),
    node: process.versions.node,
    tfjs: TFJS_VERSION,
    addon: TFJS_VERSION,
    ...(problem === undefined ? {} : { problem }),
  };
}

async function runProbe(addon: string): Promise<{ readonly xla: boolean; readonly problem?: string }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const probe = fileURLToPath(new URL(`./tensorflow/check-addon.${extension}`, import.meta.url));
  const result = await runCommand(process.execPath, [probe, addon], { timeoutSeconds: 120 });
  return {
    xla: /^xla yes$/m.test(result.output),
    ...(result.code === 0 ? {} : { problem: `TensorFlow does not load (${result.reason})` }),
  };
}

async function readBuildFailure({ failureNote }: KernelBuild): Promise<string | undefined> {
  const reason = await readReason(failureNote);
  return reason === undefined ? undefined : `Hourglass's own kernels: ${reason}`;
}
