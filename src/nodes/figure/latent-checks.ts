/** What `check` finds in figures of decoded latents. */
import type { FigureSettings, TraversalFigureSettings } from '../../schema/generated/settings.ts';
import { sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, Split } from '../../core/stage-type.ts';
import { checkLabel, missingLabel } from '../label.ts';
import { checkInput, checkSplit } from '../train/checks.ts';
import { checkAmount, checkChannels, imagesOf } from './image-checks.ts';

export function checkLatentSpace(
  context: AnalysisContext<FigureSettings>,
  kind: 'traversal' | 'manifold',
  split: Split,
): void {
  const { inputs, references, report } = context;
  const data = imagesOf(context);
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, undefined, ['split']);
    checkChannels(context, data);
    checkAmount(context, data, split);
    if (model !== undefined) checkInput(context, model, data);
  }
  if (model?.quantized === true) {
    report({
      code: 'bad-setting',
      message: `a ${kind} decodes latents between those of images, but \`${references['model']}\` has learned to decode only its codes: its encoder ends in \`VectorQuantizer\``,
      hint: 'draw `kind: comparison`, or use another latent',
      at: ['model'],
    });
    return;
  }
  const { settings } = context;
  if (model !== undefined && 'label' in settings) checkLabel(context, model, settings.label);
  if (model?.classes !== undefined && settings.kind === 'manifold' && settings.label === undefined) {
    const [message, hint] = missingLabel(references['model']);
    report({ code: 'missing-key', message, hint, at: ['model'] });
  }
  const size = model && sizeOf(model.latentShape);
  if (kind === 'traversal' || size === undefined || size === 2) return;
  report({
    code: 'shape-mismatch',
    message: `the latent space of \`${references['model']}\` has ${size} values, and a plane has 2`,
    hint: 'use `kind: traversal`, or an encoder that ends in `Dense: { units: 2 }`',
    at: ['model'],
  });
}

/** Only a variational latent has a divergence, and only axes have an order. */
export function checkOrder(
  { inputs, references, report }: AnalysisContext<FigureSettings>,
  { order, path }: TraversalFigureSettings,
): void {
  if (order === undefined) return;
  const { model } = inputs;
  if (path !== 'axes') {
    report({
      code: 'bad-setting',
      message: '`order` sorts latent axes, but `path: images` goes from image to image',
      hint: 'remove `order`, or use `path: axes`',
      at: ['order'],
    });
  } else if (order === 'kl' && model?.kind === 'trained-model' && model.variational === false) {
    report({
      code: 'bad-setting',
      message: `\`order: kl\` needs a variational latent, which \`${references['model']}\` does not have`,
      hint: 'use `order: variance`',
      at: ['order'],
    });
  }
}

/** A path from image to image needs two. */
export function checkPath(
  context: AnalysisContext<FigureSettings>,
  { path, split }: TraversalFigureSettings,
): void {
  const { inputs, references, report } = context;
  const { data } = inputs;
  const counts = data?.kind === 'images' ? data.chosen?.counts : undefined;
  if (path === 'axes' || counts?.[split] !== 1) return;
  const other = split === 'test' ? 'train' : 'test';
  const instead = (counts[other] ?? 0) > 1 ? `use \`split: ${other}\`, more images` : 'use more images';
  report({
    code: 'bad-setting',
    message: `a path between images needs two, but the ${split} split of \`${references['data']}\` has one`,
    hint: `${instead}, or \`path: axes\``,
    at: ['path'],
  });
}

/** Checks that the model is conditional, and that it has latents to decode. */
export function checkClasses(context: AnalysisContext<FigureSettings>, split: Split): void {
  const { inputs, references, report } = context;
  const data = imagesOf(context);
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, undefined, ['split']);
    checkChannels(context, data);
    if (model !== undefined) checkInput(context, model, data);
  }
  // Of models of plugins, it is only known when they are loaded.
  if (model?.variational === undefined) return;
  const stage = references['model'];
  if (model.classes === undefined) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` decodes latents without a label: its model has no \`condition: labels\``,
      hint: 'use `kind: traversal`, or give the model `condition: labels` and `classes`',
      at: ['model'],
    });
  } else if (!model.variational && references['data'] === undefined) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` has no distribution of latents: its encoder does not end in \`Variational\``,
      hint: 'add `data`: then the latents are those of its images',
      at: ['model'],
    });
  }
}
