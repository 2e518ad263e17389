/** `outputs/<name>`: the results of the last run, for the user. Artifacts are read-only hard links into the store. */
import { randomBytes } from 'node:crypto';
import { copyFile, link, lstat, readdir, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { withSlashes } from '../core/path.ts';
import type { JsonObject } from '../core/json.ts';
import {
  errorCode,
  fileFailure,
  makeFolder,
  syncFile,
  syncFolder,
  TEMPORARY,
  writeFileAtomic,
} from '../files/atomic.ts';
import { move, remove, removeAll } from '../files/in-use.ts';
import { namesIn, readPresent, visibleEntries } from '../files/present.ts';
import { looksUnchanged, type Entry } from './entry.ts';
import { LISTS, PublishedFiles } from './published.ts';
import {
  isBaseFile,
  isMetrics,
  isRunRecord,
  type BaseFile,
  type Metrics,
  type RunRecord,
} from './run-record.ts';

const EXTENDS = 'extends.json';

/** The folder of a sweep's trials, each of which is a workspace. */
export const TRIALS = 'trials';

export class Workspace {
  readonly folder: string;

  /** @param folder absolute path of `outputs/<name>` */
  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * The record of the last run; undefined if there is no valid record.
   *
   * @throws Failure `io-failed` or `system-limit` if there may be one that cannot be read
   */
  async readRun(): Promise<RunRecord | undefined> {
    const text = await this.readText('run.json');
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return isRunRecord(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** `metrics.json` of the last run; empty if there is no valid one. */
  async readMetrics(): Promise<Metrics> {
    const text = await this.readText('metrics.json');
    try {
      const value: unknown = JSON.parse(text ?? '{}');
      return isMetrics(value) ? value : {};
    } catch {
      return {};
    }
  }

  /**
   * A file of the run itself; undefined if there is none.
   *
   * @throws Failure `io-failed` or `system-limit` if there may be one that cannot be read
   */
  async readText(name: string): Promise<string | undefined> {
    return readPresent(join(this.folder, name));
  }

  /** Whether a stage has a folder here. */
  async hasStage(stage: string): Promise<boolean> {
    return (await lstat(join(this.folder, stage)).catch(() => undefined))?.isDirectory() === true;
  }

  async writeRun(record: RunRecord): Promise<void> {
    await this.writeJson('run.json', record as unknown as JsonObject);
  }

  async writeJson(name: string, value: JsonObject): Promise<void> {
    await this.writeText(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Writes a file of the run itself, unless it already contains this text. */
  async writeText(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    if ((await this.readText(name)) !== text) await writeFileAtomic(path, text);
  }

  /** Saves the files that the pipeline extends in `extends.json`, which does not exist for a pipeline without `extends`. */
  async writeBases(bases: readonly BaseFile[]): Promise<void> {
    if (bases.length === 0) await remove(join(this.folder, EXTENDS));
    else await this.writeText(EXTENDS, `${JSON.stringify(bases, null, 2)}\n`);
  }

  /** The files that the pipeline extends, nearest first; none where there is no list. */
  async readBases(): Promise<readonly BaseFile[]> {
    const text = await this.readText(EXTENDS);
    try {
      const value: unknown = JSON.parse(text ?? '[]');
      return Array.isArray(value) && value.every(isBaseFile) ? value : [];
    } catch {
      return [];
    }
  }

  /** Whether a stage's folder shows an entry: all its files, unchanged, and none of an earlier entry. */
  async shows(stage: string, entry: Entry): Promise<boolean> {
    const folder = join(this.folder, stage);
    const present = await filesOf(folder).catch(() => undefined);
    if (present === undefined) return false;
    const expected = entry.record.files;
    for (const file of expected) if (!(await looksUnchanged(join(folder, file.path), file))) return false;
    const names = new Set(expected.map(({ path }) => path));
    const others = present.filter((path) => !names.has(path));
    if (others.length === 0) return true;
    const foreign = await this.#published(stage).foreign(others);
    return others.every((path) => foreign.has(path));
  }

  /**
   * Makes a stage's folder show an entry. Each file is replaced atomically. The user's own files stay; one that is in the way of
   * an artifact is renamed.
   *
   * @returns the new names of files that were in the way, relative to the stage's folder
   */
  async publish(stage: string, entry: Entry): Promise<readonly string[]> {
    const folder = join(this.folder, stage);
    const published = this.#published(stage);
    const { files } = entry.record;
    try {
      await makeFolder(folder);
      const present = await filesOf(folder);
      const list = published.read();
      const foreign = await published.foreign(present, list);
      const before = [...((await list)?.values() ?? [])].flat();
      if (before.length > 0) await published.write([...before, ...files]);
      const wanted = new Set(files.map(({ path }) => path));
      const old = present.filter((path) => !wanted.has(path) && !foreign.has(path));
      // Where a folder replaces a file, or the reverse, the old one must be removed first.
      const blocking = old.filter((path) =>
        [...wanted].some((other) => isBelow(path, other) || isBelow(other, path)),
      );
      for (const path of blocking) await remove(join(folder, path));
      if (blocking.length > 0) await removeEmptyFolders(folder);
      const moved = await makeWay(folder, wanted, foreign);
      for (const file of files) await placeFile(join(entry.folder, file.path), join(folder, file.path));
      for (const path of old) if (!blocking.includes(path)) await remove(join(folder, path));
      await removeEmptyFolders(folder);
      const changed = new Set([folder, ...files.map(({ path }) => join(folder, dirname(path)))]);
      for (const each of changed) await syncFolder(each);
      await published.write(files);
      return moved;
    } catch (error) {
      throw fileFailure(error, folder);
    }
  }

  /**
   * Finds files in a stage's folder that are not published artifacts.
   *
   * @param paths relative to the stage's folder
   * @returns empty sets for outputs that were not published here, such as those of an archive
   */
  async foreignAmong(
    stage: string,
    paths: readonly string[],
  ): Promise<{
    /** Not written by Hourglass. */
    readonly added: ReadonlySet<string>;
    /** Artifacts that were changed since. */
    readonly changed: ReadonlySet<string>;
  }> {
    const published = this.#published(stage);
    const list = published.read();
    const known = await list;
    const foreign = known === undefined ? [] : [...(await published.foreign(paths, list))];
    return {
      added: new Set(foreign.filter((path) => known?.has(path) !== true)),
      changed: new Set(foreign.filter((path) => known?.has(path) === true)),
    };
  }

  /** Whether a stage's folder shows all artifacts with the content that was published. */
  async isIntact(stage: string): Promise<boolean> {
    return this.#published(stage).areIntact();
  }

  /** Stages whose folders hold or held artifacts: those with a list of artifacts, and those of the last run. */
  async stagesShown(): Promise<ReadonlySet<string>> {
    const lists = await namesIn(join(this.folder, LISTS));
    const run = await this.readRun();
    return new Set([...lists.map((name) => basename(name, '.json')), ...Object.keys(run?.stages ?? {})]);
  }

  /** Files in stage folders that Hourglass did not write, or that were changed since, as paths relative to the workspace. */
  async foreignFiles(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const stage of [...(await this.stagesShown())].sort()) {
      const present = await filesOf(join(this.folder, stage));
      const foreign = await this.#published(stage).foreign(present);
      found.push(...[...foreign].map((path) => `${stage}/${path}`));
    }
    return found;
  }

  #published(stage: string): PublishedFiles {
    return new PublishedFiles(this.folder, stage);
  }

  /** Removes unfinished files of a killed run beside the stages' folders. */
  async removeLeftovers(): Promise<void> {
    for (const folder of [this.folder, join(this.folder, LISTS)]) {
      for (const name of await namesIn(folder)) if (TEMPORARY.test(name)) await remove(join(folder, name));
    }
  }

  /** Removes the artifacts of stages that the pipeline no longer has, and their folders unless they hold the user's own files. */
  async removeStages(stages: readonly string[]): Promise<void> {
    for (const stage of stages) {
      const folder = join(this.folder, stage);
      const found = await stat(folder).catch(() => undefined);
      // A file in place of the folder is the user's.
      if (found?.isDirectory() === false) continue;
      const present = await filesOf(folder);
      const foreign = await this.#published(stage).foreign(present);
      for (const path of present) if (!foreign.has(path)) await remove(join(folder, path));
      if (foreign.size === 0) await removeAll(folder);
      else await removeEmptyFolders(folder);
      await remove(join(this.folder, LISTS, `${stage}.json`));
    }
  }
}

/** Gives a file a second name: creates a link under a temporary name and renames it. Copies where links are not possible. */
export async function placeFile(source: string, target: string): Promise<void> {
  // Windows has 64-bit file numbers, which do not fit into a JavaScript number.
  const exact = { bigint: true } as const;
  const [from, to] = [await stat(source, exact), await lstat(target, exact).catch(() => undefined)];
  if (to?.ino === from.ino && to.dev === from.dev) return;
  await makeFolder(dirname(target));
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await link(source, temporary).catch(async (error: unknown) => {
      if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS'].includes(errorCode(error))) throw error;
      await copyFile(source, temporary);
      await utimes(temporary, Number(from.atimeMs) / 1000, Number(from.mtimeMs) / 1000);
      await syncFile(temporary);
    });
    await move(temporary, target);
  } finally {
    await remove(temporary);
  }
}

/** Renames the user's own files and folders that are in the way of artifacts. */
async function makeWay(
  folder: string,
  wanted: ReadonlySet<string>,
  foreign: ReadonlySet<string>,
): Promise<readonly string[]> {
  const moved: string[] = [];
  const folders = new Set([...wanted].flatMap(foldersAbove));
  for (const path of [...folders, ...wanted]) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found === undefined) continue;
    const isInTheWay = folders.has(path) ? !found.isDirectory() : found.isDirectory() || foreign.has(path);
    if (isInTheWay) moved.push(await setAside(folder, path));
  }
  return moved;
}

