/** Builds autoencoders: three tfjs models that share weights. */
import type * as tfjs from '@tensorflow/tfjs';
import { Failure } from '../core/diagnostic.ts';
import type { Seed } from '../core/seed.ts';
import type { Finding } from '../core/stage-type.ts';
import type { Tf } from '../engine/engine.ts';
import { appendLabel } from './append-label.ts';
import { layerFactory } from './create.ts';
import { entriesOf } from './describe.ts';
import { initialValues, initialHeads } from './initializers.ts';
import { type Architecture, type Part, labelLayers } from './layer.ts';
import { type AutoencoderShapes, type PlacedLayer, inferAutoencoder } from './shapes.ts';

/** The three models; each weight exists once. */
export interface Autoencoder {
  readonly encoder: tfjs.LayersModel;
  readonly decoder: tfjs.LayersModel;
  /** All layers of both, one after the other: not two nested models. */
  readonly autoencoder: tfjs.LayersModel;
}

/** An autoencoder that can be trained. */
export interface TrainableAutoencoder extends Autoencoder {
  /**
   * int32 scalar, initially 0: the number of the training step. `Dropout` and `GaussianNoise` derive random numbers from it, so
   * the trainer adds 1 after every step, and sets it when it resumes. No layer changes it.
   */
  readonly step: tfjs.Variable<tfjs.Rank.R0>;
  /** The names of the layers of each entry of the two lists. */
  readonly entries: Readonly<Record<Part, readonly (readonly string[])[]>>;
}

/** The seed of a purpose, such as `init/dense/kernel` or `dropout/dropout_1`. */
export type Seeds = (purpose: string) => Seed;

/**
 * Builds an autoencoder with initial weights. The weights and the names of the layers depend only on the architecture and the
 * seeds: not on the engine, and not on what was built before.
 *
 * @param seeds of the initial weights: `init/<layer>/<weight>`
 * @param drawSeeds of layers that use random numbers in training: `dropout/<layer>`, `gaussian_noise/<layer>/…`
 * @throws Failure if the layers do not fit together
 */
export function buildAutoencoder(
  tf: Tf,
  architecture: Architecture,
  seeds: Seeds,
  drawSeeds: Seeds = seeds,
): TrainableAutoencoder {
  const shapes = shapesOf(architecture);
  const models = assembleAutoencoder(tf, architecture, drawSeeds);
  for (const place of [...shapes.encoder, ...shapes.decoder]) {
    fillWeights(tf, models.autoencoder.getLayer(place.label), place, seeds);
  }
  return models;
}

/**
 * Builds an autoencoder whose weights are all zero, to be filled with those of a saved one.
 *
 * @throws Failure if the layers do not fit together
 */
export function assembleAutoencoder(
  tf: Tf,
  architecture: Architecture,
  drawSeeds: Seeds,
): TrainableAutoencoder {
  const shapes = shapesOf(architecture);
  const labels = labelLayers(architecture);
  const step: tfjs.Variable<tfjs.Rank.R0> = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
  const create = layerFactory(tf, { seeds: drawSeeds, step });
  const image = tf.input({ shape: [...shapes.input], name: labels.encoderInput });
  const latent = tf.input({ shape: [...shapes.latent], name: labels.decoderInput });
  const toSteps = (part: Part): Step[] => {
    const name = labels.condition?.[part].concatenate ?? '';
    return shapes[part].map((place) => ({
      ...{ layer: create(place), inside: place.inside },
      concatenate: place.conditioned === true ? appendLabel(tf, name) : undefined,
    }));
  };
  const [encoderLayers, decoderLayers] = [toSteps('encoder'), toSteps('decoder')];
  const labelInput = (part: Part): tfjs.SymbolicTensor | undefined => {
    const { classes } = architecture;
    const name = labels.condition?.[part].input;
    return classes === undefined || name === undefined ? undefined : tf.input({ shape: [classes], name });
  };
  const [label, decoderLabel] = [labelInput('encoder'), labelInput('decoder')];
  const encoded = connect(image, encoderLayers, label);
  const inputs = withLabel(image, label);
  return {
    encoder: tf.model({ name: 'encoder', inputs, outputs: encoded }),
    decoder: tf.model({
      name: 'decoder',
      inputs: withLabel(latent, decoderLabel),
      outputs: connect(latent, decoderLayers, decoderLabel),
    }),
    autoencoder: tf.model({ name: 'autoencoder', inputs, outputs: connect(encoded, decoderLayers, label) }),
    step,
    entries: { encoder: namesOf(shapes.encoder), decoder: namesOf(shapes.decoder) },
  };
}

