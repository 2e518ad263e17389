/**
 * Prints how much of the store, of the parser and of the archives their tests reach. Compiled without source maps, which c8
 * looks for in the wrong folder: line numbers are those of the JavaScript, which is the TypeScript without its types.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OUTPUT = '.build/measured';
const MEASURED = [
  'config/*.js',
  'artifacts/{atomic,checkpoints,entry,lock,owner,safetensors,store,upkeep,workspace}.js',
  'submission/*.js',
];
/** Folders of tests, and tests, that reach them. */
const TESTS = [
  'artifacts',
  'config',
  'faults',
  'submission',
  'cli/commands.test.js',
  'plan/make.test.js',
  'run/execute.test.js',
  'sweep/check.test.js',
  'sweep/expand.test.js',
];
/** Slow and about other code; strace would count what measuring itself writes. */
const LEFT_OUT = ['crate.test.js', 'models.test.js', 'headers.test.js', 'strace.test.js'];

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

function run(program, args) {
  const { status } = spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run(join(root, 'node_modules/typescript/bin/tsc'), ['--outDir', OUTPUT, '--sourceMap', 'false']);
const tests = TESTS.flatMap((name) =>
  name.endsWith('.js')
    ? [join(OUTPUT, 'test', name)]
    : readdirSync(join(root, OUTPUT, 'test', name), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.test.js') && !LEFT_OUT.some((left) => path.endsWith(left)))
        .map((path) => join(OUTPUT, 'test', name, path)),
);
run(require.resolve('c8/bin/c8.js'), [
  '--temp-directory',
  '.build/coverage',
  '--reporter',
  'text',
  ...MEASURED.flatMap((pattern) => ['--include', `${OUTPUT}/src/${pattern}`]),
  process.execPath,
  '--test',
  '--test-reporter=dot',
  ...tests,
]);
