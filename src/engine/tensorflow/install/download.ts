/** Downloads a pinned wheel with pip, which knows the user's mirrors, proxies and certificates. */
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, type Failure } from '../../../core/diagnostic.ts';
import { makeFolder } from '../../../files/atomic.ts';
import { hashFile } from '../../../files/hash.ts';
import type { PinnedWheel } from '../pins.ts';
import { runCommand, type InstallProgress } from './command.ts';

const PYTHONS = ['python3', 'python', 'py'];

/** pip needs some Python version; the files that are used do not depend on it. */
const PYTHON_VERSION = '311';

/**
 * Downloads a wheel into a folder and checks its hash.
 *
 * @returns absolute path of the wheel
 * @throws Failure `engine-install-failed` if there is no pip, no network, or the file is not the pinned one; `interrupted`
 */
export async function downloadWheel(
  pin: PinnedWheel,
  folder: string,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<string> {
  const python = await findPython(pin, signal);
  await makeFolder(folder);
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${pin.name}==${pin.version} --hash=sha256:${pin.sha256}\n`);
  const step = `downloading ${pin.title} ${pin.version} (${pin.megabytes} MB)`;
  onProgress(step, 0);
  const watch = setInterval(() => {
    void downloadedBytes(folder).then((bytes) =>
      onProgress(step, Math.min(0.99, bytes / (pin.megabytes * 1e6))),
    );
  }, 300);
  try {
    const result = await runCommand(
      python,
      [
        ...[
          '-m',
          'pip',
          'download',
          '--require-hashes',
          '--no-deps',
          '--only-binary=:all:',
          '--no-cache-dir',
        ],
        ...['--disable-pip-version-check', '--platform', pin.tag, '--python-version', PYTHON_VERSION],
        ...['--implementation', 'cp', '--abi', `cp${PYTHON_VERSION}`, '-r', requirements, '-d', folder],
      ],
      // pip downloads into its temporary folder first: its progress can be seen there, and nothing is left elsewhere.
      { env: { ...process.env, TMPDIR: folder, TEMP: folder }, signal, timeoutSeconds: 1800 },
    );
    if (result.code !== 0 && /DO NOT MATCH THE HASHES/i.test(result.output)) {
      const got = /Got +([0-9a-f]{64})/.exec(result.output)?.[1];
      throw otherFile(`the package index sent a file with the SHA-256 ${got ?? '(unknown)'}`, pin);
    }
    if (result.code !== 0) {
      throw failure(
        'engine-install-failed',
        `pip could not download ${pin.title} (${result.reason})`,
        'check the network, or set `HOURGLASS_ENGINE_WHEEL` to a wheel of TensorFlow that you downloaded elsewhere',
      );
    }
  } finally {
    clearInterval(watch);
  }
  const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (name === undefined) throw failure('engine-install-failed', 'pip downloaded no wheel');
  const wheel = join(folder, name);
  onProgress('checking the download');
  if ((await hashFile(wheel)) !== pin.sha256) {
    await rm(wheel);
    throw otherFile(`the downloaded \`${name}\` has the wrong SHA-256`, pin);
  }
  return wheel;
}

/** Nothing is installed then: whoever sends another file may be malicious. */
function otherFile(what: string, pin: PinnedWheel): Failure {
  return failure(
    'engine-install-failed',
    `${pin.title} was not installed: ${what}; the SHA-256 of the pinned wheel is ${pin.sha256}`,
    'ask who runs the package index or mirror that pip uses, or set `HOURGLASS_ENGINE_WHEEL` to a wheel of TensorFlow that you trust',
  );
}

async function findPython(pin: PinnedWheel, signal: AbortSignal): Promise<string> {
  for (const python of PYTHONS) {
    const { code } = await runCommand(python, ['-m', 'pip', '--version'], { signal, timeoutSeconds: 60 });
    if (code === 0) return python;
  }
  throw failure('engine-install-failed', `there is no Python with pip to download ${pin.title}`, pipHint());
}

function pipHint(): string {
  if (process.platform === 'darwin') return 'install it with `xcode-select --install`';
  return 'install it with `sudo apt install python3-pip` (Debian, Ubuntu) or `sudo dnf install python3-pip` (Fedora)';
}

async function downloadedBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    bytes += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
