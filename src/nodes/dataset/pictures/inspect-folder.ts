/** Whether a folder or an archive of images can be read, before anything runs. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { DECODED_NAME } from '../../../formats/image-format.ts';
import type { ClassDescription, Finding } from '../../../core/stage-type.ts';
import { missingFile, withContent, type NamedPath } from '../../own-files.ts';
import { failuresOf } from '../findings.ts';
import { classOrder, isSystemName } from '../names.ts';
import type { FolderOptions } from './folder.ts';
import { byFolder, listImages, withoutLabels } from './layout.ts';

/** Checks whether a folder or an archive contains images. Reads little: names, and the first bytes of files whose name does not decide. */
export async function inspectFolder(
  named: NamedPath,
  { labels, ...options }: FolderOptions & { readonly labels: unknown },
): Promise<readonly Finding[]> {
  const path = resolve(named.folder, named.path);
  const problem = await missingFile(named, ['folder', 'file']);
  if (problem !== undefined) return [problem];
  if (await hasImage(path)) return [];
  const findings = await failuresOf(named, async () => {
    const { checkArchive } = await import('./archive.ts');
    if ((await kindOf(path)) === 'file' && (await checkArchive(path, named.path)) !== 'zip') return;
    const tree = await listImages(path, { ...options, shown: named.path });
    tree.close();
    (labels === 'folder' ? byFolder : withoutLabels)(tree, named.path);
  });
  return Promise.all(findings.map((finding) => withContent(finding, path)));
}

/**
 * Classes by the names of folders: all that there can be. Folders without images get no label, so only a run numbers them. Undefined
 * if labels are not from folders, or are only seen when all files are listed.
 */
export async function foldersAsClasses(
  splits: readonly { readonly folder: string; readonly labels: unknown }[],
): Promise<readonly ClassDescription[] | undefined> {
  const names = new Set<string>();
  for (const { folder, labels } of splits) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    const isLoose = entries.some((entry) => entry.isFile() && DECODED_NAME.test(entry.name));
    if (labels !== 'folder' || isLoose || folders.length === 0) return undefined;
    for (const { name } of folders) if (!isSystemName(name)) names.add(name);
  }
  return classOrder([...names]).map((name) => ({ name }));
}

/** Whether the folder, or one of its folders, contains a file with the name of an image. That is enough: its content is not read. */
async function hasImage(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const isImage = ({ name }: { readonly name: string }): boolean =>
    DECODED_NAME.test(name) && !isSystemName(name);
  if (entries.some((entry) => entry.isFile() && isImage(entry))) return true;
  for (const entry of entries) {
    if (!entry.isDirectory() || isSystemName(entry.name)) continue;
    const inner = await readdir(join(folder, entry.name), { withFileTypes: true }).catch(() => []);
    if (inner.some((each) => each.isFile() && isImage(each))) return true;
  }
  return false;
}
