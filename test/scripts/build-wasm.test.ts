import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileWasm } from '../../scripts/wasm/compile.ts';
import { installCompiler } from '../../scripts/wasm/compiler.ts';
import { packageRoot } from '../../src/core/package-root.ts';

test('the committed module is what the pinned compiler makes from the sources', async () => {
  const { signal } = new AbortController();
  const compiler = await installCompiler(() => undefined, signal);
  const made = await compileWasm(compiler, signal);
  const committed = readFileSync(join(packageRoot, 'src', 'engine', 'webassembly', 'hourglass.wasm'));
  assert.ok(Buffer.compare(made, committed) === 0, 'run `npm run build:wasm`, and commit what it writes');
});
