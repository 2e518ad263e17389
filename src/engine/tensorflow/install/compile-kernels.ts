/** Compiles Hourglass's own kernels against the headers of XLA that came with TensorFlow. */
import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../files/atomic.ts';
import { isAlive } from '../../../files/process.ts';
import { Failure } from '../../../core/diagnostic.ts';
import { kernelBuild, KERNEL_SOURCES } from '../native-kernels.ts';
import { engineFolder, type EngineRecord } from '../location.ts';
import { WHEELS, PLATFORM } from '../pins.ts';
import type { InstallProgress } from './command.ts';
import { compile } from './compile-addon.ts';

/** Whether there is nothing to do: the kernels are compiled, or cannot be. */
export function areKernelsSettled(record: EngineRecord): boolean {
  const { addon, failureNote } = kernelBuild();
  return existsSync(addon) || existsSync(failureNote) || headersOf(record) === undefined;
}

/** Whether a run has kernels: missing ones are compiled first, if that is possible. */
export function willHaveKernels(record: EngineRecord): boolean {
  return existsSync(kernelBuild().addon) || !areKernelsSettled(record);
}

const DRAFT = '.tmp-';

/** Removes what killed compilations left. Files that cannot be removed, as in another user's cache, stay. */
export async function removeKernelDrafts(): Promise<void> {
  const folder = engineFolder();
  for (const name of await readdir(folder).catch(() => [])) {
    const [, pid] = /^kernels-.*\.tmp-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/**
 * Compiles the kernels, unless they exist. A failure is recorded, so that not every run tries again, and TensorFlow runs without
 * them.
 *
 * @throws Failure `interrupted`
 */
export async function installKernels(
  record: EngineRecord,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<void> {
  const { addon, failureNote, flags } = kernelBuild();
  const headers = headersOf(record);
  const libraries = WHEELS[PLATFORM]?.libraries;
  if (existsSync(addon) || headers === undefined || libraries === undefined) return;
  await removeKernelDrafts();
  onProgress('compiling the kernels');
  const draft = `${addon}${DRAFT}${process.pid}`;
  try {
    await compile(
      {
        flags,
        headers,
        sources: [join(KERNEL_SOURCES, 'addon.cc')],
        libraries: libraries.map((name) => join(record.source ?? engineFolder(), name)),
        target: draft,
      },
      signal,
    );
    await rename(draft, addon);
    await rm(failureNote, { force: true });
  } catch (error) {
    await rm(draft, { force: true });
    if (!(error instanceof Failure) || signal.aborted) throw error;
    const reason = error.diagnostics.map(({ message }) => message).join('; ');
    await writeFileAtomic(failureNote, `${JSON.stringify({ reason })}\n`).catch(() => undefined);
  }
}

/** TensorFlow's `include` folder, if it has XLA's headers. */
function headersOf({ source }: EngineRecord): string | undefined {
  const folder = join(source ?? engineFolder(), 'include');
  return existsSync(join(folder, 'xla', 'ffi', 'api', 'ffi.h')) ? folder : undefined;
}
