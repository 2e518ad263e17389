/** Keys for data sets, noise and splits in other tools. */
import { needless, told, type Rule, type Rules } from './rules.ts';

const minmax: Rule = (value) =>
  value === false ? { entries: { normalize: 'none' } } : { entries: { normalize: 'minmax' } };

const SPLIT_STAGE = 'add a stage: `{ type: split, data: …, test: 0.2 }`';

export const DATASET: Rules = {
  name: (value) => (typeof value === 'string' ? { entries: { source: value } } : undefined),
  dataset: 'source',
  kind: 'source',
  normalise: minmax,
  normalized: minmax,
  scale: minmax,
  rescale: minmax,
  flatten: needless('the encoder begins with `Flatten`'),
  shuffle: needless('`train` shuffles the images before every epoch'),
  batch_size: needless('`batch_size` belongs to the stage of type `train`'),
  download: needless('missing files are downloaded automatically'),
  root: needless('downloads have their own folder'),
  num_samples: 'limit',
  n_samples: 'limit',
  max_images: 'limit',
  max_samples: 'limit',
  size_limit: 'limit',
  count: 'limit',
  num_images: 'limit',
  x_train: 'train_images',
  y_train: 'train_labels',
  x_test: 'test_images',
  y_test: 'test_labels',
  images: 'train_images',
  labels: 'train_labels',
  file: 'path',
  filename: 'path',
  dir: 'path',
  directory: 'path',
  folder: 'path',
  data_dir: 'path',
  test_dir: 'test_path',
  test_folder: 'test_path',
  image_size: 'size',
  target_size: 'size',
  img_size: 'size',
  grayscale: (value) => ({ entries: { color: value === false ? 'rgb' : 'gray' } }),
  greyscale: (value) => ({ entries: { color: value === false ? 'rgb' : 'gray' } }),
  color_mode: (value) => ({ entries: { color: value === 'rgb' ? 'rgb' : 'gray' } }),
  colour: 'color',
  channels: (value) => ({ entries: { color: value === 3 ? 'rgb' : 'gray' } }),
  validation_split: told(SPLIT_STAGE),
  test_size: told(SPLIT_STAGE),
  train_test_split: told(SPLIT_STAGE),
  split: told(SPLIT_STAGE),
};

export const NOISE: Rules = {
  noise_factor: 'stddev',
  std: 'stddev',
  factor: 'stddev',
  scale: 'stddev',
  strength: 'stddev',
  level: 'stddev',
  noise_level: 'stddev',
  std_dev: 'stddev',
  sigma: 'stddev',
  loc: 'mean',
  noise: 'kind',
  noise_type: 'kind',
  distribution: 'kind',
  probability: 'amount',
  prob: 'amount',
  p: 'amount',
  clip_min: told('write both limits: `clip: [0, 1]`'),
  clip_max: told('write both limits: `clip: [0, 1]`'),
  seed: told('the seed of the pipeline decides, with the name of the stage: write `seed` at the top'),
};

const shareOf =
  (turn: (share: number) => number): Rule =>
  (value) =>
    typeof value === 'number' && value > 0 && value < 1
      ? { entries: { test: Number(turn(value).toPrecision(12)) } }
      : { hint: 'write the share of the test images: `test: 0.2`' };

export const SPLIT: Rules = {
  test_size: shareOf((value) => value),
  test_split: shareOf((value) => value),
  test_share: shareOf((value) => value),
  train: shareOf((value) => 1 - value),
  train_size: shareOf((value) => 1 - value),
  random_state: 'seed',
  random_seed: 'seed',
  shuffle: needless('images are always divided randomly'),
};
