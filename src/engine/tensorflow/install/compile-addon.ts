/** Compiles addons against the installed library: one call of the system's C++ compiler each. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure } from '../../../core/diagnostic.ts';
import { VENDOR } from '../addon.ts';
import type { WheelPin } from '../pins.ts';
import { runCommand } from './command.ts';

const require = createRequire(import.meta.url);

/**
 * Compiles tfjs-node's addon.
 *
 * @param folder where the libraries are, and where the addon goes
 * @param headers TensorFlow's `include` folder
 * @returns absolute path of the addon
 * @throws Failure `engine-install-failed` if there is no compiler, or it fails; `interrupted`
 */
export async function compileAddon(
  folder: string,
  headers: string,
  pin: WheelPin,
  signal: AbortSignal,
): Promise<string> {
  const binding = join(VENDOR, 'binding');
  if (!existsSync(headers)) {
    throw failure('engine-install-failed', `there are no headers of TensorFlow at \`${headers}\``);
  }
  const addon = join(folder, 'tfjs_binding.node');
  await compile(
    {
      flags: ['-O2'],
      headers,
      sources: [join(binding, 'tfjs_backend.cc'), join(binding, 'tfjs_binding.cc')],
      libraries: pin.libraries.map((name) => join(folder, name)),
      target: addon,
    },
    signal,
  );
  return addon;
}

/** One call of a compiler; all paths are absolute. */
export interface Compilation {
  readonly flags: readonly string[];
  /** TensorFlow's `include` folder. */
  readonly headers: string;
  readonly sources: readonly string[];
  readonly libraries: readonly string[];
  readonly target: string;
}

/**
 * Compiles an addon, which finds its libraries in its own folder.
 *
 * @throws Failure `engine-install-failed` if there is no compiler, or it fails; `interrupted`
 */
export async function compile(
  { flags, headers, sources, libraries, target }: Compilation,
  signal: AbortSignal,
): Promise<void> {
  const compiler = await findCompiler(signal);
  const nodeHeaders = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
  const platform =
    process.platform === 'darwin'
      ? ['-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path']
      : ['-Wl,-rpath,$ORIGIN'];
  const result = await runCommand(
    compiler,
    [
      ...['-std=c++17', '-shared', '-fPIC', '-w', '-DNAPI_VERSION=8', ...flags],
      ...[`-I${nodeHeaders}`, `-I${headers}`, ...sources, ...libraries],
      ...[...platform, '-o', target],
    ],
    { signal, timeoutSeconds: 600 },
  );
  if (result.code === 0) return;
  const error = result.output.split('\n').find((line) => line.includes('error'));
  throw failure(
    'engine-install-failed',
    `\`${compiler}\` could not compile the addon (${(error ?? result.reason).trim().slice(0, 300)})`,
    compilerHint(),
  );
}

async function findCompiler(signal: AbortSignal): Promise<string> {
  const own = process.env['CXX'];
  for (const compiler of own === undefined || own === '' ? ['c++', 'g++', 'clang++'] : [own]) {
    const { code } = await runCommand(compiler, ['--version'], { signal, timeoutSeconds: 60 });
    if (code === 0) return compiler;
  }
  throw failure('engine-install-failed', 'there is no C++ compiler', compilerHint());
}

function compilerHint(): string {
  if (process.platform === 'darwin') return 'install one with `xcode-select --install`';
  return 'install one with `sudo apt install g++` (Debian, Ubuntu) or `sudo dnf install gcc-c++` (Fedora)';
}

/**
 * Loads an addon in a separate process, because a library that does not fit can end the process.
 *
 * @returns the version that TensorFlow reports
 * @throws Failure `engine-install-failed`
 */
export async function checkAddon(addon: string): Promise<string> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const probe = fileURLToPath(new URL(`../check-addon.${extension}`, import.meta.url));
  const result = await runCommand(process.execPath, [probe, addon], { timeoutSeconds: 120 });
  const version = /^tensorflow (\S+)/m.exec(result.output)?.[1];
  if (result.code === 0 && version !== undefined) return version;
  throw failure('engine-install-failed', `TensorFlow does not load here (${result.reason})`);
}
