#!/usr/bin/env node
/**
 * Starts Hourglass. In a checkout it first compiles the sources if they are newer than what was compiled, so that an edit
 * needs no command of its own; an installed package is compiled already and starts at once.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Hourglass needs Node 20.19 or later; this is ${process.versions.node}.\n`);
  process.exit(2);
}
if (process.versions.pnp !== undefined) {
  process.stderr.write(
    "Hourglass does not run with Yarn's Plug'n'Play: write `nodeLinker: node-modules` into `.yarnrc.yml`, and run `yarn install` again.\n",
  );
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const drafts = join(root, '.build');

try {
  if (existsSync(join(root, 'tsconfig.json')) && isStale()) build();
  // `npm run build` wants nothing more.
  if (process.argv[2] === '--build') process.exit();
  const { main } = await import('../dist/src/cli/main.js');
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportRefusal(error);
}

/** Says what the system refused before there was a program to say it. Other errors are bugs. */
function reportRefusal(error) {
  const { code, syscall, message } = error;
  // Node's words for a module that is missing, and also for one that it may not open.
  const isMissing = code === 'ERR_MODULE_NOT_FOUND';
  if (syscall === undefined && !isMissing) throw error;
  // Windows has no such limit.
  const mayBeLimit = process.platform !== 'win32' && (isMissing || code === 'EMFILE' || code === 'ENFILE');
  const hint = mayBeLimit ? '; raise the limit of open files with `ulimit -n`' : '';
  process.stderr.write(`Hourglass cannot start: ${message}${hint}.\n`);
  return 1;
}

function isStale() {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newer = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs > built;
  if (['tsconfig.json', 'package.json'].some((file) => newer(join(root, file)))) return true;
  return ['src', 'test', 'scripts', 'examples', 'schemas'].some((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).some(
      // A folder is newer when a file in it was added or removed.
      (entry) =>
        (entry.isDirectory() || /\.(ts|json)$/.test(entry.name)) && newer(join(entry.parentPath, entry.name)),
    ),
  );
}

/** Compiles beside `dist` and puts the result in its place, so that two processes at once do not disturb each other. */
function build() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    process.stderr.write('Hourglass is not installed yet: run `npm install` first.\n');
    process.exit(1);
  }
  process.stderr.write('Compiling Hourglass...\n');
  removeLeftovers();
  const started = new Date();
  const draft = join(drafts, `dist-${process.pid}`);
  const args = [compiler, '-p', root, '--outDir', draft, '--incremental', 'false'];
  const steps = ['compile-schemas.js', 'bundle-tensorflow.js', 'bundle-page.js'].map((name) => [
    join(draft, 'scripts', name),
  ]);
  for (const step of [args, ...steps]) {
    const { status, signal } = spawnSync(process.execPath, step, { stdio: ['ignore', 2, 2] });
    if (status === 0) continue;
    rmSync(draft, { recursive: true, force: true });
    if (signal === null) process.stderr.write('The sources of Hourglass do not compile.\n');
    process.exit(1);
  }
  writeFileSync(join(draft, '.built'), '');
  // Sources that were saved while the compiler ran are newer than this, and compiled at the next start.
  utimesSync(join(draft, '.built'), started, started);
  const old = join(drafts, `old-${process.pid}`);
  // What another process has compiled meanwhile, and may be loading now, is as good.
  if (isStale()) {
    move(dist, old);
    move(draft, dist);
  }
  for (const folder of [draft, old]) rmSync(folder, { recursive: true, force: true });
}

/** Renames a folder, unless another process was quicker. */
function move(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  }
}

/** Removes what compilers left that were stopped. */
function removeLeftovers() {
  for (const name of existsSync(drafts) ? readdirSync(drafts) : []) {
    const pid = Number(/^(?:dist|old)-(\d+)$/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) rmSync(join(drafts, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
