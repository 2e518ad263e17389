/** The shapes of an autoencoder's layers, and mismatches between them, from the settings alone: TensorFlow is not loaded. */
import type { LayerSpec } from '../schema/generated/settings.ts';
import { sizeOf } from '../core/shape.ts';
import type { Finding } from '../core/stage-type.ts';
import {
  type Architecture,
  type Layer,
  type LayerArguments,
  type LayerName,
  type Path,
  type Shape,
  labelLayers,
  layerOf,
  layerPath,
  layersInside,
  listedLayers,
  sameShape,
  shapeText,
} from './layer.ts';
import { sumProblem } from './residual.ts';
import { outputShapeFinding } from './suggest-fix.ts';
import { type EncoderLayer, tie } from './tied.ts';
import type { LayerRule, Problem, Site, Weight } from './rule.ts';
import { layerRules } from './rules.ts';

/** A layer at its position in a model. */
export interface PlacedLayer {
  readonly layer: Layer;
  /** The layer's name in the model, such as `conv2d_1`. */
  readonly label: string;
  readonly input: Shape;
  readonly output: Shape;
  readonly weights: readonly Weight[];
  /** Of a block: how many layers before it are inside it. It adds the input of the first one to the output of the last. */
  readonly inside?: number;
  /** The name of the encoder's layer whose kernel it uses. */
  readonly tiedTo?: string;
}

/** The layers are in the order in which they compute: those inside a block come before the block. */
export interface AutoencoderShapes {
  readonly encoder: readonly PlacedLayer[];
  readonly decoder: readonly PlacedLayer[];
  readonly input: Shape;
  /** The output of the encoder, which is the input of the decoder. */
  readonly latent: Shape;
  readonly output: Shape;
  /** Numbers in all weights, trainable or not. */
  readonly parameters: number;
  /** The Keras name of the last activation before the output, `linear` if there is none. */
  readonly outputActivation: string;
}

/**
 * Numbers in one weight or in one layer's output for one image: 2^28, which is 1 GiB. A larger number is probably a typo,
 * and would only fail later, when memory is exhausted.
 */
const LARGEST = 2 ** 28;

/**
 * Follows the shapes from the input through encoder and decoder.
 *
 * @param report is called with everything that is wrong; a list of layers is followed up to its first layer without an output
 * @returns undefined if anything was reported
 */
export function inferAutoencoder(
  architecture: Architecture,
  report: (finding: Finding) => void,
): AutoencoderShapes | undefined {
  let failed = false;
  const fail = (finding: Finding): void => {
    failed = true;
    report(finding);
  };
  reportRepeatedNames(architecture, fail);
  reportMisplacedLatents(architecture, fail);
  const labels = labelLayers(architecture);
  const { input_shape: input, encoder: encoding, decoder: decoding } = architecture;
  const encoder = inferList(
    { specs: encoding, at: ['encoder'], before: [input], giver: INPUT, depth: 0 },
    labels.encoder.values(),
    fail,
  );
  const latent = encoder?.entries.at(-1)?.output;
  if (encoder === undefined || latent === undefined) return undefined;
  const [encoded, tiable] = [outputsOf(encoder), encoder.entries];
  const before = [input, ...encoded];
  const decoder = inferList(
    { specs: decoding, at: ['decoder'], before, giver: encoderEnd(encoding), depth: 0, tiable },
    labels.decoder.values(),
    fail,
  );
  const output = decoder?.entries.at(-1)?.output;
  if (decoder === undefined || output === undefined) return undefined;
  if (!sameShape(input, output)) {
    const shapes = { encoder: encoded, decoder: outputsOf(decoder) };
    fail(outputShapeFinding(architecture, shapes, (fixed) => silentOutput(fixed, latent, tiable)));
  }
  if (failed) return undefined;
  const layers = [...encoder.layers, ...decoder.layers];
  return {
    encoder: encoder.layers,
    decoder: decoder.layers,
    input,
    latent,
    output,
    parameters: layers.reduce((sum, layer) => sum + parametersOf(layer.weights), 0),
    outputActivation: activationAfter(layers),
  };
}

/** How many numbers the weights hold. */
export function parametersOf(weights: readonly Weight[]): number {
  return weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
}

