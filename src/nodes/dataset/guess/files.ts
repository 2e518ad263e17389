/** The files of a folder, by what they are. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyFile } from '../../../formats/containers.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { compareNames, isSystemName } from '../names.ts';

/** How many files of a folder are inspected. */
const MOST_FILES = 200;

/** Names of the files of known kinds in a folder, in order, by kind. */
export async function kindsIn(folder: string): Promise<ReadonlyMap<ContainerName, readonly string[]>> {
  const kinds = new Map<ContainerName, string[]>();
  for (const name of await filesIn(folder)) {
    const kind = (await identifyFile(join(folder, name)))?.name;
    if (kind !== undefined) kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  return kinds;
}

/** Sample submissions: their labels are not those of the images. */
const SAMPLE = /submission/i;

/** Paths of the files of a folder that are tables by their names. By content, a table without numbers would not be recognised. */
export async function tablesIn(folder: string): Promise<readonly string[]> {
  const names = await filesIn(folder);
  return names
    .filter((name) => /\.[ct]sv$/i.test(name) && !SAMPLE.test(name))
    .map((name) => join(folder, name));
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !isSystemName(entry.name))
    .map(({ name }) => name)
    .sort(compareNames)
    .slice(0, MOST_FILES);
}
