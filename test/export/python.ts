/** The Python packages of `requirements.txt`, installed once for all test runs of a user. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/core/json.ts';
import { packageRoot } from '../../src/core/package-root.ts';

const REQUIREMENTS = join(packageRoot, 'test/export/requirements.txt');

/** Their folder, for `PYTHONPATH`. They come from the registry that pip is set up for. */
export function readerPackages(): string {
  const version = execFileSync('python3', ['--version'], { encoding: 'utf8' });
  const key = sha256(`${readFileSync(REQUIREMENTS, 'utf8')}${version}`).slice(0, 12);
  const parent = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hourglass', 'test');
  const folder = join(parent, `python-${key}`);
  if (!existsSync(folder)) {
    mkdirSync(parent, { recursive: true });
    const fresh = `${folder}.${process.pid}`;
    rmSync(fresh, { recursive: true, force: true });
    execFileSync(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--target', fresh, '--requirement', REQUIREMENTS],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    try {
      renameSync(fresh, folder);
    } catch (error) {
      // Another run of the tests was faster.
      rmSync(fresh, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return folder;
}