/** The output and the weights of one layer; undefined (and reported) if it does not accept the input. */
export function inferLayer<Name extends LayerName>(
  { name, args }: Layer<Name>,
  site: Site,
): { readonly output: Shape; readonly weights: readonly Weight[] } | undefined {
  const rule: LayerRule<typeof args> = layerRules[name];
  if (rule.image === true && site.input.length !== 3) {
    site.report({
      code: 'shape-mismatch',
      message: `\`${name}\` needs height x width x channels, but ${site.giver} ${shapeText(site.input)}`,
      hint: imageHint(site),
    });
    return undefined;
  }
  const output = rule.output(args, site);
  if (output === undefined) return undefined;
  checkActivity(name, args, site);
  const weights = rule.weights?.(args, site.input) ?? [];
  for (const { name: weight, initializer, shape } of weights) {
    if (initializer === 'orthogonal' && shape.length < 2) {
      site.report({
        code: 'bad-setting',
        message: `\`orthogonal\` is for matrices, but \`${weight}\` of \`${name}\` is a vector`,
        hint: 'use `zeros`, or another distribution',
        argument: `${weight}_initializer`,
      });
    }
  }
  const large = [output, ...weights.map(({ shape }) => shape)].find((shape) => sizeOf(shape) > LARGEST);
  if (large === undefined) return { output, weights };
  site.report({
    code: 'out-of-range',
    message: `\`${name}\` would need ${shapeText(large)} numbers, more than fit in memory`,
  });
  return undefined;
}

/** The divergence of Bernoulli distributions needs outputs that are shares. */
function checkActivity(name: LayerName, args: object, { report }: Site): void {
  const { activity_regularizer: penalty, activation } = args as Partial<LayerArguments['Dense']>;
  if (penalty?.kl === undefined || ['sigmoid', 'hard_sigmoid', 'softmax'].includes(activation ?? '')) return;
  report({
    code: 'bad-setting',
    message: `the \`kl\` of an \`activity_regularizer\` needs outputs between 0 and 1, but this \`${name}\` has ${activation === undefined || activation === 'linear' ? 'no activation' : `\`activation: ${activation}\``}`,
    hint: 'use `activation: sigmoid`, or `l1`',
    argument: 'activity_regularizer',
  });
}

/** How to turn a vector into an image: with the size of the image before it, if there was one. */
function imageHint({ input, lastImage }: Site): string {
  if (input.length === 2) {
    const gray = `[${input.join(', ')}, 1]`;
    return `gray images have one channel: write \`input_shape: ${gray}\`, or put \`Reshape: { target_shape: ${gray} }\` before it`;
  }
  if (lastImage === undefined) return 'put a `Reshape` before it';
  const size = sizeOf(lastImage);
  const dense = size === sizeOf(input) ? '' : `\`Dense: { units: ${size} }\` and `;
  return `put ${dense}\`Reshape: { target_shape: [${lastImage.join(', ')}] }\` before it`;
}

/** A list of layers: an encoder, a decoder, or the inside of a block. */
interface LayerList {
  readonly specs: readonly LayerSpec[];
  readonly at: Path;
  /** Shapes on the way to this list, the last one its input. */
  readonly before: readonly Shape[];
  /** Where the input comes from. */
  readonly giver: Giver;
  /** In how many blocks it is. */
  readonly depth: number;
  /** Of a decoder: the encoder's list. */
  readonly tiable?: readonly EncoderLayer[];
}

interface InferredList {
  readonly layers: readonly PlacedLayer[];
  /** Those of the list itself, without those inside blocks. */
  readonly entries: readonly PlacedLayer[];
}

function outputsOf({ entries }: InferredList): readonly Shape[] {
  return entries.map(({ output }) => output);
}

/** More are a mistake, or an attack on the stack. */
const MOST_NESTED = 8;

/**
 * The layers of a list; undefined (and reported) if a layer has no output.
 *
 * @param labels the names of the layers, in the order in which they compute
 */
