/** Folders in which archives are checked: each belongs to a process, and is removed when it ends or at the next start. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOwner, OwnerFile } from '../files/owner.ts';

const PREFIX = 'hourglass-verify-';
const OWNED = /^hourglass-verify-[0-9a-f]{16}\.owner$/;

export interface WorkFolder {
  /** Absolute path, without links. */
  readonly path: string;
  /** Removes the folder if the system allows it. */
  remove(): Promise<void>;
}

/** Makes an empty folder in the temporary folder, one that other users cannot read. Throws the system's error. */
export async function makeWorkFolder(): Promise<WorkFolder> {
  const path = join(await realpath(tmpdir()), `${PREFIX}${randomBytes(8).toString('hex')}`);
  // Written first, so that every folder has an owner.
  const owner = await OwnerFile.create(`${path}.owner`);
  const remove = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
    await owner.remove(`${path}.owner`).catch(() => undefined);
  };
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

/** Removes folders that killed processes of this user left behind. */
export async function removeOldWork(): Promise<void> {
  const folder = tmpdir();
  for (const name of await readdir(folder).catch(() => [])) {
    if (!OWNED.test(name)) continue;
    const file = join(folder, name);
    // Folders of other users are not touched.
    const info = await lstat(file).catch(() => undefined);
    if (info?.isFile() !== true || info.uid !== (process.getuid?.() ?? info.uid)) continue;
    const found = await findOwner(file).catch(() => undefined);
    if (found === undefined || found.alive) continue;
    const options = { recursive: true, force: true, maxRetries: 3 } as const;
    await rm(file.slice(0, -'.owner'.length), options).catch(() => undefined);
    await rm(file, { force: true }).catch(() => undefined);
  }
}
