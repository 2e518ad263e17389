/** The source `images`: a folder or an archive of image files for each split, with labels from folders or tables. */
import { resolve } from 'node:path';
import type { ImagesDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Finding } from '../../../core/stage-type.ts';
import { missingFile } from '../../own-files.ts';
import { failuresOf } from '../findings.ts';
import { identityAt } from '../identity.ts';
import { checkCrop, shapeOfPictures } from '../pictures/crop.ts';
import { listFolder } from '../pictures/folder.ts';
import { foldersAsClasses, inspectFolder } from '../pictures/inspect-folder.ts';
import type { SplitFolder, TableSetting } from '../pictures/read-folders.ts';
import type { Source } from './source.ts';

export const images: Source<ImagesDatasetSettings> = {
  describe(settings) {
    const { labels, test_path: test, test_labels: testLabels = labels } = settings;
    const shape = shapeOfPictures(settings);
    const kinds = test === undefined ? [labels] : [labels, testLabels];
    return {
      ...(shape === undefined ? {} : { shape }),
      // 8-bit files, 16-bit files and masks have different ranges.
      ...(settings.normalize === 'minmax' ? { range: [0, 1] } : {}),
      splits: test === undefined ? ['train'] : ['train', 'test'],
      // Only the folders show whether they are classes.
      ...(kinds.includes('folder') ? {} : { labeled: !kinds.includes('none') }),
    };
  },

  check: (settings) => [...checkCrop(settings), ...checkFolders(settings), ...checkLabels(settings)],

  files: ({ path, test_path, labels, test_labels: testLabels }) => ({
    path,
    test_path,
    ...(typeof labels === 'object' ? { labels: labels.file } : {}),
    ...(typeof testLabels === 'object' ? { test_labels: testLabels.file } : {}),
  }),

  fingerprint: (settings, folder) =>
    Promise.all(
      foldersOf(settings, folder).flatMap(({ key, folder: own, labels, labelKey, ...options }) => [
        identityAt(key, own, (path) => listFolder(path, options)),
        ...(typeof labels === 'string' ? [] : [identityAt([labelKey, 'file'], labels.file)]),
      ]),
    ),

  async inspect(settings, folder) {
    const findings = await Promise.all(
      foldersOf(settings, folder).flatMap((own) => [
        inspectFolder({ path: own.path, folder, key: own.key }, own),
        inspectTable(own, folder),
      ]),
    );
    const classes = await foldersAsClasses(foldersOf(settings, folder));
    return { findings: findings.flat(), ...(classes === undefined ? {} : { classes }) };
  },

  async read(context) {
    const { readFolders } = await import('../pictures/read-folders.ts');
    return readFolders(context, foldersOf(context.settings, context.pipelineFolder));
  },
};

function foldersOf(settings: ImagesDatasetSettings, pipelineFolder: string): readonly SplitFolder[] {
  const { path, test_path: testPath, test_labels: testLabels, labels, recursive, follow_links } = settings;
  const tableOf = (setting: ImagesDatasetSettings['labels']): SplitFolder['labels'] => {
    if (typeof setting === 'string') return setting;
    const { file, ...columns } = setting;
    return { ...columns, path: file, file: resolve(pipelineFolder, file) } satisfies TableSetting;
  };
  const options = { recursive, followLinks: follow_links };
  const folder = resolve(pipelineFolder, path);
  const train: SplitFolder = {
    split: 'train',
    ...{ key: 'path', path, folder },
    ...{ labels: tableOf(labels), labelKey: 'labels', ...options },
  };
  if (testPath === undefined) return [train];
  const test = resolve(pipelineFolder, testPath);
  return [
    { ...train, without: test },
    {
      split: 'test',
      ...{ key: 'test_path', path: testPath, folder: test, without: folder },
      ...{ labels: tableOf(testLabels ?? labels), ...options },
      labelKey: testLabels === undefined ? 'labels' : 'test_labels',
    },
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

/** A table names the images of one folder. The images of the other one need a setting, too. */
function checkLabels(settings: ImagesDatasetSettings): readonly Finding[] {
  const { test_path: testPath, labels, test_labels: testLabels } = settings;
  if (testPath === undefined && testLabels !== undefined) {
    return [
      {
        code: 'bad-setting',
        message: '`test_labels` are the labels of test images, but there is no `test_path`',
        hint: 'name the test images with `test_path`, or leave `test_labels` out',
        at: ['test_labels'],
      },
    ];
  }
  if (testPath === undefined || testLabels !== undefined || typeof labels === 'string') return [];
  return [
    {
      code: 'bad-setting',
      message: '`labels` is the table of the training images, but the labels of the test images are not set',
      hint: 'add `test_labels`: a table, which may be the same one, or `none`',
      at: ['test_path'],
    },
  ];
}

async function inspectTable({ labels, labelKey }: SplitFolder, folder: string): Promise<readonly Finding[]> {
  if (typeof labels === 'string') return [];
  const named = { path: labels.path, folder, key: labelKey };
  const problem = await missingFile(named, ['file']);
  const findings = problem === undefined ? await failuresOf(named, () => checkTable(labels)) : [problem];
  return findings.map((finding) => ({ ...finding, at: [labelKey, 'file'] }));
}

async function checkTable({ file, path, ...columns }: TableSetting): Promise<void> {
  const { readLabelTable } = await import('../pictures/label-table.ts');
  await readLabelTable(file, path, columns);
}
