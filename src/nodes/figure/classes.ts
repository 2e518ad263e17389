/** `kind: classes`: latents decoded with every label, one row for each class. All images of a column share their latent. */
import { join } from 'node:path';
import { NormalNumbers } from '../../formats/normal-numbers.ts';
import type { ClassesFigureSettings, FigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, type ImageRow } from '../../figures/image-grid.ts';
import { loadVariational } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { chooseImages } from './choice.ts';
import { withDecoder, withLatentSpace, type DecodedLatents } from './latent-space.ts';

/** Without `data`, the latents are drawn from the standard normal distribution; else they are those of its images, in a first row. */
export async function drawClasses(
  context: StageContext<FigureSettings>,
  settings: ClassesFigureSettings,
): Promise<Figure> {
  const { columns, split, random, title } = settings;
  const { stage, folder } = requireInput(context.inputs, 'model');
  const which = 'The images of a column have the same latent, and those of a row the same label';
  if (context.inputs['data'] === undefined) {
    const { tf } = await context.engine();
    const parts = await loadVariational(tf, join(folder, 'model'));
    parts?.dispose();
    if (parts === undefined) {
      throw failure(
        'bad-setting',
        `\`${stage}\` has no distribution of latents: its encoder does not end in \`Variational\``,
        'add `data`: then the latents are those of its images',
      );
    }
    return withDecoder(context, async (space) => {
      const vectors = new NormalNumbers(context.seed('prior'), columns, space.size);
      const rows = await rowsOf(space, stage, vectors.read(0, columns * space.size), settings);
      return imageGrid({ title, subtitle: `${which}. Latents from the standard normal distribution.`, rows });
    });
  }
  return withLatentSpace(context, split, async (space) => {
    const { latents, size, images } = space;
    const chosen = chooseImages(images.count, columns, random ? context.seed('choice') : undefined);
    const vectors = new Float32Array(chosen.length * size);
    chosen.forEach((image, column) =>
      vectors.set(latents.subarray(image * size, (image + 1) * size), column * size),
    );
    const first = { label: 'Image', images: space.show(chosen) };
    const rows = await rowsOf(space, stage, vectors, settings, images.classes);
    return imageGrid({ title, subtitle: `${which}. Latents of the images above.`, rows: [first, ...rows] });
  });
}

async function rowsOf(
  { classes, size, decode }: DecodedLatents,
  stage: string,
  vectors: Float32Array,
  { rows: most }: Pick<ClassesFigureSettings, 'rows'>,
  names: readonly string[] = [],
): Promise<readonly ImageRow[]> {
  if (classes === undefined) {
    throw failure(
      'bad-setting',
      `\`${stage}\` decodes latents without a label: its model has no \`condition: labels\``,
      'use `kind: traversal`, or give the model `condition: labels` and `classes`',
    );
  }
  const columns = vectors.length / size;
  const labels = Array.from({ length: Math.min(classes, most) }, (_, label) => label);
  const all = new Float32Array(labels.length * vectors.length);
  for (const row of labels) all.set(vectors, row * vectors.length);
  const tiles = await decode(
    all,
    labels.flatMap((label) => Array.from({ length: columns }, () => label)),
  );
  return labels.map((label) => ({
    label: names[label] ?? String(label),
    images: tiles.slice(label * columns, (label + 1) * columns),
  }));
}
