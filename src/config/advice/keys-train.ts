/** Keys for a `train` stage from other tools: from Keras's `compile`, `fit` and callbacks, and from PyTorch. */
import { isJsonObject, type Json } from '../../core/json.ts';
import { fixArgument } from './arguments.ts';
import { adviseCallbacks } from './callbacks.ts';
import { fixChoice, namesBeside } from './calls.ts';
import { applyRule, needless, NO_MEANING, told, type Rule, type Rules } from './rules.ts';

/** The learning rate belongs to the optimizer. */
const rate: Rule = (value, owner) => {
  const read = typeof value === 'string' ? fixArgument('learning_rate', value) : value;
  if (typeof read !== 'number')
    return { hint: 'write it inside the optimizer: `optimizer: { Adam: { learning_rate: 0.001 } }`' };
  const given = owner['optimizer'] ?? 'adam';
  const fixed = fixChoice(given, namesBeside('Adam')) ?? given;
  const [name, args] = isJsonObject(fixed)
    ? (Object.entries(fixed)[0] ?? ['Adam', {}])
    : [namesBeside('Adam').find((each) => each.toLowerCase() === String(fixed).toLowerCase()) ?? 'Adam', {}];
  return {
    entries: { optimizer: { [name]: { ...(isJsonObject(args) ? args : {}), learning_rate: read } } },
    why: 'the learning rate is an argument of the optimizer',
  };
};

/** The argument of the Huber loss. */
const delta: Rule = (value, owner) => {
  const given = owner['loss'];
  const loss = given === undefined ? undefined : fixChoice(given, namesBeside('Huber'));
  if (typeof value !== 'number' || loss !== 'Huber')
    return { hint: 'it is an argument of the loss: `loss: { Huber: { delta: 1 } }`' };
  return { entries: { loss: { Huber: { delta: value } } }, why: '`delta` is an argument of the loss' };
};

/** Settings of Keras's `compile` and `fit`. */
const TRAIN_KEYS = new Set(['optimizer', 'loss', 'metrics', 'epochs', 'batch_size', 'shuffle']);

/** A map of settings that belong one level higher. */
const unwrap: Rule = (value, owner) => {
  if (!isJsonObject(value)) return undefined;
  const entries: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (TRAIN_KEYS.has(key)) entries[key] = inner;
    else {
      const advice = applyRule(Object.hasOwn(TRAIN, key) ? TRAIN[key] : undefined, key, inner, owner);
      if (advice === undefined || !('entries' in advice)) return undefined;
      Object.assign(entries, advice.entries);
    }
  }
  return Object.keys(entries).some((key) => key in owner)
    ? undefined
    : { entries, why: 'these are settings of the stage' };
};

/** An option of `early_stopping` that was written beside it. */
const stopping =
  (key: string): Rule =>
  (value, owner) =>
    'early_stopping' in owner
      ? { hint: `write it inside \`early_stopping\`: \`early_stopping: { ${key}: ${String(value)} }\`` }
      : { entries: { early_stopping: { [key]: value } } };

const share: Rule = (value) => {
  const read = typeof value === 'string' ? fixArgument('rate', value) : value;
  return typeof read === 'number' && read > 0 && read < 1 ? { entries: { validation: read } } : undefined;
};

const inOptimizer = (argument: string): Rule =>
  told(`write it inside the optimizer: \`optimizer: { Adam: { ${argument} } }\``);

const KEPT = 'the best model is always kept, as well as the last one';

