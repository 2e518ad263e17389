import { resolve } from 'node:path';
import { targetSize } from '../../formats/image-size.ts';
import type {
  DatasetSettings,
  ImagesDatasetSettings,
  LfwDatasetSettings,
} from '../../schema/generated/settings.ts';
import { atSetting, unreachable } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import { readSchema } from '../../schema/schemas.ts';
import type {
  AnalysisContext,
  ChosenImages,
  ImageShape,
  OutputDescription,
  Split,
} from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { beyond } from '../beyond.ts';
import { localFiles, namedFiles } from './files.ts';
import { identityOf } from './identity.ts';
import { foldersOf } from './split-folders.ts';
import { MNIST_FILES } from './mnist.ts';
import { FASHION_MNIST_FILES, lfwSha256 } from './pins.ts';

/** `dataset`: loads images and labels. */
export const datasetNode: NodeDefinition<DatasetSettings> = {
  type: 'dataset',
  version: 6,
  schema: readSchema('stages/dataset'),
  inputs: {},
  outputs: 'images',
  draws: false,
  engine: false,

  // Wherever they come from, files are those of the hash, which `fingerprint` tells.
  cosmetic: ['url', 'sha256', 'funneled'],

  analyze({ settings, inspected, report }): OutputDescription {
    if (settings.source === 'lfw' || settings.source === 'images') checkCrop(settings, report);
    if (settings.source === 'images') checkFolders(settings, report);
    checkWhiteLevel(settings, report);
    checkLimit(settings, report);
    for (const finding of inspected?.findings ?? []) report(finding);
    const shape = inspected?.shape ?? shapeOf(settings);
    const range = inspected?.range ?? rangeOf(settings);
    return {
      kind: 'images',
      ...(shape === undefined ? {} : { shape }),
      ...(range === undefined ? {} : { range }),
      splits: splitsOf(settings),
      chosen: chosenBy(settings, inspected?.counts),
      ...(settings.source === 'images' ? {} : { labeled: hasLabels(settings) }),
    };
  },

  async inspect(settings, folder) {
    const { inspectDataset } = await import('./inspect.ts');
    return inspectDataset(settings, folder);
  },

  async fingerprint(settings, folder): Promise<Json> {
    switch (settings.source) {
      case 'mnist':
        return pinned(MNIST_FILES);
      case 'fashion-mnist':
        return pinned(FASHION_MNIST_FILES);
      case 'lfw':
        return settings.path === undefined
          ? lfwSha256(settings)
          : identityAt('path', resolve(folder, settings.path));
      case 'images':
        return Promise.all(
          foldersOf(settings, folder).map((split) =>
            identityAt(split.split === 'train' ? 'path' : 'test_path', split.folder, split.without),
          ),
        );
      case 'npz':
        return identityAt('path', resolve(folder, settings.path));
      case 'idx':
      case 'npy': {
        const hashes: Record<string, Json> = {};
        for (const [key, path] of Object.entries(namedFiles(settings))) {
          hashes[key] = await identityAt(key, resolve(folder, path));
        }
        return hashes;
      }
      default:
        return unreachable(settings);
    }
  },

  files: localFiles,

  async run(context) {
    const { runDataset } = await import('./run.ts');
    return runDataset(context);
  },
};

function checkWhiteLevel(
  settings: DatasetSettings,
  report: AnalysisContext<DatasetSettings>['report'],
): void {
  if (!('white_level' in settings) || settings.normalize !== 'none') return;
  report({
    code: 'bad-setting',
    message:
      '`white_level` is the value that `normalize: minmax` maps to 1, but `normalize: none` maps nothing',
    hint: 'leave one of the two out',
    at: ['white_level'],
  });
}

type Cropping = LfwDatasetSettings | ImagesDatasetSettings;

function checkCrop({ crop }: Cropping, report: AnalysisContext<DatasetSettings>['report']): void {
  for (const side of ['rows', 'columns'] as const) {
    const [first, end] = crop?.[side] ?? [0, 1];
    if (first < end) continue;
    report({
      code: 'out-of-range',
      message: `\`crop\` keeps no ${side}: they go from ${first} to ${end}`,
      hint: 'the end of a range is exclusive',
      at: ['crop', side],
    });
  }
}

