/** Unpacks an archive into a folder: only listed files, each exactly as listed. */
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../files/atomic.ts';
import { failure, type Failure } from '../core/diagnostic.ts';
import { temporaryVariable } from '../core/system.ts';
import type { Environment, Manifest } from './generated/types.ts';
import { LIMITS } from './limits.ts';
import { artifactPath, ENVIRONMENT, MANIFEST, readEnvironment, readManifest } from './manifest.ts';
import { openArchive, type Archive } from './zip-read.ts';

export interface Unpacked {
  readonly manifest: Manifest;
  readonly environment: Environment;
}

/**
 * Unpacks an archive. First checks everything that can be checked without unpacking: names, sizes, and that the manifest lists
 * exactly the files that exist. Then compares each file's content with its hash.
 *
 * @param folder absolute path of an empty folder
 * @throws Failure `archive-unsafe` or `disk-full` before anything is written, `archive-damaged` after that; system errors
 *   unchanged
 */
export async function unpackArchive(path: string, folder: string): Promise<Unpacked> {
  const archive = await openArchive(path);
  try {
    const manifest = await readManifest((await archive.read(MANIFEST, LIMITS.manifest)).toString('utf8'));
    checkListing(archive, manifest);
    await checkRoom(archive, folder);
    const environment = await readEnvironment(
      (await archive.read(ENVIRONMENT, LIMITS.environment)).toString('utf8'),
    );
    for (const file of manifest.files) {
      const target = join(folder, file.path);
      await makeFolder(dirname(target));
      if ((await archive.extract(file.path, target)) !== file.sha256) {
        throw failure(
          'archive-damaged',
          `\`${file.path}\` does not match the manifest`,
          'pack and submit again',
        );
      }
    }
    return { manifest, environment };
  } finally {
    archive.close();
  }
}

/** The engine with which an archive says it was made, read without unpacking; undefined if the archive is invalid. */
export async function recordedEngine(path: string): Promise<Environment['engine']['kind'] | undefined> {
  try {
    const archive = await openArchive(path);
    try {
      const text = (await archive.read(ENVIRONMENT, LIMITS.environment)).toString('utf8');
      return (await readEnvironment(text)).engine.kind;
    } finally {
      archive.close();
    }
  } catch {
    // Problems are reported when it is checked.
    return undefined;
  }
}

/** Checks before anything is written, because other archives may be using the same disk. */
async function checkRoom(archive: Archive, folder: string): Promise<void> {
  const needed = [...archive.files.values()].reduce((sum, bytes) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(folder);
  // Some file systems do not report it.
  if (bsize === 0 || needed <= bavail * bsize) return;
  throw failure(
    'disk-full',
    `its files have ${needed} bytes, but the disk of the temporary folder has only ${bavail * bsize} bytes free`,
    `free some space, or set \`${temporaryVariable()}\` to a folder with more room`,
  );
}

function checkListing(archive: Archive, manifest: Manifest): void {
  const listed = new Set<string>([MANIFEST]);
  for (const { path, bytes } of manifest.files) {
    if (listed.has(path)) throw mismatch(`lists \`${path}\` twice`);
    listed.add(path);
    const size = archive.files.get(path);
    if (size === undefined) throw mismatch(`lists \`${path}\`, which is missing`);
    if (size !== bytes) throw mismatch(`says that \`${path}\` has ${bytes} bytes; it has ${size}`);
  }
  for (const path of archive.files.keys()) {
    if (!listed.has(path)) throw mismatch(`does not list \`${path}\``);
  }
  // After a run, the stages' hashes are compared, so they must match the files in the archive.
  const hashes = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  for (const { name, files } of manifest.stages) {
    for (const { path, sha256 } of files) {
      const hash = hashes.get(artifactPath(name, path));
      if (hash !== undefined && hash !== sha256) throw mismatch(`has two hashes for \`${name}/${path}\``);
    }
  }
  for (const path of [ENVIRONMENT, manifest.pipeline.file]) {
    if (!listed.has(path)) throw mismatch(`does not list \`${path}\``);
  }
}

function mismatch(what: string): Failure {
  return failure(
    'archive-damaged',
    `the manifest of the archive ${what}`,
    'submit the file unchanged, as `hourglass pack` wrote it',
  );
}