/** `a/b/c.txt` -> `a`, `a/b` */
function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** Renames to `notes.txt.kept`, or `notes.txt.kept-2` where that exists. */
async function setAside(folder: string, path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = `${path}.kept${number === 1 ? '' : `-${number}`}`;
    if ((await lstat(join(folder, name)).catch(() => undefined)) !== undefined) continue;
    await move(join(folder, path), join(folder, name));
    return name;
  }
}

/** Paths of all files below a folder, relative to it, with `/`. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw error;
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => withSlashes(relative(folder, join(entry.parentPath, entry.name))));
}

async function removeEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    await removeEmptyFolders(path);
    if ((await readdir(path)).length === 0) await removeAll(path);
  }
}

/**
 * The workspaces whose results are in a store: those in the folders beside it, and of their sweeps' trials. A workspace is a
 * folder with the record of a run; other folders may be the user's own.
 *
 * @param folder absolute path of the store's folder, such as that of `.hourglass`
 */
export async function workspacesBeside(folder: string): Promise<readonly Workspace[]> {
  const found: Workspace[] = [];
  const entries = await visibleEntries(dirname(folder));
  // An outputs folder may be a link to another disk.
  const beside = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  for (const name of beside.map((entry) => entry.name).sort()) {
    for (const workspace of await workspacesIn(join(dirname(folder), name)))
      found.push(workspace, ...(await workspacesIn(join(workspace.folder, TRIALS))));
  }
  return found;
}

/** The workspaces in a folder such as `outputs`, in the order of their names. */
export async function workspacesIn(folder: string): Promise<readonly Workspace[]> {
  const found: Workspace[] = [];
  for (const path of await foldersIn(folder)) {
    for (const name of ['run.json', 'sweep.json']) {
      const record = await lstat(join(path, name)).catch(() => undefined);
      if (record?.isFile() !== true) continue;
      found.push(new Workspace(path));
      break;
    }
  }
  return found;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  return (await visibleEntries(folder))
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}
