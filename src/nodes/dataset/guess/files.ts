/** The files of a folder, by what they are. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyFile, type ContainerName } from '../../../formats/containers.ts';
import { compareNames, isSystemName } from '../names.ts';

/** Files of a folder that are looked at. */
const MOST_FILES = 200;

/** Names of the files of a folder that are known, in their order, by their kinds. */
export async function kindsIn(folder: string): Promise<ReadonlyMap<ContainerName, readonly string[]>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !isSystemName(entry.name))
    .map(({ name }) => name)
    .sort(compareNames)
    .slice(0, MOST_FILES);
  const kinds = new Map<ContainerName, string[]>();
  for (const name of names) {
    const kind = (await identifyFile(join(folder, name)))?.name;
    if (kind !== undefined) kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  return kinds;
}
