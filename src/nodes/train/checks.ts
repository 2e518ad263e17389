/** Checks shared by training, evaluation and prediction: whether models and images fit, according to their descriptions. */
import { fitsImage } from '../../core/shape.ts';
import type { AnalysisContext, Finding, OutputDescription, Split } from '../../core/stage-type.ts';
import { SSIM_WINDOW } from '../../engine/train/ssim.ts';
import { shapeText } from '../../layers/layer.ts';
import { entropyMessage, scalingHint } from './targets.ts';

export type ImagesDescription = Extract<OutputDescription, { kind: 'images' }>;
export type ModelDescription = Extract<OutputDescription, { kind: 'model' | 'trained-model' }>;

type Context = Pick<AnalysisContext<unknown>, 'references' | 'report'>;

/** Reports that the outputs of a model are not images. */
export function reportNoImage({ references, report }: Context, { outputShape }: ModelDescription): void {
  report({
    code: 'shape-mismatch',
    message: `\`${references['model']}\` returns ${shapeText(outputShape)}, which is not the shape of an image`,
    hint: 'let the decoder end with a `Reshape` to [height, width, channels]',
    at: ['model'],
  });
}

/** What to say about images without labels for a conditional model. */
export function noLabels(stage: string | undefined): { readonly message: string; readonly hint: string } {
  return {
    message: `the images of \`${stage}\` have no class labels, which the model needs for its \`condition: labels\``,
    hint: 'use images with labels, or remove `condition` and `classes` from the model',
  };
}

/** Checks that a model takes the images of the setting `data`. */
export function checkInput(
  { references, report }: Context,
  model: ModelDescription,
  data: ImagesDescription,
): void {
  const highest = Math.max(-1, ...(data.classes ?? []).map(({ label = -1 }) => label));
  if (model.classes !== undefined && data.labeled === false) {
    report({ code: 'bad-setting', ...noLabels(references['data']), at: ['data'] });
  } else if (model.classes !== undefined && highest >= model.classes) {
    report({
      code: 'out-of-range',
      message: `the images of \`${references['data']}\` have labels from 0 to ${highest}, but \`${references['model']}\` knows ${model.classes} classes, 0 to ${model.classes - 1}`,
      hint: `give the model \`classes: ${highest + 1}\``,
      at: ['model'],
    });
  }
  const { inputShape } = model;
  if (data.shape === undefined || fitsImage(inputShape, data.shape)) return;
  const shape = `[${data.shape.join(', ')}]`;
  const flat = inputShape.length === 1;
  report({
    code: 'shape-mismatch',
    message:
      `\`${references['model']}\` takes ${flat ? `vectors of ${inputShape[0]} values` : shapeText(inputShape)}, ` +
      `but the images of \`${references['data']}\` are ${shapeText(data.shape)}`,
    hint: flat
      ? `give the model \`input_shape: ${shape}\`, let its encoder begin with \`Flatten\` ` +
        `and its decoder end with \`Reshape: { target_shape: ${shape} }\``
      : `give the model \`input_shape: ${shape}\``,
    at: ['model'],
    ...relatedInput(model, references['model']),
  });
}

/** The model stage itself has `input_shape`; a trained model is defined elsewhere. */
function relatedInput(model: ModelDescription, stage: string | undefined) {
  if (model.kind !== 'model' || stage === undefined) return {};
  return { related: { message: 'the model takes its input shape from here', at: ['input_shape'], stage } };
}

/** How many times larger than in training the values of images can be without a warning. */
const SCALE_LIMIT = 4;

/**
 * Warns about images with another scale than a model's training images: 0 to 255 instead of 0 to 1, or 0 to 1 instead of -1 to 1.
 *
 * @param setting names the model
 */
export function checkScale(
  { references, report }: Context,
  model: ModelDescription,
  data: ImagesDescription,
  setting: 'model' | 'start_from' = 'model',
): void {
  if (model.kind !== 'trained-model' || model.range === undefined || data.range === undefined) return;
  const [trained, given] = [model.range, data.range];
  const times = largest(given) / largest(trained);
  const signed = trained[0] < 0 !== given[0] < 0;
  if (times <= SCALE_LIMIT && times >= 1 / SCALE_LIMIT && !(signed && times === 1)) return;
  const stage = references[setting];
  report({
    code: 'bad-setting',
    severity: 'warning',
    message:
      `\`${stage}\` was trained on images with values from ${trained[0]} to ${trained[1]}, ` +
      `but those of \`${references['data']}\` go from ${given[0]} to ${given[1]}`,
    hint: `load and scale these images like those of \`${model.data}\``,
    at: ['data'],
    ...(stage === undefined ? {} : { related: { message: 'it was trained here', at: ['data'], stage } }),
  });
}

