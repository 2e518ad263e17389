/** What `check` finds in figures of images and of the outputs of models. */
import type { FigureSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext, OutputDescription, Split } from '../../core/stage-type.ts';
import { checkCleanTarget, targetHint } from '../step.ts';
import { checkInput, checkOutput, checkShown, checkSplit, type ImagesDescription } from '../train/checks.ts';

export function checkImages(
  context: AnalysisContext<FigureSettings>,
  kind: 'images' | 'comparison',
  split: Split,
): void {
  const { inputs, references } = context;
  const data = imagesOf(context);
  const named = references['target'] === undefined ? data : inputs['target'];
  const target = named?.kind === 'images' ? named : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, target, ['split']);
    checkChannels(context, data);
    checkLabels(context, data);
    checkAmount(context, data, split);
  }
  if (kind === 'images') {
    if (inputs['before']?.kind === 'images') checkBefore(context, inputs['before'], data, split);
    return;
  }
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (model === undefined) return;
  if (data !== undefined) {
    checkInput(context, model, data);
    checkCorruption(context, model, data);
    const what = (stage: string): string =>
      `the corrupted images of \`${stage}\` are shown in the row of originals`;
    checkCleanTarget(context, data, target, what);
  }
  if (target !== undefined) checkOutput(context, model, target);
}

/** The images of `data`; reports vectors and scores as errors. */
export function imagesOf({
  inputs,
  references,
  report,
}: AnalysisContext<FigureSettings>): ImagesDescription | undefined {
  const { data } = inputs;
  if (data?.kind === 'vectors' || data?.kind === 'scores') {
    report({
      code: 'wrong-stage-kind',
      message: `\`data\` needs images, but \`${references['data']}\` returns ${data.kind}`,
      hint:
        data.kind === 'vectors'
          ? 'name the stage whose images were encoded, or use `kind: latent`'
          : 'name the stage whose images were scored, or use `kind: anomalies`',
      at: ['data'],
    });
  }
  return data?.kind === 'images' ? data : undefined;
}

/** Asking for more images than exist leaves places in the grid empty. */
export function checkAmount(
  context: AnalysisContext<FigureSettings>,
  data: ImagesDescription,
  split: Split,
): void {
  const { settings } = context;
  if (settings.kind === 'comparison')
    checkShown(context, data, { wanted: settings.samples, split, at: [['samples']] });
  if (settings.kind === 'images')
    checkShown(context, data, {
      wanted: settings.rows * settings.columns,
      split,
      at: [['rows'], ['columns']],
    });
  // A single image is an error, which `checkPath` reports.
  if (settings.kind === 'traversal' && settings.path !== 'axes' && data.chosen?.counts?.[split] !== 1)
    checkShown(context, data, { wanted: 2 * settings.rows, split, at: [['rows']] });
}

export function checkChannels(
  { references, report }: AnalysisContext<FigureSettings>,
  data: ImagesDescription,
  setting: 'data' | 'before' | 'thumbnails' = 'data',
): void {
  const channels = data.shape?.[2];
  if (channels === undefined || channels === 1 || channels === 3) return;
  report({
    code: 'shape-mismatch',
    message: `the images of \`${references[setting]}\` have ${channels} channels, which cannot be drawn`,
    hint: 'draw images of 1 channel (grey) or 3 (red, green, blue)',
    at: [setting],
  });
}

/** Class labels below images need classes. */
function checkLabels(
  { settings, references, report }: AnalysisContext<FigureSettings>,
  data: ImagesDescription,
): void {
  if (!('labels' in settings) || settings.labels !== true || data.labeled !== false) return;
  report({
    code: 'bad-setting',
    message: `the images of \`${references['data']}\` have no class labels`,
    hint: 'remove `labels`',
    at: ['labels'],
  });
}

/** Checks that the images of `before` can be shown above those of `data`. */
function checkBefore(
  context: AnalysisContext<FigureSettings>,
  before: ImagesDescription,
  data: ImagesDescription | undefined,
  split: Split,
): void {
  const { references, report } = context;
  checkChannels(context, before, 'before');
  if (before.splits.includes(split) || data?.splits.includes(split) === false) return;
  report({
    code: 'missing-split',
    message: `\`${references['before']}\` has no \`${split}\` images`,
    hint: `use \`split: ${split === 'test' ? 'train' : 'test'}\``,
    at: ['split'],
  });
}

/** A denoiser should be shown with corrupted inputs, beside clean images. */
function checkCorruption(
  { references, report }: AnalysisContext<FigureSettings>,
  model: Extract<OutputDescription, { kind: 'trained-model' }>,
  data: ImagesDescription,
): void {
  if (model.denoiser && data.corruptionOf === undefined) {
    report({
      code: 'clean-evaluation',
      severity: 'warning',
      message: `\`${references['model']}\` is a denoiser, but \`${references['data']}\` has no noise for it to remove`,
      hint: `use \`data: ${model.data}\` and \`target: ${model.target}\``,
      at: ['data'],
    });
  } else if (data.corruptionOf !== undefined && references['target'] === undefined) {
    report({
      code: 'bad-setting',
      severity: 'warning',
      message: `without \`target\`, the corrupted images of \`${references['data']}\` are shown in the row of originals`,
      hint: targetHint(data.corruptionOf),
      at: ['data'],
    });
  }
}
