/** What Keras and PyTorch have and Hourglass lacks: why, and what to use instead. */
import { find, type LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import { readChoice } from './choice-text.ts';
import { isInFlow, mapAt, type Advice } from './edits.ts';

const CHAIN =
  'an encoder or a decoder is one chain of layers; the only branch is `Residual: { layers: [ … ] }`';
const TIED =
  'write `Dense: { tied_to: 2 }` in the decoder: it uses the transposed kernel of layer 2 of the encoder';
const JOINED =
  'an encoder or a decoder is one chain of layers; `condition: labels` of the model appends the class of the image';
const SUM = 'use `Residual: { layers: [ … ] }`, which adds its input to the output of its layers';
const NO_SEQUENCES = 'images are not sequences here: use `Dense` or `Conv2D`';
const TWO_AXES = 'images have two axes: use the layer for two, whose name ends in `2D`';
const INPUT = 'the model has `input_shape: [28, 28, 1]` instead of an input layer';
const NO_PICTURES =
  'there is no random augmentation during training; a stage of type `noise` corrupts images';
const NORMALIZED =
  'a stage of type `dataset` scales images to 0 to 1; for other ranges, use a stage of type `normalize`';
const CODES = 'end the encoder with `VectorQuantizer: { codes: 128 }`';
const NOT_A_LAYER = 'write the layers themselves, one per line of the list';

/** By name in lower case, without separators. */
const LAYERS: Readonly<Record<string, string>> = {
  input: INPUT,
  inputlayer: INPUT,
  inputs: INPUT,
  lambda: 'functions of your own cannot be layers; `Activation` takes the usual ones',
  function: 'functions of your own cannot be layers; `Activation` takes the usual ones',
  lstm: NO_SEQUENCES,
  gru: NO_SEQUENCES,
  rnn: NO_SEQUENCES,
  simplernn: NO_SEQUENCES,
  bidirectional: NO_SEQUENCES,
  timedistributed: NO_SEQUENCES,
  convlstm2d: NO_SEQUENCES,
  embedding: NO_SEQUENCES,
  repeatvector: NO_SEQUENCES,
  attention: NO_SEQUENCES,
  multiheadattention: NO_SEQUENCES,
  transformer: NO_SEQUENCES,
  add: SUM,
  average: CHAIN,
  concat: JOINED,
  concatenate: JOINED,
  maximum: CHAIN,
  merge: CHAIN,
  multiply: CHAIN,
  subtract: CHAIN,
  residualblock: SUM,
  resblock: SUM,
  resnetblock: SUM,
  basicblock: SUM,
  densetranspose: TIED,
  densetied: TIED,
  tieddense: TIED,
  skip: SUM,
  shortcut: SUM,
  conv1d: TWO_AXES,
  conv3d: TWO_AXES,
  conv1dtranspose: TWO_AXES,
  conv3dtranspose: TWO_AXES,
  maxpooling1d: TWO_AXES,
  maxpooling3d: TWO_AXES,
  maxpool1d: TWO_AXES,
  maxpool3d: TWO_AXES,
  averagepooling1d: TWO_AXES,
  averagepooling3d: TWO_AXES,
  upsampling1d: TWO_AXES,
  upsampling3d: TWO_AXES,
  separableconv2d: 'use `Conv2D`',
  depthwiseconv2d: 'use `Conv2D`',
  locallyconnected2d: 'use `Conv2D`',
  adaptivemaxpool2d: 'use `GlobalMaxPooling2D`, or `MaxPooling2D`',
  adaptiveavgpool2d: 'use `GlobalAveragePooling2D`, or `AveragePooling2D`',
  pixelshuffle: 'use `UpSampling2D`, or `Conv2DTranspose` with `strides: 2`',
  depthtospace: 'use `UpSampling2D`, or `Conv2DTranspose` with `strides: 2`',
  permute: 'axes cannot be reordered: `Reshape` and `Flatten` change a shape',
  unflatten: 'use `Reshape: { target_shape: [7, 7, 8] }`',
  normalization: NORMALIZED,
  rescaling: NORMALIZED,
  resizing: 'the setting `size` of a stage of type `dataset`, or a stage of type `resize`, resizes images',
  gaussiandropout: 'use `Dropout` or `GaussianNoise`',
  alphadropout: 'use `Dropout`',
  randomflip: NO_PICTURES,
  randomrotation: NO_PICTURES,
  randomzoom: NO_PICTURES,
  randomcrop: NO_PICTURES,
  randomcontrast: NO_PICTURES,
  randomtranslation: NO_PICTURES,
  sequential: NOT_A_LAYER,
  model: NOT_A_LAYER,
  vectorquantizerema: CODES,
  vectorquantize: CODES,
  vectorquantization: CODES,
  quantizer: CODES,
  sampling: 'end the encoder with `Variational: { units: 20 }`, which samples the latent values itself',
};

const LIKE_ADAM = 'the nearest are `adam`, `nadam` and `adamw`';

const OPTIMIZERS: Readonly<Record<string, string>> = {
  lion: LIKE_ADAM,
  lamb: LIKE_ADAM,
  radam: LIKE_ADAM,
  adafactor: LIKE_ADAM,
  adabelief: LIKE_ADAM,
  adabound: LIKE_ADAM,
  muon: LIKE_ADAM,
  sophia: LIKE_ADAM,
  shampoo: LIKE_ADAM,
  ftrl: 'the nearest is `adagrad`',
  lbfgs: 'there are no second-order optimizers: `adam` needs the fewest settings',
  rprop: 'the nearest is `rmsprop`',
  momentum: 'write `{ SGD: { learning_rate: 0.01, momentum: 0.9 } }`',
  nesterov: 'write `{ SGD: { learning_rate: 0.01, momentum: 0.9, nesterov: true } }`',
};

/** Why a layer or an optimizer does not exist, and what to use instead. */
export function absentReason(noun: string, name: string): string | undefined {
  const table = noun === 'layer' ? LAYERS : noun === 'optimizer' ? OPTIMIZERS : {};
  const read = readChoice(name);
  const call =
    read?.kind === 'call' || read?.kind === 'name' ? read.name : (/^[A-Za-z_][\w.]*/.exec(name)?.[0] ?? name);
  const letters = (call.split('.').at(-1) ?? call).toLowerCase().replace(/[-_\s]/g, '');
  return Object.hasOwn(table, letters) ? table[letters] : undefined;
}

/** The same as advice. An input layer is removed, since the model does not need one. */
export function adviseAbsent(
  { root, path }: { readonly root: LocatedMap; readonly path: DocumentPath },
  noun: string,
  name: string,
): Advice | undefined {
  const reason = absentReason(noun, name);
  if (reason === undefined) return undefined;
  const model = mapAt(root, path.slice(0, -2));
  const list = find(root, path.slice(0, -1))?.value;
  const item = find(root, path)?.value;
  const isAlone = list?.kind !== 'list' || list.items.length < 2 || isInFlow(root, path);
  if (reason !== INPUT || isAlone || item === undefined || model?.entries.has('input_shape') !== true)
    return { hint: reason };
  const { start, end } = item.range;
  const lines = {
    ...item.range,
    start: { line: start.line, column: 1 },
    end: { line: end.line + 1, column: 1 },
  };
  return { hint: `remove it: ${reason}`, edits: [{ range: lines, text: '' }] };
}

/** All choices, if none is close. */
export function choicesText(noun: string, names: readonly string[]): string {
  const shown = noun === 'optimizer' ? names.map((name) => name.toLowerCase()) : names;
  return `the ${noun}${noun.endsWith('s') ? 'es' : 's'}: ${shown.map((name) => `\`${name}\``).join(', ')}`;
}
