/** `kind: traversal`: vectors along the latent axes, or between the latents of two images, decoded. */
import type { FigureSettings, TraversalFigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { quantileOf } from '../../core/statistics.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, type ImageRow } from '../../figures/image-grid.ts';
import type { StageContext } from '../contract.ts';
import { requireLabel } from '../label.ts';
import { requireInput } from '../train/pairs.ts';
import { chooseImages } from './choice.ts';
import { sortedAxis, steps, withLatentSpace, type LatentSpace } from './latent-space.ts';

/**
 * Percentiles between which an axis is traversed, as shares: values beyond them are rare, so the decoder has hardly learned them.
 */
const REACH = [0.01, 0.99] as const;

export async function drawTraversal(
  context: StageContext<FigureSettings>,
  settings: TraversalFigureSettings,
): Promise<Figure> {
  const { split, random } = settings;
  return withLatentSpace(context, split, async (space) => {
    requireLabel(requireInput(context.inputs, 'model').stage, settings.label, space.classes);
    const seed = random ? context.seed('choice') : undefined;
    const wanted = settings.path === 'axes' ? 1 : 2 * settings.rows;
    const chosen = chooseImages(space.images.count, wanted, seed);
    if (settings.path === 'axes') return alongAxes(space, chosen[0] ?? 0, settings);
    if (chosen.length < 2) {
      throw failure(
        'bad-setting',
        `a path between images needs two, but the ${split} split has one`,
        'use more images, or `path: axes`',
      );
    }
    return betweenImages(space, chosen, settings);
  });
}

/** One row for each of the axes that carry most; all other values are those of one image. */
async function alongAxes(
  space: LatentSpace,
  image: number,
  { rows: most, columns, split, label, title, order }: TraversalFigureSettings,
): Promise<Figure> {
  const { size, latents } = space;
  const divergences = order === 'variance' ? undefined : await space.divergences();
  if (order === 'kl' && divergences === undefined) {
    throw failure(
      'bad-setting',
      '`order: kl` needs a variational latent, which the model does not have',
      'use `order: variance`',
      ['order'],
    );
  }
  const axes = largestAxes(divergences ?? variances(space)).slice(0, most);
  const shares = steps(columns).map((step) => REACH[0] + (REACH[1] - REACH[0]) * step);
  const vectors = new Float32Array(axes.length * columns * size);
  axes.forEach((axis, row) => {
    const sorted = sortedAxis(space, axis);
    shares.forEach((share, column) => {
      const start = (row * columns + column) * size;
      vectors.set(latents.subarray(image * size, (image + 1) * size), start);
      vectors[start + axis] = quantileOf(sorted, share);
    });
  });
  const used = label ?? space.images.labels?.[image] ?? 0;
  const tiles = await space.decode(
    vectors,
    Array.from({ length: axes.length * columns }, () => used),
  );
  const rows = axes.map((axis, row): ImageRow => ({
    label: `Latent ${axis + 1}${divergences === undefined ? '' : ` (${(divergences[axis] ?? 0).toFixed(2)} nats)`}`,
    images: tiles.slice(row * columns, (row + 1) * columns),
  }));
  // The other columns are evenly spaced between these.
  const marked = new Set([0, (columns - 1) / 2, columns - 1]);
  const captions = shares.map((share, column) => (marked.has(column) ? `${Math.round(100 * share)} %` : ''));
  const by = divergences === undefined ? 'that vary most' : 'with the largest KL divergence';
  const which = axes.length < size ? `the ${axes.length} latents of ${size} ${by}` : 'each latent';
  const what = split === 'test' ? 'test' : 'training';
  const nats =
    divergences === undefined ? '' : ' At the left: the mean KL divergence of each from the prior.';
  return imageGrid({
    title,
    subtitle:
      `Decoded along ${which}, by the share of ${what} images with a smaller value; ` +
      `the other values are those of image ${image}${labelText(space, used)}.${nats}`,
    rows: withCaptions(rows, captions),
  });
}

/** Pairs of images, and decoded vectors on the straight line between their latents. */
async function betweenImages(
  space: LatentSpace,
  chosen: Int32Array,
  { columns, label, title }: TraversalFigureSettings,
): Promise<Figure> {
  const { size, latents } = space;
  const pairs = Math.floor(chosen.length / 2);
  const shares = steps(columns);
  const ends = (pair: number): readonly [number, number] => [chosen[pair] ?? 0, chosen[pair + pairs] ?? 0];
  const vectors = new Float32Array(pairs * columns * size);
  for (let pair = 0; pair < pairs; pair++) {
    const [from, to] = ends(pair);
    shares.forEach((share, column) => {
      for (let axis = 0; axis < size; axis++) {
        const [start, end] = [latents[from * size + axis] ?? 0, latents[to * size + axis] ?? 0];
        vectors[(pair * columns + column) * size + axis] = start + share * (end - start);
      }
    });
  }
  const used = Array.from({ length: pairs * columns }, (_, index) => {
    const [from] = ends(Math.floor(index / columns));
    return label ?? space.images.labels?.[from] ?? 0;
  });
  const tiles = await space.decode(vectors, used);
  const rows = Array.from({ length: pairs }, (_, pair): ImageRow => {
    const [from, to] = space.show(Int32Array.from(ends(pair)));
    const between = tiles.slice(pair * columns, (pair + 1) * columns);
    return { images: from === undefined || to === undefined ? between : [from, ...between, to] };
  });
  const captions = ['image', ...shares.map((share) => `${Math.round(100 * share)} %`), 'image'];
  return imageGrid({
    title,
    subtitle: `Decoded on the straight line between the latents of two images, which are shown at the ends${
      label === undefined && space.classes !== undefined
        ? ', with the label of the first'
        : labelText(space, label ?? 0)
    }.`,
    rows: withCaptions(rows, captions),
  });
}

/** ", with the label 3", for a conditional model. */
function labelText({ classes, images }: LatentSpace, label: number): string {
  return classes === undefined ? '' : `, with the label ${images.classes?.[label] ?? label}`;
}

/** Captions below the last row label the columns. */
function withCaptions(rows: readonly ImageRow[], captions: readonly string[]): readonly ImageRow[] {
  return rows.map((row, index) => (index === rows.length - 1 ? { ...row, captions } : row));
}

/** The variance of the latents along each axis. */
function variances({ latents, size }: LatentSpace): readonly number[] {
  const count = latents.length / size;
  return Array.from({ length: size }, (_, axis) => {
    let [sum, squares] = [0, 0];
    for (let index = axis; index < latents.length; index += size) {
      const value = latents[index] ?? 0;
      sum += value;
      squares += value * value;
    }
    return squares / count - (sum / count) ** 2;
  });
}

/** The numbers of axes, from the largest value to the smallest. */
function largestAxes(values: ArrayLike<number>): readonly number[] {
  return Array.from(values, (value, axis) => ({ value, axis }))
    .sort((one, other) => other.value - one.value || one.axis - other.axis)
    .map(({ axis }) => axis);
}
