/** The effect of `crop`, `resize`, `size` and `color` on image files. */
import { targetSize } from '../../../formats/image-size.ts';
import type { ImagesDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Finding, ImageShape } from '../../../core/stage-type.ts';

/** Settings that all sources of image files share. */
export type PictureSettings = Pick<
  ImagesDatasetSettings,
  'crop' | 'resize' | 'size' | 'color' | 'background' | 'on_error'
>;

/**
 * The resulting shape of images.
 *
 * @param full height and width of the files, if all have one size
 * @returns undefined if it depends on the files
 */
export function shapeOfPictures(
  { crop, resize, size, color }: PictureSettings,
  full?: readonly [number, number],
): ImageShape | undefined {
  const channels = color === 'gray' ? 1 : 3;
  if (size !== undefined) return [...size, channels];
  const kept =
    crop === null ? full : ([crop.rows[1] - crop.rows[0], crop.columns[1] - crop.columns[0]] as const);
  return kept === undefined ? undefined : [...targetSize(kept, resize ?? null), channels];
}

/** Reports a `crop` that keeps nothing. */
export function checkCrop({ crop }: PictureSettings): readonly Finding[] {
  return (['rows', 'columns'] as const).flatMap((side): readonly Finding[] => {
    const [first, end] = crop?.[side] ?? [0, 1];
    if (first < end) return [];
    return [
      {
        code: 'out-of-range',
        message: `\`crop\` keeps no ${side}: they go from ${first} to ${end}`,
        hint: 'the end of a range is exclusive',
        at: ['crop', side],
      },
    ];
  });
}
