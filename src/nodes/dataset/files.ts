/** The files that a `dataset` stage reads of the user's own. */
import type {
  DatasetSettings,
  IdxDatasetSettings,
  NpyDatasetSettings,
} from '../../schema/generated/settings.ts';

/** Files, archives and folders of the user's own. */
export function localFiles(settings: DatasetSettings): readonly string[] {
  if (settings.source === 'mnist') return [];
  if (settings.source === 'idx' || settings.source === 'npy') return Object.values(namedFiles(settings));
  const paths = [settings.path, settings.source === 'images' ? settings.test_path : undefined];
  return paths.flatMap((path) => path ?? []);
}

/** The files that a stage names, by the setting that names them. */
export function namedFiles(
  settings: IdxDatasetSettings | NpyDatasetSettings,
): Readonly<Record<string, string>> {
  const { train_images, train_labels, test_images, test_labels } = settings;
  return Object.fromEntries(
    Object.entries({ train_images, train_labels, test_images, test_labels }).flatMap(([key, path]) =>
      path === undefined ? [] : [[key, path]],
    ),
  );
}
