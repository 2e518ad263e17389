/** `bin/hourglass.js` in a checkout of its own, with one source file. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';

interface Checkout {
  path(...parts: readonly string[]): string;
  /** Writes the one source file, saved `age` seconds ago. */
  edit(text: string, age: number): void;
  start(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function checkout(t: TestContext): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'hourglass-checkout-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const path = (...parts: readonly string[]): string => join(root, ...parts);
  for (const folder of ['bin', 'src/cli', 'test', 'scripts', 'examples', 'schemas'])
    mkdirSync(path(folder), { recursive: true });
  copyFileSync(join(packageRoot, 'bin', 'hourglass.js'), path('bin', 'hourglass.js'));
  symlinkSync(join(packageRoot, 'node_modules'), path('node_modules'));
  writeFileSync(path('package.json'), '{ "type": "module" }');
  const options = { module: 'NodeNext', rootDir: '.', target: 'ES2022', types: [] };
  writeFileSync(
    path('tsconfig.json'),
    JSON.stringify({ compilerOptions: options, include: ['src', 'scripts'] }),
  );
  const steps = ['compile-schemas', 'bundle-tensorflow', 'bundle-page'].map((name) => `scripts/${name}.ts`);
  for (const step of steps) writeFileSync(path(step), 'export {};');
  const past = new Date(Date.now() - 3_600_000);
  for (const file of ['package.json', 'tsconfig.json', 'scripts', ...steps])
    utimesSync(path(file), past, past);
  return {
    path,
    edit(text, age) {
      writeFileSync(path('src/cli/main.ts'), text);
      const saved = new Date(Date.now() - age * 1000);
      utimesSync(path('src/cli/main.ts'), saved, saved);
      for (const folder of ['src', 'src/cli']) utimesSync(path(folder), past, past);
    },
    start: () =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [path('bin', 'hourglass.js')]);
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (text) => (stdout += String(text)));
        child.stderr.on('data', (text) => (stderr += String(text)));
        child.on('close', (code) => resolve({ code, stdout, stderr }));
      }),
  };
}

function sourceSaying(word: string): string {
  return `declare const process: { stdout: { write(text: string): void } };
export async function main(): Promise<number> { process.stdout.write('${word}'); return 3; }
`;
}

test('compiles when there is something new, and only then', async (t) => {
  const { edit, start, path } = checkout(t);
  edit(sourceSaying('one'), 1800);
  const first = await start();
  assert.deepEqual([first.code, first.stdout], [3, 'one']);
  assert.match(first.stderr, /^Compiling[^\n]*\n$/);
  assert.deepEqual(await start(), { code: 3, stdout: 'one', stderr: '' });

  edit(sourceSaying('two'), -1);
  assert.equal((await start()).stdout, 'two');
  // Nothing of the compiler's work is left beside the result.
  assert.deepEqual(readdirSync(path('.build')), []);
});

test('if sources do not compile, the earlier build stays', async (t) => {
  const { edit, start, path } = checkout(t);
  edit(sourceSaying('one'), 1800);
  await start();
  edit('export const main: number = "text";\n', -1);
  const { code, stdout, stderr } = await start();
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /main\.ts/);
  assert.ok(existsSync(path('dist/src/cli/main.js')));
  edit(sourceSaying('one'), 1800);
  assert.deepEqual(await start(), { code: 3, stdout: 'one', stderr: '' });
});

test('several that start at once do not disturb each other', async (t) => {
  const { edit, start } = checkout(t);
  edit(sourceSaying('one'), 1800);
  for (const { code, stdout, stderr } of await Promise.all([start(), start(), start()]))
    assert.deepEqual([code, stdout], [3, 'one'], stderr);
});

test('without the compiler, it says what to do', async (t) => {
  const { edit, start, path } = checkout(t);
  edit(sourceSaying('one'), 1800);
  rmSync(path('node_modules'));
  const { code, stderr } = await start();
  assert.equal(code, 1);
  assert.match(stderr, /npm install/);
});
