import type { ImageSet } from '../formats/images.ts';
import { countShared } from '../formats/same-images.ts';
import type { StageContext } from './contract.ts';

/** Warns about test images that are also training images. */
export function warnOfOverlap({ train, test }: ImageSet['splits'], { log }: Pick<StageContext, 'log'>): void {
  if (train?.names === undefined || test?.names === undefined) return;
  const count = countShared(train.names, test.names);
  if (count === 0) return;
  log(
    'warn',
    `${count} of ${test.count} test images are also training images: results on them do not apply to new images`,
  );
}