function inferList(
  list: LayerList,
  labels: Iterator<string>,
  report: (finding: Finding) => void,
): InferredList | undefined {
  const layers: PlacedLayer[] = [];
  const entries: PlacedLayer[] = [];
  let { giver } = list;
  for (const [index, spec] of list.specs.entries()) {
    const before = [...list.before, ...outputsOf({ layers, entries })];
    const placed = inferEntry({ ...list, before, giver }, index, spec, labels, report);
    const last = placed?.at(-1);
    if (placed === undefined || last === undefined) return undefined;
    layers.push(...placed);
    entries.push(last);
    const { name } = last.layer;
    giver = {
      giver: `\`${name}\` outputs`,
      related: { message: `\`${name}\` comes before it`, at: layerPath(list.at, index, spec) },
    };
  }
  return { layers, entries };
}

/** One layer of a list, after those inside it if it is a block. */
function inferEntry(
  { at, before, giver: { giver, related }, depth, tiable }: LayerList,
  index: number,
  spec: LayerSpec,
  labels: Iterator<string>,
  report: (finding: Finding) => void,
): readonly PlacedLayer[] | undefined {
  const input = before.at(-1) ?? [];
  const path = layerPath(at, index, spec);
  const reportProblem = (problem: Problem): void =>
    report(findingOf(problem, layerPath(at, index, spec, problem.argument), related));
  const block = layersInside(spec, path);
  let inside: readonly PlacedLayer[] | undefined;
  if (block !== undefined) {
    if (depth === MOST_NESTED) {
      report({ code: 'out-of-range', message: `blocks are nested more than ${MOST_NESTED} deep`, at: path });
      return undefined;
    }
    const list = { ...block, before, giver: { giver, related }, depth: depth + 1 };
    const inferred = inferList(tiable === undefined ? list : { ...list, tiable }, labels, report);
    if (inferred === undefined) return undefined;
    const problem = sumProblem(block.specs, input, outputsOf(inferred));
    if (problem !== undefined) {
      report({ ...problem, at: [...block.at, ...problem.at], related });
      return undefined;
    }
    inside = inferred.layers;
  }
  const { tied, layer } = tiedLayer(layerOf(spec), { encoder: tiable, input, giver }, reportProblem);
  const lastImage = before.findLast((shape) => shape.length === 3);
  const inferred =
    layer === undefined
      ? undefined
      : inferLayer(layer, {
          ...{ input, giver, report: reportProblem },
          ...(lastImage === undefined ? {} : { lastImage }),
        });
  if (layer === undefined || inferred === undefined) return undefined;
  return [
    ...(inside ?? []),
    {
      ...{ layer, label: labels.next().value ?? '', input, ...inferred },
      ...(inside === undefined ? {} : { inside: inside.length }),
      ...(tied === undefined ? {} : { tiedTo: tied }),
    },
  ];
}

/** A layer with the units that `tied_to` gives it, and the name of the layer to which it is tied; no layer if that is wrong. */
function tiedLayer(
  layer: Layer,
  place: Parameters<typeof tie>[2],
  report: (problem: Problem) => void,
): { readonly layer?: Layer; readonly tied?: string } {
  if (layer.name !== 'Dense' || layer.args.tied_to === undefined) return { layer };
  const tied = tie(layer.args, layer.args.tied_to, place);
  if (!('problem' in tied)) return { layer: { name: 'Dense', args: tied.args }, tied: tied.to };
  report(tied.problem);
  return {};
}

/** Where a layer's input comes from. */
interface Giver {
  readonly giver: string;
  readonly related: NonNullable<Finding['related']>;
}

const INPUT: Giver = {
  giver: 'the input is',
  related: { message: 'the input shape is set here', at: ['input_shape'] },
};

function encoderEnd(encoder: readonly LayerSpec[]): Giver {
  const last = encoder.length - 1;
  const spec = encoder[last];
  if (spec === undefined) return INPUT;
  return {
    giver: 'the encoder outputs',
    related: {
      message: `the encoder ends with this \`${layerOf(spec).name}\``,
      at: ['encoder', last],
    },
  };
}

function findingOf({ code, message, hint }: Problem, at: Finding['at'], related: Giver['related']): Finding {
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    at,
    ...(code === 'shape-mismatch' ? { related } : {}),
  };
}

