import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DatasetSettings, IdxDatasetSettings } from '../../config/generated/settings.ts';
import { sha256, type Json } from '../../core/json.ts';
import { readSchema } from '../../core/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { MNIST_FILES } from './mnist.ts';

/** `dataset`: loads images and labels. */
export const datasetNode: NodeDefinition<DatasetSettings> = {
  type: 'dataset',
  version: 1,
  schema: readSchema('stages/dataset'),
  inputs: {},
  outputs: 'images',
  draws: false,
  engine: false,

  analyze({ settings }): OutputDescription {
    return {
      kind: 'images',
      // Only the files tell the size of other images.
      ...(settings.source === 'mnist' ? { shape: [28, 28, 1] } : {}),
      range: settings.normalize === 'minmax' ? [0, 1] : [0, 255],
      splits:
        settings.source === 'mnist' || settings.test_images !== undefined ? ['train', 'test'] : ['train'],
    };
  },

  async fingerprint(settings, folder): Promise<Json> {
    if (settings.source === 'mnist')
      return Object.fromEntries(MNIST_FILES.map(({ name, sha256: hash }) => [name, hash]));
    const hashes: Record<string, Json> = {};
    for (const [key, path] of Object.entries(idxFiles(settings))) {
      // A file that cannot be read has no identity; running the stage says what is wrong with it.
      hashes[key] = await readFile(resolve(folder, path)).then(sha256, () => null);
    }
    return hashes;
  },

  files: (settings) => (settings.source === 'idx' ? Object.values(idxFiles(settings)) : []),

  async run(context) {
    const { runDataset } = await import('./run.ts');
    return runDataset(context);
  },
};

/** The files that a stage names, by the setting that names them. */
export function idxFiles(settings: IdxDatasetSettings): Readonly<Record<string, string>> {
  const { train_images, train_labels, test_images, test_labels } = settings;
  return Object.fromEntries(
    Object.entries({ train_images, train_labels, test_images, test_labels }).flatMap(([key, path]) =>
      path === undefined ? [] : [[key, path]],
    ),
  );
}
