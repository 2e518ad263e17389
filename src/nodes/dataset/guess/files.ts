/** The files of a folder, by what they are. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyFile } from '../../../formats/containers.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { compareNames, isSystemName } from '../names.ts';

/** Files of a folder that are looked at. */
const MOST_FILES = 200;

/** Names of the files of a folder that are known, in their order, by their kinds. */
export async function kindsIn(folder: string): Promise<ReadonlyMap<ContainerName, readonly string[]>> {
  const kinds = new Map<ContainerName, string[]>();
  for (const name of await filesIn(folder)) {
    const kind = (await identifyFile(join(folder, name)))?.name;
    if (kind !== undefined) kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  return kinds;
}

/** Samples of what one hands in: their labels are none of the images'. */
const SAMPLE = /submission/i;

/** Paths of the files of a folder that are tables by their names: what is in one without numbers is no table by its content. */
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
