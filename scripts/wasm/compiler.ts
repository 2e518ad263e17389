/** The pinned C++ compiler for WebAssembly, kept in the engine's cache. Only Zig's Clang, linker and libc++ headers are used. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../src/core/diagnostic.ts';
import type { InstallProgress } from '../../src/engine/tensorflow/install/command.ts';
import { downloadWheel } from '../../src/engine/tensorflow/install/download.ts';
import { unpackMembers } from '../../src/engine/tensorflow/install/unpack.ts';
import { cacheFolder } from '../../src/engine/tensorflow/location.ts';
import { COMPILERS, PLATFORM } from '../../src/engine/tensorflow/pins.ts';
import { takeLock } from '../../src/files/lock.ts';

export interface Compiler {
  /** Absolute path of the program. Its commands `clang` and `wasm-ld` are the compiler and the linker. */
  readonly program: string;
  /** Absolute paths of header folders, in search order. */
  readonly headers: readonly string[];
}

const NAME = process.platform === 'win32' ? 'zig.exe' : 'zig';

/** Paths below `lib/`. */
const HEADERS = [
  'libcxx/include',
  'include',
  'libc/include/wasm-wasi-musl',
  'libc/include/generic-musl',
] as const;

/**
 * Downloads the compiler, unless it is in the cache.
 *
 * @throws Failure `engine-missing` if there is none for this platform; `engine-install-failed`; `interrupted`
 */
export async function installCompiler(onProgress: InstallProgress, signal: AbortSignal): Promise<Compiler> {
  const pin = COMPILERS[PLATFORM];
  if (pin === undefined) throw failure('engine-missing', `there is no compiler for ${PLATFORM}`);
  const folder = join(cacheFolder(), 'compiler', `${pin.name}-${pin.version}-${PLATFORM}`);
  while (!existsSync(folder)) {
    const lock = await takeLock(`${folder}.lock`);
    if (lock.state === 'held') {
      await sleep(500, undefined, { signal });
      continue;
    }
    const draft = `${folder}.tmp`;
    try {
      if (existsSync(folder)) break;
      await rm(draft, { recursive: true, force: true });
      const download = join(draft, 'download');
      await mkdir(download, { recursive: true });
      const wheel = await downloadWheel(pin, download, onProgress, signal);
      const selection = { title: pin.title, target: targetOf, required: [NAME] };
      await unpackMembers(wheel, draft, selection, onProgress, signal);
      await chmod(join(draft, NAME), 0o755);
      await rm(download, { recursive: true });
      await lock.check();
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
      await lock.release();
    }
  }
  return { program: join(folder, NAME), headers: HEADERS.map((path) => join(folder, 'lib', path)) };
}

function targetOf(member: string): string | undefined {
  const path = member.startsWith('ziglang/') ? member.slice('ziglang/'.length) : '';
  const isNeeded = path === NAME || HEADERS.some((folder) => path.startsWith(`lib/${folder}/`));
  return isNeeded && dirname(path) !== '' ? path : undefined;
}
