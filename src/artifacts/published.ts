/**
 * Records which files in a stage's folder in `outputs/<name>` Hourglass wrote, so that the user's own files are never removed or
 * replaced. The list is beside the stages' folders: `outputs/<name>/.artifacts/<stage>.json`.
 */
import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import { hashFile } from '../files/hash.ts';
import { ifReadable, readPresent } from '../files/present.ts';
import { looksUnchanged, type StoredFile } from './entry.ts';

/** The folder of the lists in a workspace. */
export const LISTS = '.artifacts';

/** A link that a killed run did not rename. */
const LEFTOVER = /^\..+\.[0-9a-f]{8}\.tmp$/;

/** Lists of earlier versions have no SHA-256. */
export type PublishedFile = Pick<StoredFile, 'path' | 'bytes' | 'modified'> &
  Partial<Pick<StoredFile, 'sha256'>>;

export class PublishedFiles {
  readonly #folder: string;
  readonly #list: string;

  /** @param workspace absolute path of `outputs/<name>` */
  constructor(workspace: string, stage: string) {
    this.#folder = join(workspace, stage);
    this.#list = join(workspace, LISTS, `${stage}.json`);
  }

  /** The published files by path. After a killed run a path can have two versions. Undefined if there is no valid list. */
  async read(): Promise<ReadonlyMap<string, readonly PublishedFile[]> | undefined> {
    const text = await readPresent(this.#list);
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (!Array.isArray(value) || !value.every(isPublishedFile)) return undefined;
      const found = new Map<string, PublishedFile[]>();
      for (const file of value) found.set(file.path, [...(found.get(file.path) ?? []), file]);
      return found;
    } catch {
      return undefined;
    }
  }

  async write(files: readonly PublishedFile[]): Promise<void> {
    const list = files.map(({ path, bytes, modified, sha256 }) => ({ path, bytes, modified, sha256 }));
    await writeFileAtomic(this.#list, `${JSON.stringify(list)}\n`);
  }

  /** Whether all published files are there, with the content that was published. False for lists without SHA-256. */
  async areIntact(): Promise<boolean> {
    const published = await this.read();
    if (published === undefined) return false;
    for (const [path, versions] of published) {
      const hash = await ifReadable(hashFile(join(this.#folder, path)));
      if (hash === undefined || !versions.some(({ sha256 }) => sha256 === hash)) return false;
    }
    return true;
  }

  /**
   * The user's files among those present: files that were not published, and those changed since. Without a list, as in outputs
   * of earlier versions: the writable files.
   *
   * @param present paths relative to the stage's folder
   * @param list the result of `read`, if it was read already
   */
  async foreign(present: readonly string[], list = this.read()): Promise<ReadonlySet<string>> {
    const published = await list;
    const found = new Set<string>();
    for (const path of present) {
      if (LEFTOVER.test(basename(path))) continue;
      const absolute = join(this.#folder, path);
      const isOurs =
        published === undefined
          ? await isReadOnly(absolute)
          : await isOneOf(absolute, published.get(path) ?? []);
      if (!isOurs) found.add(path);
    }
    return found;
  }
}

/** A changed file that is still a link into the store is a damaged result, not the user's: the store keeps it in `damaged/`. */
async function isOneOf(path: string, versions: readonly PublishedFile[]): Promise<boolean> {
  for (const version of versions) if (await looksUnchanged(path, version)) return true;
  const found = await lstat(path).catch(() => undefined);
  if (versions.length === 0 || found?.isFile() !== true) return false;
  if (found.nlink > 1) return true;
  // A copy of a project (`cp -r`, `git clone`) has the same content, but other times.
  const alike = versions.filter(({ bytes, sha256 }) => bytes === found.size && sha256 !== undefined);
  const hash = alike.length > 0 ? await ifReadable(hashFile(path)) : undefined;
  return alike.some(({ sha256 }) => sha256 === hash);
}

async function isReadOnly(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && (found.mode & 0o222) === 0;
}

function isPublishedFile(value: unknown): value is PublishedFile {
  return (
    isJsonObject(value) &&
    typeof value['path'] === 'string' &&
    typeof value['bytes'] === 'number' &&
    typeof value['modified'] === 'number'
  );
}
