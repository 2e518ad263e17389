/** Compiles the kernels to WebAssembly. The result contains no paths or times: the same sources give the same bytes anywhere. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../../src/core/diagnostic.ts';
import { runCommand } from '../../src/engine/tensorflow/install/command.ts';
import { KERNEL_SOURCES } from '../../src/engine/tensorflow/native-kernels.ts';
import type { Compiler } from './compiler.ts';

/** Pages of 64 KiB: one less than 4 GiB, so that the end of memory fits in 32 bits. */
const MOST_PAGES = 65_535;

const STACK_BYTES = 2 ** 20;

const FEATURES = [
  'atomics',
  'bulk-memory',
  'mutable-globals',
  'nontrapping-fptoint',
  'sign-ext',
  'simd128',
  'multivalue',
];

/** The configuration of libc++ for no operating system. Zig passes it on the command line. */
const LIBCXX = [
  'ABI_VERSION=1',
  'ABI_NAMESPACE=__1',
  'HARDENING_MODE_DEFAULT=_LIBCPP_HARDENING_MODE_NONE',
  'ASSERTION_SEMANTIC_DEFAULT=2',
  'HAS_MUSL_LIBC=1',
  'HAS_MONOTONIC_CLOCK=1',
  'PSTL_BACKEND_SERIAL=1',
  'LIBC_PICOLIBC=0',
  ...[
    ...['THREADS', 'THREAD_API_PTHREAD', 'THREAD_API_EXTERNAL', 'THREAD_API_WIN32', 'TERMINAL', 'FILESYSTEM'],
    ...['RANDOM_DEVICE', 'LOCALIZATION', 'UNICODE', 'WIDE_CHARACTERS', 'TIME_ZONE_DATABASE'],
    'VENDOR_AVAILABILITY_ANNOTATIONS',
  ].map((name) => `HAS_${name}=0`),
  'INSTRUMENTED_WITH_ASAN=0',
];

const COMPILER_FLAGS = [
  '-target',
  'wasm32-unknown-wasip1',
  '-mcpu=generic',
  ...FEATURES.map((name) => `-m${name}`),
  ...['-std=c++17', '-O3', '-w'],
  ...['-ffp-contract=off', '-fno-math-errno', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'],
  // Do not rewrite addresses in loops, because V8 folds them into the instructions.
  ...['-mllvm', '-disable-lsr'],
  ...['-ftls-model=local-exec', '-nostdinc', '-nostdinc++'],
  ...LIBCXX.map((definition) => `-D_LIBCPP_${definition}`),
];

const LINKER_FLAGS = [
  ...['--no-entry', '--gc-sections', '--strip-all', '--import-memory', '--shared-memory', '--stack-first'],
  ...[`--max-memory=${MOST_PAGES * 65_536}`, '-z', `stack-size=${STACK_BYTES}`],
  ...['__wasm_call_ctors', '__wasm_init_tls', '__tls_size', '__stack_pointer'].map(
    (name) => `--export=${name}`,
  ),
];

/** @throws Failure `engine-install-failed` with the compiler's output; `interrupted` */
export async function compileWasm(compiler: Compiler, signal: AbortSignal): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-wasm-'));
  try {
    const [object, module] = [join(folder, 'wasm.o'), join(folder, 'hourglass.wasm')];
    const headers = compiler.headers.flatMap((path) => ['-isystem', path]);
    await run(
      ['clang', ...COMPILER_FLAGS, ...headers, '-c', join(KERNEL_SOURCES, 'wasm.cc'), '-o', object],
      compiler,
      signal,
    );
    await run(['wasm-ld', ...LINKER_FLAGS, object, '-o', module], compiler, signal);
    return await readFile(module);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(args: readonly string[], { program }: Compiler, signal: AbortSignal): Promise<void> {
  const result = await runCommand(program, args, { signal, timeoutSeconds: 600 });
  if (result.code === 0) return;
  const error = result.output.split('\n').find((line) => line.includes('error'));
  throw failure(
    'engine-install-failed',
    `the kernels do not compile (${(error ?? result.reason).slice(0, 500)})`,
  );
}
