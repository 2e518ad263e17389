import type { ImageSet } from '../formats/images.ts';
import { countShared } from '../formats/same-images.ts';
import type { StageContext } from './contract.ts';

/** Warns of test images that are among the training images, too. */
export function warnOfOverlap({ train, test }: ImageSet['splits'], { log }: Pick<StageContext, 'log'>): void {
  if (train?.names === undefined || test?.names === undefined) return;
  const count = countShared(train.names, test.names);
  if (count === 0) return;
  log(
    'warn',
    `${count} of ${test.count} test images are among the training images, too: results on them do not hold for new images`,
  );
}
