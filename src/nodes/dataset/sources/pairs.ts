/** The source `pairs`: corrupted images and their clean ones, in two folders or archives, paired by name. */
import { resolve } from 'node:path';
import type { PairsDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Finding } from '../../../core/stage-type.ts';
import { identityAt } from '../identity.ts';
import { checkCrop, shapeOfPictures } from '../pictures/crop.ts';
import { listFolder } from '../pictures/folder.ts';
import { inspectFolder } from '../pictures/inspect-folder.ts';
import type { PairFolders, Side } from '../pictures/read-pairs.ts';
import type { Source } from './source.ts';

export const pairs: Source<PairsDatasetSettings> = {
  describe(settings) {
    const shape = shapeOfPictures(settings);
    return {
      ...(shape === undefined ? {} : { shape }),
      ...(settings.normalize === 'minmax' ? { range: [0, 1] } : {}),
      splits: settings.test_noisy === undefined ? ['train'] : ['train', 'test'],
      ...(settings.labels === 'none' ? { labeled: false } : {}),
      holdsClean: true,
    };
  },

  check: (settings) => [...checkCrop(settings), ...checkSides(settings)],

  files: ({ noisy, clean, test_noisy, test_clean }) => ({ noisy, clean, test_noisy, test_clean }),

  fingerprint: (settings, folder) =>
    Promise.all(
      sidesOf(settings, folder).map(({ key, folder: own, ...options }) =>
        identityAt(key, own, (path) => listFolder(path, options)),
      ),
    ),

  async inspect(settings, folder) {
    const findings = await Promise.all(
      sidesOf(settings, folder).map(({ key, path, folder: _own, ...options }) =>
        inspectFolder({ path, folder, key }, { ...options, labels: 'none' }),
      ),
    );
    return { findings: findings.flat() };
  },

  async read(context) {
    const { readPairs } = await import('../pictures/read-pairs.ts');
    return readPairs(context, foldersOf(context.settings, context.pipelineFolder));
  },
};

function sidesOf(settings: PairsDatasetSettings, pipelineFolder: string): readonly Side[] {
  return foldersOf(settings, pipelineFolder).flatMap(({ noisy, clean }) => [noisy, clean]);
}

function foldersOf(settings: PairsDatasetSettings, pipelineFolder: string): readonly PairFolders[] {
  const { noisy, clean, test_noisy: testNoisy, test_clean: testClean, recursive, follow_links } = settings;
  const side = (key: string, path: string, other: string): Side => ({
    ...{ key, path, folder: resolve(pipelineFolder, path) },
    ...{ recursive, followLinks: follow_links, without: resolve(pipelineFolder, other) },
  });
  const train: PairFolders = {
    split: 'train',
    noisy: side('noisy', noisy, clean),
    clean: side('clean', clean, noisy),
  };
  if (testNoisy === undefined || testClean === undefined) return [train];
  return [
    train,
    {
      split: 'test',
      noisy: side('test_noisy', testNoisy, testClean),
      clean: side('test_clean', testClean, testNoisy),
    },
  ];
}

/** Each folder of corrupted images needs a different folder of clean images. */
function checkSides({
  noisy,
  clean,
  test_noisy: testNoisy,
  test_clean: testClean,
}: PairsDatasetSettings): readonly Finding[] {
  const findings: Finding[] = [];
  if ((testNoisy === undefined) !== (testClean === undefined)) {
    const [given, missing] =
      testNoisy === undefined ? ['test_clean', 'test_noisy'] : ['test_noisy', 'test_clean'];
    findings.push({
      code: 'missing-key',
      message: `\`${given}\` needs \`${missing}\`: test images are pairs, too`,
      hint: `name the other folder with \`${missing}\`, or leave \`${given}\` out`,
      at: [given],
    });
  }
  for (const [key, one, other] of [
    ['clean', noisy, clean],
    ['test_clean', testNoisy, testClean],
  ] as const) {
    if (one === undefined || other === undefined || resolve(one) !== resolve(other)) continue;
    findings.push({
      code: 'bad-setting',
      message: `\`${key}\` is the folder of the corrupted images: there would be nothing to learn`,
      hint: 'name the folder of the clean images',
      at: [key],
    });
  }
  return findings;
}
