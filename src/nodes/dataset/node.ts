import type { DatasetSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { ChosenImages, Finding, OutputDescription, Split } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { beyond } from '../beyond.ts';
import { pairedIdentity } from '../step.ts';
import { limitOf } from './raw.ts';
import { namedFiles, type Source, type SourceDescription } from './sources/source.ts';
import { sourceOf, SOURCES } from './sources/sources.ts';

/** `dataset`: loads images and labels. */
export const datasetNode: NodeDefinition<DatasetSettings> = {
  type: 'dataset',
  version: 10,
  schema: readSchema('stages/dataset'),
  inputs: {},
  outputs: 'images',
  draws: false,
  engine: false,

  // Wherever files come from, they have the hash that `fingerprint` returns.
  cosmetic: [...new Set(Object.values(SOURCES).flatMap(({ cosmetic }: Source) => cosmetic ?? []))],

  analyze({ stage, settings, inspected, report }): OutputDescription {
    const source = sourceOf(settings);
    const { counts, splits, labeled, holdsClean = false, ...told } = source.describe(settings);
    const findings = [
      ...(source.check?.(settings) ?? []),
      ...checkWhiteLevel(settings),
      ...checkLimit(settings, counts),
      ...(inspected?.findings ?? []),
    ];
    findings.forEach(report);
    const shape = inspected?.shape ?? told.shape;
    const range = inspected?.range ?? told.range;
    const classes = inspected?.classes ?? told.classes;
    return {
      kind: 'images',
      ...(shape === undefined ? {} : { shape }),
      ...(range === undefined ? {} : { range }),
      splits,
      chosen: chosenBy(settings, counts, inspected?.counts),
      ...(holdsClean ? { holdsClean, corruptionOf: pairedIdentity(stage) } : {}),
      ...(labeled === undefined ? {} : { labeled }),
      ...(classes === undefined ? {} : { classes }),
    };
  },

  inspect: (settings, folder) => sourceOf(settings).inspect(settings, folder),

  fingerprint: (settings, folder) => sourceOf(settings).fingerprint(settings, folder),

  files: (settings) => namedFiles(sourceOf(settings), settings).map(({ path }) => path),

  async run(context) {
    const { runDataset } = await import('./run.ts');
    return runDataset(context);
  },
};

function checkWhiteLevel(settings: DatasetSettings): readonly Finding[] {
  if (!('white_level' in settings) || settings.normalize !== 'none') return [];
  return [
    {
      code: 'bad-setting',
      message:
        '`white_level` is the value that `normalize: minmax` maps to 1, but `normalize: none` maps nothing',
      hint: 'leave one of the two out',
      at: ['white_level'],
    },
  ];
}

/** A limit above the size of a known set is not an error: all images are kept. */
function checkLimit(
  { source, limit }: DatasetSettings,
  counts: SourceDescription['counts'],
): readonly Finding[] {
  const finding = counts === undefined ? undefined : beyond(limit, counts, { name: source, key: 'limit' });
  return finding === undefined ? [] : [finding];
}

/**
 * @param known the number of images of a set that is known by name, before `limit`
 * @param counted the number of images in the files, after `limit`
 */
function chosenBy(
  settings: DatasetSettings,
  known: SourceDescription['counts'],
  counted: ChosenImages['counts'],
): ChosenImages {
  if (known === undefined) return { ...(counted === undefined ? {} : { counts: counted }), divisions: [] };
  const kept = (split: Split): number => Math.min(known[split], limitOf(settings, split));
  return { set: settings.source, counts: { train: kept('train'), test: kept('test') }, divisions: [] };
}
