import type { SubsetSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, ChosenImages, OutputDescription, Split } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { beyond } from '../beyond.ts';
import { checkClasses, chosenClasses } from '../class-labels.ts';
import { describeStep } from '../step.ts';
import type { ImagesDescription } from '../train/checks.ts';
import { amountOf } from './amount.ts';

function keep(
  counts: NonNullable<ChosenImages['counts']>,
  settings: SubsetSettings,
): NonNullable<ChosenImages['counts']> {
  const entries = Object.entries(counts) as readonly [Split, number][];
  return Object.fromEntries(
    entries.map(([split, count]) => [split, Math.min(count, amountOf(settings, split, count))]),
  );
}

/** A count above the number of images is not an error: all are kept. */
function checkCount(
  { settings, references, report }: AnalysisContext<SubsetSettings>,
  { chosen }: ImagesDescription,
): void {
  const finding = beyond(settings.count, chosen?.counts ?? {}, {
    name: references['data'] ?? '',
    key: 'count',
  });
  if (finding !== undefined) report(finding);
}

/** `subset`: keeps some of the images. */
export const subsetNode: NodeDefinition<SubsetSettings> = {
  type: 'subset',
  version: 2,
  schema: readSchema('stages/subset'),
  inputs: { data: { accepts: ['images'] } },
  classSettings: ['classes'],
  outputs: 'images',
  draws: false,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const { settings, references, report } = context;
    if (settings.count !== null && settings.share !== null) {
      report({
        code: 'bad-setting',
        message: '`count` and `share` both set how many images are kept',
        hint: 'leave one of them out',
        at: ['share'],
        related: { message: '`count` is set here', at: ['count'] },
      });
    }
    const described = describeStep(context);
    if (described === undefined) return undefined;
    for (const key of ['count', 'share'] as const) {
      const amount = settings[key];
      // One number for both splits may also be used for a set that has only one of them.
      if (amount === null || typeof amount === 'number' || amount.train === amount.test) continue;
      for (const split of Object.keys(amount) as Split[]) {
        if (described.splits.includes(split)) continue;
        report({
          code: 'missing-split',
          message: `\`${references['data']}\` has no \`${split}\` images`,
          at: [key, split],
        });
      }
    }
    checkCount(context, described);
    if (settings.classes !== null) checkClasses(context, described.classes, settings.classes, 'classes');
    if (settings.classes !== null && described.labeled === false) {
      report({
        code: 'bad-setting',
        message: `\`classes\` selects by label, but the images of \`${references['data']}\` have none`,
        hint: 'leave `classes` out',
        at: ['classes'],
      });
    }
    const { chosen, classes, ...others } = described;
    const left = settings.classes === null ? classes : chosenClasses(settings.classes, classes);
    const rest = left === undefined ? others : { ...others, classes: left };
    if (chosen === undefined) return rest;
    const { counts: before, ...kept } = chosen;
    const counts =
      settings.classes === null && before !== undefined ? { counts: keep(before, settings) } : {};
    return { ...rest, chosen: { ...kept, ...counts } };
  },

  async run(context) {
    const { runSubset } = await import('./run.ts');
    return runSubset(context);
  },
};
