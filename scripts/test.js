/**
 * Runs all compiled tests, or those whose path contains one of the arguments: `npm test -- cli config`. With `--coverage`
 * it prints the coverage of the store, parser and archive code, and fails below 94 % branch coverage. Line numbers are those of
 * the compiled JavaScript, which is the TypeScript without its types.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COVERAGE = '.build/coverage';
const MEASURED = [
  // Not `config/advice/`: a table of mistakes, of which `advice.test` repairs each.
  'config/*.js',
  'config/diagnostics/*.js',
  'artifacts/{checkpoints,entry,garbage-collection,store,workspace}.js',
  'files/{atomic,lock,owner}.js',
  'formats/safetensors.js',
  'submission/*.js',
];
/** The tests that cover them. Only these are measured, since measuring costs each process they start half a second. */
const REACHING =
  /^(artifacts|config|faults|files|submission)\/|^formats\/safetensors|^plan\/|^(cli\/commands|run\/executor|sweep\/check|sweep\/expand)\.test/;
/** These are slow and test other code; strace and limits would also see the reads and writes of measuring itself. */
const LEFT_OUT = /(crate|models|headers|limits|strace)\.test/;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist', 'test');
const coverage = process.argv.includes('--coverage');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--coverage');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .sort();
const measured = coverage ? files.filter((path) => REACHING.test(path) && !LEFT_OUT.test(path)) : [];

rmSync(join(root, COVERAGE), { recursive: true, force: true });
test(
  files.filter((path) => !measured.includes(path)),
  {},
);
if (measured.length > 0) {
  test(measured, { NODE_V8_COVERAGE: join(root, COVERAGE) });
  const c8 = createRequire(import.meta.url).resolve('c8/bin/c8.js');
  const include = MEASURED.flatMap((pattern) => ['--include', `dist/src/${pattern}`]);
  node(
    [
      c8,
      'report',
      '--temp-directory',
      COVERAGE,
      '--reporter',
      'text',
      '--check-coverage',
      '--branches',
      '94',
      '--lines',
      '94',
      ...include,
    ],
    {},
  );
}

function test(paths, environment) {
  if (paths.length === 0) return;
  // More files than cores, because many tests wait for a disk, a download or a child process.
  const concurrency = `--test-concurrency=${availableParallelism() + 2}`;
  const files = paths.map((path) => join(folder, path));
  node(['--test', concurrency, '--test-reporter=spec', ...files], environment);
}

function node(args, environment) {
  const env = { ...process.env, ...environment };
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exitCode = status ?? 1;
}
