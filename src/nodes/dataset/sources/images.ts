/** The source `images`: a folder of image files for each split, in which folders are classes. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { DECODED_NAME } from '../../../formats/image-format.ts';
import type { ImagesDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Finding } from '../../../core/stage-type.ts';
import { missingFile, type NamedPath } from '../../own-files.ts';
import { failuresOf } from '../findings.ts';
import { identityAt } from '../identity.ts';
import { isSystemName } from '../names.ts';
import { checkCrop, shapeOfPictures } from '../pictures/crop.ts';
import { findImages, listFolder } from '../pictures/folder.ts';
import type { SplitFolder } from '../pictures/read-folders.ts';
import type { Source } from './source.ts';

export const images: Source<ImagesDatasetSettings> = {
  describe(settings) {
    const shape = shapeOfPictures(settings);
    return {
      ...(shape === undefined ? {} : { shape }),
      // Files of 8 and of 16 bits have other ranges, and masks a range of their own.
      ...(settings.normalize === 'minmax' ? { range: [0, 1] } : {}),
      splits: settings.test_path === undefined ? ['train'] : ['train', 'test'],
    };
  },

  check: (settings) => [...checkCrop(settings), ...checkFolders(settings)],

  files: ({ path, test_path }) => ({ path, test_path }),

  fingerprint: (settings, folder) =>
    Promise.all(
      foldersOf(settings, folder).map(({ key, folder: own, without }) => identityAt(key, own, without)),
    ),

  async inspect(settings, folder) {
    const findings = await Promise.all(
      foldersOf(settings, folder).map(({ key, path, without }) =>
        inspectFolder({ path, folder, key }, without),
      ),
    );
    return { findings: findings.flat() };
  },

  async read(context) {
    const { readFolders } = await import('../pictures/read-folders.ts');
    return readFolders(context, foldersOf(context.settings, context.pipelineFolder));
  },
};

function foldersOf(
  { path, test_path: testPath }: ImagesDatasetSettings,
  pipelineFolder: string,
): readonly SplitFolder[] {
  const folder = resolve(pipelineFolder, path);
  if (testPath === undefined) return [{ split: 'train', key: 'path', path, folder }];
  const test = resolve(pipelineFolder, testPath);
  return [
    { split: 'train', key: 'path', path, folder, without: test },
    { split: 'test', key: 'test_path', path: testPath, folder: test, without: folder },
  ];
}

function checkFolders({ path, test_path: testPath }: ImagesDatasetSettings): readonly Finding[] {
  if (testPath === undefined || resolve(path) !== resolve(testPath)) return [];
  return [
    {
      code: 'bad-setting',
      severity: 'warning',
      message: '`test_path` is the folder of the training images: the test images are the same',
      hint: 'name another folder, or leave `test_path` out and add a `split` stage',
      at: ['test_path'],
    },
  ];
}

/** Whether a folder holds images. Reads little: names, and the first bytes of files without a telling name. */
async function inspectFolder(named: NamedPath, without: string | undefined): Promise<readonly Finding[]> {
  const path = resolve(named.folder, named.path);
  if ((await kindOf(path)) !== 'folder') {
    const problem = await missingFile(named, ['folder']);
    if (problem !== undefined) return [problem];
  }
  if (await hasImage(path)) return [];
  return failuresOf(named, async () => void findImages(await listFolder(path, without), named.path));
}

/** Whether a name in the folder, or in one of its folders, is that of an image: then it is not looked at more closely. */
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
