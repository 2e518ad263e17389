/** The shapes of an autoencoder's layers, and mismatches between them, from the settings alone: TensorFlow is not loaded. */
import type { LayerSpec } from '../schema/generated/settings.ts';
import { sizeOf } from '../core/shape.ts';
import type { Finding } from '../core/stage-type.ts';
import {
  type Architecture,
  type Layer,
  type LayerArguments,
  type LayerName,
  type Part,
  type Shape,
  labelLayers,
  layerOf,
  layerPath,
  sameShape,
  shapeText,
} from './layer.ts';
import { outputShapeFinding } from './suggest-fix.ts';
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
}

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
  const { input_shape: input } = architecture;
  const encoder = inferStack(architecture, 'encoder', [input], labels.encoder, fail);
  const latent = encoder?.at(-1)?.output;
  if (encoder === undefined || latent === undefined) return undefined;
  const encoded = [input, ...encoder.map((layer) => layer.output)];
  const decoder = inferStack(architecture, 'decoder', encoded, labels.decoder, fail);
  const output = decoder?.at(-1)?.output;
  if (decoder === undefined || output === undefined) return undefined;
  if (!sameShape(input, output)) {
    const shapes = { encoder: encoded.slice(1), decoder: decoder.map((layer) => layer.output) };
    fail(outputShapeFinding(architecture, shapes, (decoding) => silentOutput(decoding, latent)));
  }
  if (failed) return undefined;
  const layers = [...encoder, ...decoder];
  return {
    encoder,
    decoder,
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

/**
 * The layers of one part; undefined (and reported) if a layer has no output.
 *
 * @param before shapes on the way to this part, the last one its input
 */
function inferStack(
  architecture: Architecture,
  part: Part,
  before: readonly Shape[],
  labels: readonly string[],
  report: (finding: Finding) => void,
): readonly PlacedLayer[] | undefined {
  const placed: PlacedLayer[] = [];
  const shapes = [...before];
  const specs = architecture[part];
  for (const [index, spec] of specs.entries()) {
    const { giver, related } = previous(architecture, part, index);
    const input = shapes.at(-1) ?? [];
    const layer = layerOf(spec);
    const lastImage = shapes.findLast((shape) => shape.length === 3);
    const inferred = inferLayer(layer, {
      input,
      giver,
      ...(lastImage === undefined ? {} : { lastImage }),
      report: (problem) =>
        report(findingOf(problem, layerPath(part, index, spec, problem.argument), related)),
    });
    if (inferred === undefined) return undefined;
    placed.push({ layer, label: labels[index] ?? '', input, ...inferred });
    shapes.push(inferred.output);
  }
  return placed;
}

interface Giver {
  readonly giver: string;
  readonly related: NonNullable<Finding['related']>;
}

/** Where a layer's input comes from. */
function previous(architecture: Architecture, part: Part, index: number): Giver {
  const [beforePart, beforeIndex]: [Part, number] =
    part === 'decoder' && index === 0 ? ['encoder', architecture.encoder.length - 1] : [part, index - 1];
  const spec: LayerSpec | undefined = architecture[beforePart][beforeIndex];
  if (spec === undefined) {
    return {
      giver: 'the input is',
      related: { message: 'the input shape is set here', at: ['input_shape'] },
    };
  }
  const { name } = layerOf(spec);
  return {
    giver: beforePart === part ? `\`${name}\` outputs` : 'the encoder outputs',
    related: {
      message: beforePart === part ? `\`${name}\` comes before it` : `the encoder ends with this \`${name}\``,
      at: [beforePart, beforeIndex],
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
function silentOutput(decoder: readonly LayerSpec[], latent: Shape): Shape | undefined {
  let failed = false;
  const architecture: Architecture = { input_shape: latent, encoder: [], decoder };
  const stack = inferStack(architecture, 'decoder', [latent], [], () => {
    failed = true;
  });
  return failed ? undefined : stack?.at(-1)?.output;
}

function reportRepeatedNames(architecture: Architecture, report: (finding: Finding) => void): void {
  const first = new Map<string, Finding['at']>();
  for (const part of ['encoder', 'decoder'] as const) {
    for (const [index, spec] of architecture[part].entries()) {
      const name = layerOf(spec).args.name;
      if (name === undefined) continue;
      const at = layerPath(part, index, spec, 'name');
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
  for (const [index, spec] of decoder.entries()) {
    const { name } = layerOf(spec);
    if (!LATENTS.has(name)) continue;
    report({
      code: 'bad-setting',
      message: `\`${name}\` belongs at the end of the encoder, but is in the decoder`,
      hint: 'put it at the end of `encoder`',
      at: ['decoder', index],
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
