/** `npm run build:wasm`: compiles the committed `src/engine/webassembly/hourglass.wasm` with the pinned compiler. */
import { join } from 'node:path';
import { Failure } from '../src/core/diagnostic.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { writeFileAtomic } from '../src/files/atomic.ts';
import { compileWasm } from './wasm/compile.ts';
import { installCompiler } from './wasm/compiler.ts';

const { signal } = new AbortController();
let said = '';
try {
  const compiler = await installCompiler((step) => {
    if (step !== said) process.stderr.write(`${step}\n`);
    said = step;
  }, signal);
  const bytes = await compileWasm(compiler, signal);
  const target = join('src', 'engine', 'webassembly', 'hourglass.wasm');
  await writeFileAtomic(join(packageRoot, target), bytes);
  process.stdout.write(`${target}: ${bytes.length} bytes\n`);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