function namesOf(layers: readonly PlacedLayer[]): readonly (readonly string[])[] {
  return entriesOf(layers).map((entry) => entry.map(({ label }) => label));
}

/** The inputs of a model, with a label if it is conditional. */
export function withLabel<Input>(input: Input, label: Input | undefined): Input | Input[] {
  return label === undefined ? input : [input, label];
}

/** How a layer is connected: see `PlacedLayer`. */
interface Step {
  readonly layer: tfjs.layers.Layer;
  /** How many layers before it are inside it, if it is a block. */
  readonly inside?: number | undefined;
  /** Appends the label to its input. */
  readonly concatenate?: tfjs.layers.Layer | undefined;
}

/** Makes each layer follow the one before. */
function connect(
  start: tfjs.SymbolicTensor,
  steps: readonly Step[],
  label: tfjs.SymbolicTensor | undefined,
): tfjs.SymbolicTensor {
  const made = [start];
  const last = (): tfjs.SymbolicTensor => made.at(-1) ?? start;
  for (const { layer, inside, concatenate } of steps) {
    if (concatenate !== undefined && label !== undefined) made.push(applyTo(concatenate, [last(), label]));
    const skipped = inside === undefined ? undefined : made.at(-1 - inside);
    made.push(applyTo(layer, skipped === undefined ? last() : [skipped, last()]));
  }
  return last();
}

/** The output of a layer or a model for these inputs. */
export function applyTo(
  layer: tfjs.layers.Layer,
  input: tfjs.SymbolicTensor | tfjs.SymbolicTensor[],
): tfjs.SymbolicTensor {
  const output = layer.apply(input);
  if (Array.isArray(output) || !('sourceLayer' in output)) {
    throw new TypeError(`${layer.name} does not give one output`);
  }
  return output;
}

/** Frees the weights and the step. */
export function disposeAutoencoder({ encoder, decoder, ...rest }: Autoencoder | TrainableAutoencoder): void {
  for (const weight of [...encoder.weights, ...decoder.weights]) weight.dispose();
  if ('step' in rest) rest.step.dispose();
}

function shapesOf(architecture: Architecture): AutoencoderShapes {
  const findings: Finding[] = [];
  const shapes = inferAutoencoder(architecture, (finding) => findings.push(finding));
  if (shapes !== undefined) return shapes;
  throw new Failure(
    ...findings.map(({ code, message, hint }) => ({
      code,
      severity: 'error' as const,
      message,
      ...(hint === undefined ? {} : { hint }),
    })),
  );
}

function fillWeights(tf: Tf, layer: tfjs.layers.Layer, { label, weights }: PlacedLayer, seeds: Seeds): void {
  for (const { name, shape, initializer, heads } of weights) {
    const variable = layer.weights.find(({ originalName }) => originalName === `${label}/${name}`);
    if (variable === undefined) throw new TypeError(`${label} has no weight ${name}`);
    tf.tidy(() => {
      const purpose = `init/${label}/${name}`;
      const values =
        heads === undefined
          ? initialValues(initializer, shape, seeds(purpose))
          : initialHeads(initializer, shape, heads, (head) => seeds(`${purpose}/${head}`));
      variable.write(tf.tensor(values, [...shape]));
    });
  }
}