function largest([low, high]: readonly [number, number]): number {
  return Math.max(Math.abs(low), Math.abs(high));
}

/** Checks that a model's outputs have the shape of the images of `target`. */
export function checkOutput(
  { references, report }: Context,
  model: ModelDescription,
  target: ImagesDescription,
): void {
  const { outputShape } = model;
  if (target.shape === undefined || fitsImage(outputShape, target.shape)) return;
  // The model's output has the shape of its input, for which a mismatch is already reported.
  if (references['target'] === undefined) return;
  report({
    code: 'shape-mismatch',
    message:
      `\`${references['model']}\` returns ${shapeText(outputShape)}, ` +
      `but the images of \`${references['target']}\` are ${shapeText(target.shape)}`,
    at: ['target'],
    hint: 'let `target` name images of the same size as `data`',
  });
}

/** Checks that both sets of images have a split. `at` names the setting that requires it. */
export function checkSplit(
  { references, report }: Context,
  split: Split,
  data: ImagesDescription,
  target: ImagesDescription | undefined,
  at: readonly string[],
): void {
  const lacking = [
    ...(data.splits.includes(split) ? [] : [references['data']]),
    ...(target === undefined || target.splits.includes(split)
      ? []
      : [references['target'] ?? references['data']]),
  ];
  const other: Split = split === 'test' ? 'train' : 'test';
  for (const stage of new Set(lacking)) {
    report({
      code: 'missing-split',
      message: `\`${stage}\` has no \`${split}\` images`,
      hint: hintFor(at, other),
      at,
      ...(stage === undefined ? {} : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
    });
  }
}

function hintFor(at: readonly string[], other: Split): string {
  if (at[0] === 'validation')
    return 'use a share of the training images, such as `validation: 0.1`, or `none`';
  return at.includes('split') ? `use \`split: ${other}\`` : `name images that have them`;
}

/** Checks that the targets of a cross-entropy are from 0 to 1. */
export function checkEntropyTarget(
  { references, report }: Context,
  target: ImagesDescription,
  at: readonly (string | number)[],
): void {
  const { range } = target;
  if (range === undefined || (range[0] >= 0 && range[1] <= 1)) return;
  const stage = references['target'] ?? references['data'];
  report({
    code: 'loss-output-mismatch',
    message: entropyMessage(stage, range),
    hint: scalingHint(range, at),
    at,
    ...(stage === undefined ? {} : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
  });
}

/** Checks that images are large enough for the window of `ssim`. */
export function checkSsimSize(
  { report }: Context,
  target: ImagesDescription,
  at: readonly (string | number)[],
): void {
  const { shape } = target;
  if (shape === undefined || (shape[0] >= SSIM_WINDOW && shape[1] >= SSIM_WINDOW)) return;
  report({
    code: 'shape-mismatch',
    message: `\`ssim\` needs images of at least ${SSIM_WINDOW}x${SSIM_WINDOW} pixels, but these are ${shape[0]}x${shape[1]}`,
    hint: 'leave `ssim` out',
    at,
  });
}

/**
 * Warns about a setting that requests more images than exist, if their number is known. Defaults are not checked.
 *
 * @param wanted the number of images, and the settings that request them; the message names the first one
 */
export function checkShown(
  { references, report }: Pick<AnalysisContext<unknown>, 'references' | 'report'>,
  data: ImagesDescription,
  {
    wanted,
    split,
    at,
  }: { readonly wanted: number; readonly split: Split; readonly at: readonly Finding['at'][] },
): void {
  const count = data.chosen?.counts?.[split];
  const [first, ...others] = at;
  if (count === undefined || wanted <= count || first === undefined) return;
  report({
    code: 'out-of-range',
    severity: 'warning',
    message: `this requests ${wanted} images, but \`${references['data']}\` has ${count} ${split === 'train' ? 'training' : 'test'} ${count === 1 ? 'image: only that is' : 'images: all of them are'} shown`,
    hint: `use at most ${count}, or use more images (\`limit\`, \`split\`)`,
    at: first,
    ifWritten: others,
  });
}
