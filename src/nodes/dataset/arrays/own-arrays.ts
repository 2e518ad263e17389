/** What the sources `csv`, `idx`, `npy` and `npz` share: the user's own arrays, which are inspected before anything runs. */
import { resolve } from 'node:path';
import type { DatasetSettings } from '../../../schema/generated/settings.ts';
import { failure } from '../../../core/diagnostic.ts';
import type { Json } from '../../../core/json.ts';
import type { Finding, Split } from '../../../core/stage-type.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { SPLITS } from '../../../formats/images.ts';
import { missingFile, namedAsWritten, otherContainer } from '../../own-files.ts';
import { identityAt } from '../identity.ts';
import type { RawSplits } from '../raw.ts';
import { namedFiles, type Source } from '../sources/source.ts';
import { numberClasses, type NamedSplit } from './class-labels.ts';
import { arrange } from './layout.ts';

/** Settings that name arrays. */
export type ArrayKey = `${Split}_${'images' | 'labels'}`;

type SplitReader<Settings> = (
  settings: Settings,
  folder: string,
  split: Split,
) => Promise<NamedSplit | undefined>;

/** A source of arrays. All such sources find, inspect and read arrays in the same way. */
export function ownArrays<Settings extends DatasetSettings>({
  containers,
  readSplit,
  files,
  ...source
}: Pick<Source<Settings>, 'describe' | 'fingerprint'> &
  Required<Pick<Source<Settings>, 'files'>> & {
    /** A description of its files. */
    readonly containers: readonly ContainerName[];
    /** Throws a Failure `data-missing` or `data-corrupt`; undefined for a split that the settings do not name. */
    readonly readSplit: SplitReader<Settings>;
  }): Source<Settings> {
  const otherFiles = async (settings: Settings, folder: string): Promise<readonly Finding[]> => {
    const found = await Promise.all(
      namedFiles({ files }, settings).map(({ key, path }) =>
        otherContainer({ path, folder, key }, containers),
      ),
    );
    return found.filter((finding) => finding !== undefined);
  };
  const written = (settings: Settings, folder: string) =>
    namedFiles({ files }, settings).map(({ path }) => ({ absolute: resolve(folder, path), written: path }));
  const readAll = async (
    settings: Settings,
    folder: string,
    onSplit?: (split: Split) => void,
  ): Promise<RawSplits> => {
    const [other] = await otherFiles(settings, folder);
    if (other !== undefined) throw failure(other.code, other.message, other.hint, other.at);
    const raws: Partial<Record<Split, NamedSplit>> = {};
    for (const split of SPLITS) {
      onSplit?.(split);
      const raw = await namedAsWritten(written(settings, folder), () => readSplit(settings, folder, split));
      if (raw === undefined) continue;
      raws[split] = 'data_format' in settings ? { ...raw, images: arrange(raw.images, settings) } : raw;
    }
    return numberClasses(raws);
  };
  const pathsOf = (settings: Settings, folder: string): readonly string[] =>
    written(settings, folder).map(({ absolute }) => absolute);
  return {
    ...source,
    files,
    async inspect(settings, folder) {
      const missing = await Promise.all(
        namedFiles({ files }, settings).map(({ key, path }) => missingFile({ path, folder, key }, ['file'])),
      );
      const findings = missing.filter((finding) => finding !== undefined);
      if (findings.length > 0) return { findings };
      const others = await otherFiles(settings, folder);
      if (others.length > 0) return { findings: others };
      const { inspectArrays } = await import('./inspect.ts');
      return inspectArrays(settings, pathsOf(settings, folder), () => readAll(settings, folder));
    },
    async inspectsImages(settings, folder) {
      const { isInspected } = await import('./inspect.ts');
      return isInspected(pathsOf(settings, folder));
    },
    read: ({ settings, pipelineFolder, progress }) =>
      readAll(settings, pipelineFolder, (split) => progress({ text: `reading ${split} images` })),
  };
}

/** A source with a separate file for each array. */
export function separateArrays<
  Settings extends DatasetSettings & Readonly<Partial<Record<ArrayKey, string>>>,
>(own: {
  readonly containers: readonly ContainerName[];
  readonly readSplit: SplitReader<Settings>;
}): Source<Settings> {
  const files = ({ train_images, train_labels, test_images, test_labels }: Settings) => ({
    ...{ train_images, train_labels },
    ...{ test_images, test_labels },
  });
  return ownArrays({
    describe: (settings) => ({
      splits: settings.test_images === undefined ? ['train'] : ['train', 'test'],
      labeled: settings.train_labels !== undefined,
    }),
    files,
    fingerprint: (settings, folder) => identitiesOf({ files }, settings, folder),
    ...own,
  });
}

/** The identity of each file that settings name. */
export async function identitiesOf<Settings extends DatasetSettings>(
  source: Pick<Source<Settings>, 'files'>,
  settings: Settings,
  folder: string,
): Promise<Json> {
  const hashes: Record<string, Json> = {};
  for (const { key, path } of namedFiles(source, settings))
    hashes[key] = await identityAt(key, resolve(folder, path));
  return hashes;
}
