/** Removing a pipeline's outputs but keeping the user's own files. */
import { lstat, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { TEMPORARY } from '../files/atomic.ts';
import { LISTS } from './published.ts';
import { TRIALS, Workspace } from './workspace.ts';
import { removeAll } from '../files/in-use.ts';

/** Files beside the stages' folders that runs, reports and sweeps write. */
const WRITTEN: ReadonlySet<string> = new Set([
  'run.json',
  'metrics.json',
  'pipeline.yaml',
  'resolved.yaml',
  'extends.json',
  'log.jsonl',
  'report.html',
  'sweep.json',
  'sweep.csv',
  'sweep.html',
]);

/** Figures of a sweep. */
const SWEEP_FIGURE = /^sweep-[a-z]+\.(?:png|svg)$/;

/** Folders beside the stages' folders. The folders of trials are examined one by one. */
const FOLDERS: ReadonlySet<string> = new Set([LISTS, TRIALS, 'sweep.slurm']);

/**
 * The user's own files in the outputs of a pipeline and of its sweep's trials: files that Hourglass did not write, and artifacts
 * that were changed since.
 *
 * @param folder absolute path of `outputs/<name>`
 * @returns paths relative to it; a folder that holds only the user's files is one path
 */
export async function foreignIn(folder: string): Promise<readonly string[]> {
  const workspace = new Workspace(folder);
  const stages = await workspace.stagesShown();
  const found = [...(await workspace.foreignFiles())];
  for (const entry of await entriesOf(folder)) {
    const { name } = entry;
    // A stage's folder may be a link to a folder.
    if (stages.has(name) && !entry.isFile()) continue;
    const isWritten = entry.isDirectory()
      ? FOLDERS.has(name)
      : WRITTEN.has(name) || SWEEP_FIGURE.test(name) || TEMPORARY.test(name);
    if (!isWritten) found.push(name);
  }
  for (const entry of stages.has(TRIALS) ? [] : await entriesOf(join(folder, TRIALS))) {
    const trial = join(TRIALS, entry.name);
    if (!entry.isDirectory()) found.push(trial);
    else found.push(...(await foreignIn(join(folder, trial))).map((path) => join(trial, path)));
  }
  return found;
}

/**
 * Removes a folder with everything in it except some files and folders.
 *
 * @param kept paths relative to the folder
 */
export async function removeExcept(folder: string, kept: readonly string[]): Promise<void> {
  if (kept.length === 0) return removeAll(folder);
  for (const entry of await readdir(folder)) {
    const below = kept.flatMap((path) =>
      path.startsWith(entry + sep) ? [path.slice(entry.length + 1)] : [],
    );
    if (!kept.includes(entry)) await removeExcept(join(folder, entry), below);
  }
}

async function entriesOf(folder: string) {
  const found = await lstat(folder).catch(() => undefined);
  return found?.isDirectory() === true ? readdir(folder, { withFileTypes: true }) : [];
}