/** The output of a decoder, undefined if it has none. */
function silentOutput(
  specs: readonly LayerSpec[],
  latent: Shape,
  tiable: readonly EncoderLayer[],
): Shape | undefined {
  let failed = false;
  const list: LayerList = { specs, at: ['decoder'], before: [latent], giver: INPUT, depth: 0, tiable };
  const inferred = inferList(list, [].values(), () => {
    failed = true;
  });
  return failed ? undefined : inferred?.entries.at(-1)?.output;
}

function reportRepeatedNames(architecture: Architecture, report: (finding: Finding) => void): void {
  const first = new Map<string, Finding['at']>();
  for (const part of ['encoder', 'decoder'] as const) {
    for (const { spec, list, index } of listedLayers(architecture[part], [part])) {
      const name = layerOf(spec).args.name;
      if (name === undefined) continue;
      const at = layerPath(list, index, spec, 'name');
      const known = first.get(name);
      if (known === undefined) {
        first.set(name, at);
      } else {
        report({
          code: 'bad-setting',
          message: `two layers have the name \`${name}\``,
          hint: 'names of layers are unique in a model',
          at,
          related: { message: 'first used here', at: known },
        });
      }
    }
  }
}

/** Layers that only the end of an encoder can be: what comes after a sample, or after a code, belongs to the decoder. */
const LATENTS: ReadonlySet<LayerName> = new Set<LayerName>(['Variational', 'VectorQuantizer']);

function reportMisplacedLatents(
  { encoder, decoder }: Architecture,
  report: (finding: Finding) => void,
): void {
  for (const [index, spec] of encoder.slice(0, -1).entries()) {
    const { name } = layerOf(spec);
    if (!LATENTS.has(name)) continue;
    const next = layerOf(encoder[index + 1] ?? spec).name;
    report({
      code: 'bad-setting',
      message: `\`${name}\` must be the last layer of the encoder`,
      hint: LATENTS.has(next)
        ? `remove \`${name}\` or \`${next}\``
        : `move \`${next}\` and what follows into the decoder, or \`${name}\` to the end`,
      at: ['encoder', index],
      related: { message: `\`${next}\` comes after it`, at: ['encoder', index + 1] },
    });
  }
  const inDecoder = [...listedLayers(decoder, ['decoder'])].map((each) => ({
    ...each,
    place: 'the decoder',
  }));
  const inBlocks = [...listedLayers(encoder, ['encoder'])]
    .filter(({ list }) => list.length > 1)
    .map((each) => ({ ...each, place: 'a block' }));
  for (const { spec, list, index, place } of [...inBlocks, ...inDecoder]) {
    const { name } = layerOf(spec);
    if (!LATENTS.has(name)) continue;
    report({
      code: 'bad-setting',
      message: `\`${name}\` belongs at the end of the encoder, but is in ${place}`,
      hint: 'put it at the end of `encoder`',
      at: layerPath(list, index, spec),
    });
  }
}

/** Layers whose outputs are inputs, means of them, or zeros: they keep the range of an activation. */
const TRANSPARENT: ReadonlySet<LayerName> = new Set<LayerName>([
  'ActivityRegularization',
  'Dropout',
  'GaussianNoise',
  'Flatten',
  'Reshape',
  'MaxPooling2D',
  'AveragePooling2D',
  'UpSampling2D',
  'ZeroPadding2D',
  'Cropping2D',
  'GlobalAveragePooling2D',
  'GlobalMaxPooling2D',
  'SpatialDropout2D',
]);

function isIdentity({ name, args }: Layer): boolean {
  return name === 'Activation' && 'activation' in args && args.activation === 'linear';
}

const ACTIVATION_LAYERS: Partial<Record<LayerName, string>> = {
  ReLU: 'relu',
  LeakyReLU: 'leaky_relu',
  ELU: 'elu',
  PReLU: 'prelu',
  Softmax: 'softmax',
};

/** The activation of the last layer's outputs. Layers that only move values are skipped. */
function activationAfter(layers: readonly PlacedLayer[]): string {
  const last = layers.findLast(({ layer }) => !TRANSPARENT.has(layer.name) && !isIdentity(layer));
  if (last === undefined) return 'linear';
  const { args, name } = last.layer;
  return 'activation' in args ? args.activation : (ACTIVATION_LAYERS[name] ?? 'linear');
}
