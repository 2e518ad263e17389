/** `kind: manifold`: a two-dimensional latent space, decoded on a grid. */
import type { FigureSettings, ManifoldFigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { quantileOf } from '../../core/statistics.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, type ImageRow } from '../../figures/image-grid.ts';
import type { StageContext } from '../contract.ts';
import { missingLabel, requireLabel } from '../label.ts';
import { requireInput } from '../train/pairs.ts';
import { sortedAxis, steps, withLatentSpace } from './latent-space.ts';

/** Percentiles between which each axis is drawn, as shares: a few outliers would leave the others no room. */
const REACH = [0.01, 0.99] as const;

/** The first latent value increases to the right, the second upwards, as on the axes of `kind: latent`. */
export async function drawManifold(
  context: StageContext<FigureSettings>,
  { split, rows: height, columns: width, label, title }: ManifoldFigureSettings,
): Promise<Figure> {
  return withLatentSpace(context, split, async (space) => {
    if (space.size !== 2) {
      throw failure('shape-mismatch', `the latent space has ${space.size} values, and a plane has 2`);
    }
    const { stage } = requireInput(context.inputs, 'model');
    requireLabel(stage, label, space.classes);
    if (space.classes !== undefined && label === undefined)
      throw failure('missing-key', ...missingLabel(stage));
    const xs = along(sortedAxis(space, 0), width);
    const ys = along(sortedAxis(space, 1), height).toReversed();
    const vectors = Float32Array.from(ys.flatMap((y) => xs.flatMap((x) => [x, y])));
    const ofAll = label === undefined ? undefined : Array.from({ length: width * height }, () => label);
    const tiles = await space.decode(vectors, ofAll);
    const labels = texts(ys);
    const rows = ys.map((_, row): ImageRow => ({
      label: labels[row] ?? '',
      images: tiles.slice(row * width, (row + 1) * width),
      ...(row === height - 1 ? { captions: texts(xs), isAxis: true } : {}),
    }));
    return imageGrid({
      title,
      subtitle:
        `Decoded${label === undefined ? '' : ` with the label ${space.images.classes?.[label] ?? label}`} from latent 1 (to the right) and latent 2 (upwards), ` +
        `where the middle 98 % of the ${split === 'test' ? 'test' : 'training'} images lie along each.`,
      rows,
      gap: 0,
    });
  });
}

function along(sorted: Float32Array, count: number): readonly number[] {
  const [low, high] = [quantileOf(sorted, REACH[0]), quantileOf(sorted, REACH[1])];
  return steps(count).map((share) => low + (high - low) * share);
}

/** Evenly spaced values, with decimals by which neighbours differ, and the minus sign of the other figures. */
function texts(values: readonly number[]): readonly string[] {
  const [first = 0, second = first + 1] = values;
  const step = Math.abs(second - first) || 1;
  const decimals = Math.min(100, Math.max(0, -Math.floor(Math.log10(step / 2))));
  return values.map((value) =>
    value
      .toFixed(decimals)
      .replace(/^-(?=0\.?0*$)/, '')
      .replace('-', '−'),
  );
}
