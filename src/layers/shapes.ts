/** The shapes of an autoencoder's layers, and mismatches between them, from the settings alone: TensorFlow is not loaded. */
import type { LayerSpec } from '../schema/generated/settings.ts';
import { sizeOf } from '../core/shape.ts';
import type { Finding } from '../core/stage-type.ts';
import {
  type Architecture,
  type Layer,
  type LayerName,
  type Path,
  type Shape,
  labelLayers,
  layerOf,
  layerPath,
  layersInside,
  sameShape,
  shapeText,
} from './layer.ts';
import { inferLayer } from './infer-layer.ts';
import { initializerProblem } from './initializer-rules.ts';
import { reportMisplacedLatents, reportRepeatedNames } from './placement.ts';
import { sumProblem } from './residual.ts';
import { outputShapeFinding } from './suggest-fix.ts';
import { type EncoderLayer, tie } from './tied.ts';
import type { Problem, Weight } from './rule.ts';

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
  /** Whether the label is appended to its input. */
  readonly conditioned?: boolean;
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
  const { input_shape: input, encoder: encoding, decoder: decoding, classes } = architecture;
  const encoder = inferList(
    { specs: encoding, at: ['encoder'], before: [input], giver: INPUT, depth: 0, classes },
    labels.encoder.values(),
    fail,
  );
  const latent = encoder?.entries.at(-1)?.output;
  if (encoder === undefined || latent === undefined) return undefined;
  const unconditioned = classes === undefined ? undefined : conditionProblem(encoder.layers, latent);
  if (unconditioned !== undefined) {
    fail(unconditioned);
    return undefined;
  }
  const [encoded, tiable] = [outputsOf(encoder), encoder.entries];
  const before = [input, ...encoded];
  const decoder = inferList(
    { specs: decoding, at: ['decoder'], before, giver: encoderEnd(encoding), depth: 0, tiable, classes },
    labels.decoder.values(),
    fail,
  );
  const output = decoder?.entries.at(-1)?.output;
  if (decoder === undefined || output === undefined) return undefined;
  if (!sameShape(input, output)) {
    const shapes = { encoder: encoded, decoder: outputsOf(decoder) };
    fail(
      outputShapeFinding(architecture, shapes, (fixed) =>
        silentOutput({
          specs: fixed,
          at: ['decoder'],
          before: [latent],
          giver: INPUT,
          depth: 0,
          tiable,
          classes,
        }),
      ),
    );
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
  readonly tiable?: readonly EncoderLayer[] | undefined;
  /** Of an encoder or decoder of a conditional model: the label is appended to its first vector. */
  readonly classes?: number | undefined;
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
    const vector = before.at(-1) ?? [];
    const { classes } = list;
    const appends = classes !== undefined && vector.length === 1 && !layers.some(isConditioned);
    const input = appends
      ? {
          before: [...before.slice(0, -1), [(vector[0] ?? 0) + classes]],
          giver: { ...giver, giver: `with the label, ${giver.giver}` },
        }
      : { before, giver };
    const placed = inferEntry({ ...list, ...input }, index, spec, labels, report);
    const marked = placed?.map((each, at) => (appends && at === 0 ? { ...each, conditioned: true } : each));
    const last = marked?.at(-1);
    if (marked === undefined || last === undefined) return undefined;
    layers.push(...marked);
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
    const list = { ...block, before, giver: { giver, related }, depth: depth + 1, tiable };
    const inferred = inferList(list, labels, report);
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
  for (const weight of inferred.weights) {
    const problem = initializerProblem(layer.name, weight);
    if (problem !== undefined) reportProblem(problem);
  }
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
function silentOutput(decoder: LayerList): Shape | undefined {
  let failed = false;
  const inferred = inferList(decoder, [].values(), () => {
    failed = true;
  });
  return failed ? undefined : inferred?.entries.at(-1)?.output;
}

function isConditioned({ conditioned }: PlacedLayer): boolean {
  return conditioned === true;
}

/** An encoder that cannot take a label, or whose latent cannot be given one. */
function conditionProblem(encoder: readonly PlacedLayer[], latent: Shape): Finding | undefined {
  if (latent.length !== 1) {
    return {
      code: 'shape-mismatch',
      message: `\`condition: labels\` needs a vector as the latent, but the encoder outputs ${shapeText(latent)}`,
      hint: 'let the encoder end with `Flatten` and `Dense: { units: 16 }`, for example',
      at: ['condition'],
      related: { message: 'the encoder is defined here', at: ['encoder'] },
    };
  }
  if (encoder.some(isConditioned)) return undefined;
  return {
    code: 'shape-mismatch',
    message:
      '`condition: labels` appends the label to the first vector in the encoder, but here only the latent is a vector',
    hint: 'put a `Dense` after the last layer of the encoder',
    at: ['condition'],
    related: { message: 'the encoder is defined here', at: ['encoder'] },
  };
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