function checkFolders(
  { path, test_path: testPath }: ImagesDatasetSettings,
  report: AnalysisContext<DatasetSettings>['report'],
): void {
  if (testPath === undefined || resolve(path) !== resolve(testPath)) return;
  report({
    code: 'bad-setting',
    severity: 'warning',
    message: '`test_path` is the folder of the training images: the test images are the same',
    hint: 'name another folder, or leave `test_path` out and add a `split` stage',
    at: ['test_path'],
  });
}

/** The range where the settings tell it. Files decide it where integers are kept as they are: masks go from 0 to 1. */
function rangeOf({ source, normalize }: DatasetSettings): readonly [number, number] | undefined {
  if (source === 'npz' || source === 'npy') return undefined;
  if (normalize === 'minmax') return [0, 1];
  return source === 'idx' || source === 'images' ? undefined : [0, 255];
}

/** The size where the settings tell it; only the files tell the size of other images. */
function shapeOf(settings: DatasetSettings): ImageShape | undefined {
  switch (settings.source) {
    case 'mnist':
    case 'fashion-mnist':
      return [28, 28, 1];
    case 'idx':
    case 'npz':
    case 'npy':
      return undefined;
    case 'lfw':
    case 'images': {
      const { crop, resize, size } = settings;
      const channels = settings.color === 'gray' ? 1 : 3;
      if (size !== undefined) return [...size, channels];
      // Faces in the archives have 250x250 pixels.
      const full = settings.source === 'lfw' ? ([250, 250] as const) : undefined;
      const [height, width] =
        crop === null ? (full ?? []) : [crop.rows[1] - crop.rows[0], crop.columns[1] - crop.columns[0]];
      if (height === undefined || width === undefined) return undefined;
      return [...targetSize([height, width], resize ?? null), channels];
    }
    default:
      return unreachable(settings);
  }
}

/** Images of the sets that are known by name. */
const KNOWN_COUNTS: Readonly<Partial<Record<DatasetSettings['source'], Record<Split, number>>>> = {
  mnist: { train: 60_000, test: 10_000 },
  'fashion-mnist': { train: 60_000, test: 10_000 },
};

/** @param counted what the files hold, after `limit` */
function chosenBy({ source, limit }: DatasetSettings, counted: ChosenImages['counts']): ChosenImages {
  const all = KNOWN_COUNTS[source];
  if (all === undefined) return { ...(counted === undefined ? {} : { counts: counted }), divisions: [] };
  const most = (split: Split): number => (typeof limit === 'number' ? limit : limit?.[split]) ?? Infinity;
  const counts = { train: Math.min(all.train, most('train')), test: Math.min(all.test, most('test')) };
  return { set: source, counts, divisions: [] };
}

/** Whether training and test images have labels; folders may or may not be classes. */
function hasLabels(settings: Exclude<DatasetSettings, { source: 'images' }>): boolean {
  switch (settings.source) {
    case 'mnist':
    case 'fashion-mnist':
    case 'lfw':
      return true;
    case 'idx':
    case 'npz':
    case 'npy':
      return settings.train_labels !== undefined && settings.train_labels !== null;
    default:
      return unreachable(settings);
  }
}

/** More than a known set has is no error: all are kept. */
function checkLimit(
  { source, limit }: DatasetSettings,
  report: AnalysisContext<DatasetSettings>['report'],
): void {
  const all = KNOWN_COUNTS[source];
  const finding = all === undefined ? undefined : beyond(limit, all, { name: source, key: 'limit' });
  if (finding !== undefined) report(finding);
}

function splitsOf(settings: DatasetSettings): readonly Split[] {
  return hasTest(settings) ? ['train', 'test'] : ['train'];
}

function hasTest(settings: DatasetSettings): boolean {
  switch (settings.source) {
    case 'mnist':
    case 'fashion-mnist':
      return true;
    case 'lfw':
      return false;
    case 'images':
      return settings.test_path !== undefined;
    case 'npz':
      return settings.test_images !== null;
    case 'idx':
    case 'npy':
      return settings.test_images !== undefined;
    default:
      return unreachable(settings);
  }
}

function identityAt(key: string, path: string, without?: string): Promise<string> {
  return atSetting([key], () => identityOf(path, without));
}

function pinned(files: readonly { readonly name: string; readonly sha256: string }[]): Json {
  return Object.fromEntries(files.map(({ name, sha256: hash }) => [name, hash]));
}
