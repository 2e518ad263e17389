#!/usr/bin/env node
/**
 * Starts Hourglass. In a checkout it first compiles the sources if they are newer than what was compiled, so that an edit
 * needs no command of its own; an installed package has no `src/` and starts at once.
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

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

if (existsSync(join(root, 'src')) && isStale()) build();
const { main } = await import('../dist/src/cli/main.js');
process.exitCode = await main(process.argv.slice(2));

function isStale() {
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newer = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs > built;
  if (newer(join(root, 'tsconfig.json'))) return true;
  return ['src', 'test', 'scripts', 'examples'].some((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).some(
      // A folder is newer when a file in it was added or removed.
      (entry) =>
        (entry.isDirectory() || entry.name.endsWith('.ts')) && newer(join(entry.parentPath, entry.name)),
    ),
  );
}

/** Compiles beside `dist` and puts the result in its place, so that two processes at once do not disturb each other. */
function build() {
  process.stderr.write('Compiling Hourglass...\n');
  const started = new Date();
  const draft = join(root, '.build', `dist-${process.pid}`);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', root, '--outDir', draft, '--incremental', 'false'];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    process.stderr.write('The sources do not compile, or `npm install` was not run.\n');
    process.exit(1);
  }
  writeFileSync(join(draft, '.built'), '');
  // Sources that were saved while the compiler ran are newer than this, and compiled at the next start.
  utimesSync(join(draft, '.built'), started, started);
  const old = join(root, '.build', `old-${process.pid}`);
  if (existsSync(dist)) renameSync(dist, old);
  try {
    renameSync(draft, dist);
  } catch (error) {
    // Another process was quicker; what it compiled is as good.
    if (!existsSync(stamp)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  rmSync(old, { recursive: true, force: true });
}
