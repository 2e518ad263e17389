/** Keys that users of Keras, PyTorch and other tools write in a pipeline, and their equivalents here. */
import type { Json, JsonObject } from '../../core/json.ts';
import type { KeyAdvice } from './edits.ts';
import { DATASET, NOISE, SPLIT } from './keys-images.ts';
import { INSIDE, TRAIN } from './keys-train.ts';
import { applyRule, needless, told, type Rules } from './rules.ts';

const DATA: Rules = {
  x: 'data',
  X: 'data',
  x_train: 'data',
  X_train: 'data',
  inputs: 'data',
  input: 'data',
  images: 'data',
  dataset: 'data',
  train_data: 'data',
  y: 'target',
  Y: 'target',
  y_train: 'target',
  targets: 'target',
  output: 'target',
  labels: 'target',
};

const NEEDS: Rules = {
  depends_on: needless('a stage needs those that its settings name'),
  needs: needless('a stage needs those that its settings name'),
  deps: needless('a stage needs those that its settings name'),
  outs: needless('results are in the outputs of the stage'),
  cmd: told('a stage has a `type` instead of a command'),
  name: needless('the key of the stage is its name'),
};

const LATENT = 'the latent size is `units` of the last layer of the encoder: `- Dense: { units: 16 }`';

const MODEL: Rules = {
  latent_dim: told(LATENT),
  latent_size: told(LATENT),
  bottleneck: told(LATENT),
  encoding_dim: told(LATENT),
  code_size: told(LATENT),
  layers: told('write two lists, `encoder` and `decoder`'),
  input: 'input_shape',
  Input: 'input_shape',
  shape: 'input_shape',
  input_size: 'input_shape',
  input_dim: 'input_shape',
  input_shapes: 'input_shape',
  data_format: needless('channels always come last'),
  output_shape: needless('it is the size of the input'),
  optimizer: told('`optimizer` belongs to the stage of type `train`'),
  loss: told('`loss` belongs to the stage of type `train`'),
  epochs: told('`epochs` belongs to the stage of type `train`'),
  metrics: told('`metrics` belongs to the stage of type `train`'),
  compile: told('`optimizer` and `loss` belong to the stage of type `train`'),
  activation: told('each layer has its own: `- Dense: { units: 32, activation: relu }`'),
  dropout: told('write a layer in the encoder: `- Dropout: { rate: 0.2 }`'),
  summary: needless('the summary is always in the outputs'),
};

const EVALUATE: Rules = {
  metric: 'metrics',
  x_test: 'data',
  y_test: 'target',
  verbose: needless('use `--quiet` and `--verbose` on the command line'),
};

const FIGURE: Rules = {
  n: 'samples',
  count: 'samples',
  num_images: 'samples',
  cols: 'columns',
  ncols: 'columns',
  nrows: 'rows',
  figsize: needless('the size follows from rows and columns'),
  cmap: needless('gray images are always shown in gray'),
  metrics: 'quantities',
  curves: 'quantities',
  name: 'title',
  y: 'target',
};

const DOCUMENT: Rules = {
  random_seed: 'seed',
  random_state: 'seed',
  rng: 'seed',
  parameters: 'params',
  variables: 'params',
  vars: 'params',
  hyperparameters: 'params',
  hparams: 'params',
  config: 'params',
  steps: 'stages',
  pipeline: 'stages',
  tasks: 'stages',
  jobs: 'stages',
  nodes: 'stages',
  title: 'name',
  experiment: 'name',
  include: 'extends',
  base: 'extends',
  inherit: 'extends',
  version: needless('pipelines have no version'),
  num_threads: 'threads',
  callbacks: told('`callbacks` belong to a stage of type `train`'),
};

const BY_TYPE: Readonly<Record<string, readonly Rules[]>> = {
  train: [TRAIN, DATA, NEEDS],
  dataset: [DATASET, NEEDS],
  noise: [NOISE, DATA, NEEDS],
  model: [MODEL, NEEDS],
  evaluate: [EVALUATE, DATA, NEEDS],
  predict: [EVALUATE, DATA, NEEDS],
  split: [SPLIT, DATA, NEEDS],
  figure: [FIGURE, DATA, NEEDS],
  document: [DOCUMENT],
};

/** What was meant by a key that a map does not accept. @param place the type of the stage, `document`, or the key of the map */
export function keyAdvice(place: string, key: string, value: Json, owner: JsonObject): KeyAdvice {
  const tables = Object.hasOwn(BY_TYPE, place)
    ? (BY_TYPE[place] ?? [])
    : Object.hasOwn(INSIDE, place)
      ? [INSIDE[place] ?? {}]
      : [DATA, NEEDS];
  const plain = key.replace(/^[“”"'‘’]|[“”"'‘’]$/g, '');
  const table = tables.find((each) => Object.hasOwn(each, plain));
  return table === undefined ? undefined : applyRule(table[plain], key, value, owner);
}