/** Keys of a `train` stage. */
export const TRAIN: Rules = {
  learning_rate: rate,
  lr: rate,
  delta,
  huber_delta: delta,
  callbacks: adviseCallbacks,
  callback: adviseCallbacks,
  verbose: needless('use `--quiet` and `--verbose` on the command line'),
  initial_epoch: needless('a run resumes automatically'),
  steps_per_epoch: needless('an epoch uses all images'),
  validation_steps: needless('validation uses all images'),
  validation_freq: needless('validation follows every epoch'),
  validation_batch_size: needless('`batch_size` applies to validation, too'),
  workers: needless(NO_MEANING),
  use_multiprocessing: needless(NO_MEANING),
  max_queue_size: needless(NO_MEANING),
  class_weight: needless(NO_MEANING),
  loss_weights: needless('there is only one loss'),
  momentum: told(
    'write it inside the optimizer: `optimizer: { SGD: { learning_rate: 0.01, momentum: 0.9 } }`',
  ),
  clipnorm: inOptimizer('clipnorm: 1'),
  clipvalue: inOptimizer('clipvalue: 0.5'),
  global_clipnorm: inOptimizer('global_clipnorm: 1'),
  gradient_clip: inOptimizer('global_clipnorm: 1'),
  gradient_clip_val: inOptimizer('global_clipnorm: 1'),
  max_grad_norm: inOptimizer('global_clipnorm: 1'),
  num_workers: needless(NO_MEANING),
  pin_memory: needless(NO_MEANING),
  warmup_steps: told('write it inside the schedule: `learning_rate: { CosineDecay: { … } }`'),
  scheduler: told('write the schedule inside the optimizer, as its `learning_rate`'),
  sample_weight: needless(NO_MEANING),
  save_best_only: needless(KEPT),
  save_weights_only: needless(KEPT),
  save_best: needless(KEPT),
  model_checkpoint: needless(KEPT),
  ModelCheckpoint: needless(KEPT),
  checkpoint_path: needless(KEPT),
  save_path: needless('models are kept in the outputs of the stage'),
  device: needless('training runs on the CPU'),
  jit_compile: needless('`compile: auto` chooses'),
  run_eagerly: needless('`compile: auto` chooses'),
  validation_data: () => ({ entries: { validation: 'test' }, why: 'the test images of `data` and `target`' }),
  validation_split: share,
  val_data: () => ({ entries: { validation: 'test' }, why: 'the test images of `data` and `target`' }),
  val_split: share,
  valid_split: share,
  early_stop: 'early_stopping',
  EarlyStopping: 'early_stopping',
  ReduceLROnPlateau: 'reduce_lr_on_plateau',
  reduce_lr: 'reduce_lr_on_plateau',
  lr_scheduler: told(
    'write the schedule inside the optimizer, as its `learning_rate`, or use `reduce_lr_on_plateau: {}`',
  ),
  patience: stopping('patience'),
  min_delta: stopping('min_delta'),
  restore_best_weights: stopping('restore_best_weights'),
  monitor: stopping('monitor'),
  pretrained: 'start_from',
  pretrained_model: 'start_from',
  pretrained_weights: 'start_from',
  initial_weights: 'start_from',
  init_from: 'start_from',
  init_weights: 'start_from',
  load_weights: 'start_from',
  weights: 'start_from',
  base_model: 'start_from',
  transfer_from: 'start_from',
  warm_start: 'start_from',
  start_parts: 'start_part',
  frozen: 'freeze',
  freeze_layers: 'freeze',
  frozen_layers: 'freeze',
  trainable: told('all layers are trainable; `freeze: encoder` or `freeze: [1, 2]` names those that are not'),
  network: 'model',
  net: 'model',
  autoencoder: 'model',
  weight_decay: told('write it inside the optimizer: `optimizer: { AdamW: { weight_decay: 0.004 } }`'),
  batch: 'batch_size',
  batchsize: 'batch_size',
  bs: 'batch_size',
  minibatch_size: 'batch_size',
  nb_epoch: 'epochs',
  nb_epochs: 'epochs',
  n_epochs: 'epochs',
  num_epochs: 'epochs',
  max_epochs: 'epochs',
  epoch: 'epochs',
  iterations: 'epochs',
  criterion: 'loss',
  loss_fn: 'loss',
  loss_function: 'loss',
  objective: 'loss',
  solver: 'optimizer',
  opt: 'optimizer',
  optimiser: 'optimizer',
  metric: 'metrics',
  fit: unwrap,
  compile: unwrap,
  fit_args: unwrap,
  compile_args: unwrap,
  seed: told('write `seed` at the top of the pipeline: all random numbers derive from one seed'),
  dropout: told('write a layer in the encoder: `- Dropout: { rate: 0.2 }`'),
};

/** The class name around its arguments. */
const lifted: Rule = (value) => (isJsonObject(value) ? { entries: value } : undefined);

/** Keys inside settings of a `train` stage. */
export const INSIDE: Readonly<Record<string, Rules>> = {
  early_stopping: {
    EarlyStopping: lifted,
    mode: needless('a loss is always minimised'),
    verbose: needless(NO_MEANING),
    delta: 'min_delta',
  },
  reduce_lr_on_plateau: {
    ReduceLROnPlateau: lifted,
    mode: needless('a loss is always minimised'),
    verbose: needless(NO_MEANING),
    epsilon: 'min_delta',
    min_learning_rate: 'min_lr',
  },
};
