/** The `sample` stage: samples latents, and decodes them into images with a trained model. */
import type { SampleSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { imageOf, sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import {
  checkInput,
  checkScale,
  checkShown,
  checkSplit,
  reportNoImage,
  type ImagesDescription,
  type ModelDescription,
} from '../train/checks.ts';
import { describeClasses, hasClass } from '../class-labels.ts';
import { checkLabel } from '../label.ts';
import { COMPONENTS, fewForMixture, LARGEST_MIXED, noImagesOf, splitOf } from './choice.ts';

export const sampleNode: NodeDefinition<SampleSettings> = {
  type: 'sample',
  version: 2,
  schema: readSchema('stages/sample'),
  inputs: {
    model: { accepts: ['trained-model'] },
    data: { accepts: ['images'], optional: true },
  },
  classSettings: ['label'],
  outputs: 'images',
  draws: true,
  engine: true,
  analyze,
  async run(context) {
    const { runSample } = await import('./run.ts');
    return runSample(context);
  },
  async trace(context, part) {
    const { traceSamples } = await import('../train/trace.ts');
    return traceSamples(context, part);
  },
};

function analyze(context: AnalysisContext<SampleSettings>): OutputDescription | undefined {
  const { settings, inputs } = context;
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  checkSettings(context);
  if (model !== undefined) checkLabel(context, model, settings.label);
  checkLatent(context, model);
  if (data !== undefined && settings.from !== 'prior') checkData(context, model, data);
  const known = settings.from === 'posterior' ? data?.chosen?.counts?.[splitOf(settings)] : undefined;
  const count = Math.min(settings.count, known ?? Infinity);
  const described = {
    kind: 'images',
    splits: ['test'],
    chosen: { counts: { test: count }, divisions: [] },
    ...(settings.from !== 'posterior'
      ? model === undefined
        ? {}
        : {
            labeled: model.classes !== undefined,
            ...(model.classes === undefined
              ? {}
              : {
                  classes:
                    settings.label === undefined
                      ? describeClasses(model.classes)
                      : [{ label: settings.label }],
                }),
          }
      : {
          ...(data?.labeled === undefined ? {} : { labeled: data.labeled }),
          ...(data?.classes === undefined ? {} : { classes: data.classes }),
        }),
  } as const;
  if (model === undefined) return described;
  const shape = imageOf(model.outputShape);
  if (shape !== undefined) return { ...described, shape };
  reportNoImage(context, model);
  return undefined;
}

/** Settings that do not apply to the chosen `from`. */
function checkSettings({ settings, references, report }: AnalysisContext<SampleSettings>): void {
  const { from, split, components, label } = settings;
  if (from !== 'prior' && references['data'] === undefined) {
    report({
      code: 'missing-key',
      message: `\`from: ${from}\` needs images to encode`,
      hint: 'add `data` with the name of their stage',
      at: ['from'],
    });
  }
  const useless: readonly (readonly [string, string])[] = [
    ...(from === 'prior' && references['data'] !== undefined ? [['data', 'encodes no images'] as const] : []),
    ...(from === 'prior' && split !== undefined ? [['split', 'encodes no images'] as const] : []),
    ...(from === 'posterior' && label !== undefined
      ? [['label', 'decodes each image with its own label'] as const]
      : []),
    ...(from !== 'mixture' && components !== undefined ? [['components', 'fits no mixture'] as const] : []),
  ];
  for (const [key, why] of useless) {
    report({
      code: 'bad-setting',
      message: `\`from: ${from}\` ${why}`,
      hint:
        key === 'components' || key === 'label'
          ? `remove \`${key}\`, or use \`from: ${key === 'label' ? 'prior' : 'mixture'}\``
          : `remove \`${key}\`, or use \`from: mixture\` or \`posterior\``,
      at: [key],
    });
  }
}

/** Sampling from the posterior needs a variational model, from the prior also a `latent_regularizer` will do; codes have no distribution that could be sampled. */
function checkLatent(
  { settings, references, report }: AnalysisContext<SampleSettings>,
  model: ModelDescription | undefined,
): void {
  if (model === undefined) return;
  const stage = references['model'];
  if (model.quantized === true) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` cannot be sampled: its encoder ends in \`VectorQuantizer\`, and no distribution of its codes is learned`,
      hint: 'sample a model whose encoder ends in `Variational: { units: … }`',
      at: ['model'],
    });
    return;
  }
  const hasPrior = settings.from === 'prior' && model.kind === 'trained-model' && model.regularized === true;
  if (settings.from !== 'mixture' && model.variational === false && !hasPrior) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` cannot be sampled from its ${settings.from}: its encoder does not end in \`Variational\`, so the distribution of its latents is unknown`,
      hint: 'let the encoder end in `Variational: { units: … }`, or use `from: mixture` with `data`',
      at: ['from'],
      ifWritten: [['model']],
    });
  }
  const size = sizeOf(model.latentShape);
  if (settings.from !== 'mixture' || size <= LARGEST_MIXED) return;
  report({
    code: 'out-of-range',
    message: `a mixture is fitted to latents of at most ${LARGEST_MIXED} values, but those of \`${stage}\` have ${size}`,
    hint: 'use a smaller latent, or a variational one with `from: prior`',
    at: ['from'],
  });
}

function checkData(
  context: AnalysisContext<SampleSettings>,
  model: ModelDescription | undefined,
  data: ImagesDescription,
): void {
  const { settings } = context;
  const split = splitOf(settings);
  checkSplit(context, split, data, undefined, settings.split === undefined ? ['data'] : ['split']);
  if (model !== undefined) {
    checkInput(context, model, data);
    checkScale(context, model, data);
  }
  const { components = COMPONENTS, from } = settings;
  const count = data.chosen?.counts?.[split];
  const { label } = settings;
  const isKnown = data.classes?.every((one) => one.label !== undefined) === true;
  if (from === 'mixture' && label !== undefined && isKnown && !hasClass(data.classes ?? [], label))
    context.report({ ...noImagesOf(label, context.references['data']), code: 'bad-setting', at: ['label'] });
  if (from === 'mixture' && count !== undefined && count < components)
    context.report({
      ...fewForMixture(components, count),
      code: 'bad-setting',
      at: ['components'],
      ifWritten: [['from']],
    });
  if (from === 'posterior') checkShown(context, data, { wanted: settings.count, split, at: [['count']] });
}
