/** `kind: latent`: two-dimensional vectors as points, coloured by class. */
import { formatPlural } from '../../core/format.ts';
import { openImages, readImageSet, toFloat32 } from '../../formats/images.ts';
import { readVectors, readVectorSet, type VectorArray } from '../../formats/vectors.ts';
import type { FigureSettings, LatentFigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';
import type { Split } from '../../core/stage-type.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageTiles } from '../../figures/image-grid.ts';
import { scatter, type ScatterOptions } from '../../figures/scatter.ts';
import type { InputArtifact, StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';

/** Maximum points drawn as images: more would not fit. */
const MOST_THUMBNAILS = 2000;

export async function drawLatent(
  { inputs, seed }: StageContext<FigureSettings>,
  { split, title }: LatentFigureSettings,
): Promise<Figure> {
  const { folder, stage } = requireInput(inputs, 'data');
  const { size, axes } = await readVectorSet(folder);
  if (size !== 2) {
    throw failure(
      'shape-mismatch',
      `the vectors of \`${stage}\` have ${size} values, and a plane has 2`,
      'add a `project` stage, and draw its output',
    );
  }
  const vectors = await readVectors(folder, split);
  if (vectors.count === 0) throw failure('missing-split', `\`${stage}\` has no ${split} vectors`);
  const { thumbnails: images } = inputs;
  return scatter({
    title,
    subtitle: formatPlural(vectors.count, `${split === 'test' ? 'test' : 'training'} image`),
    points: vectors.data,
    labels: vectors.labels,
    classes: vectors.classes,
    axes: [axes?.[0] ?? 'Latent 1', axes?.[1] ?? 'Latent 2'],
    ...(images === undefined
      ? {}
      : { thumbnails: await readThumbnails(images, split, vectors, seed('thumbnails')) }),
  });
}

async function readThumbnails(
  input: InputArtifact,
  split: Split,
  { count, rows }: VectorArray,
  seed: Seed,
): Promise<ScatterOptions['thumbnails']> {
  const { range } = await readImageSet(input.folder);
  const images = await openImages(input.folder, split);
  const points = permutation(seed, count).subarray(0, MOST_THUMBNAILS);
  const numbers = points.map((point) => rows?.[point] ?? point);
  if (numbers.some((image) => image >= images.count) || (rows === undefined && images.count !== count)) {
    throw failure(
      'shape-mismatch',
      `\`${input.stage}\` has ${images.count} ${split} images, which do not match the ${count} vectors`,
      'let `thumbnails` name the images that were encoded',
    );
  }
  return { tiles: imageTiles(toFloat32(images, numbers), images.shape, range), points };
}
