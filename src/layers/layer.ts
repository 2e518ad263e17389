/** Layers as the language writes them, and their names in a model. Independent of TensorFlow. */
import { LAYER_DEFAULTS, type LayerSpec, type ModelSettings } from '../schema/generated/settings.ts';

/** Lengths of the axes without the batch: [height, width, channels] of an image, [size] of a vector. */
export type Shape = readonly number[];

/** What an autoencoder is built from; the settings of a `model` stage are one. */
export type Architecture = Pick<ModelSettings, 'input_shape' | 'encoder' | 'decoder' | 'classes'>;

/** The two lists of layers of an architecture. */
export type Part = 'encoder' | 'decoder';

type LayerMap = Exclude<LayerSpec, string>;
type KeyOf<Member> = Member extends Member ? keyof Member : never;

/** `Dense`, `Conv2D`, … */
export type LayerName = KeyOf<LayerMap>;

/** The arguments of each kind of layer, with their defaults in place. */
export type LayerArguments = {
  readonly [Name in LayerName]: Extract<LayerMap, Readonly<Record<Name, unknown>>>[Name];
};

/** A layer with its arguments, no matter how it was written. */
export type Layer<Name extends LayerName = LayerName> = {
  [Each in Name]: { readonly name: Each; readonly args: LayerArguments[Each] };
}[Name];

/** The layer of an entry of `encoder` or `decoder`; a bare name has the default arguments. */
export function layerOf(spec: LayerSpec): Layer {
  const [name, args] =
    typeof spec === 'string' ? [spec, LAYER_DEFAULTS[spec]] : (Object.entries(spec)[0] ?? []);
  // The only cast from data: the schema, from which `LayerSpec` is generated, accepts nothing else.
  return { name, args } as Layer;
}

/** A path inside the stage's settings. */
export type Path = readonly (string | number)[];

/**
 * The path of an argument of a layer inside the stage's settings, or of the layer itself.
 *
 * @param list the path of the list that the layer is in, such as `['encoder']`
 */
export function layerPath(list: Path, index: number, spec: LayerSpec, argument?: string): Path {
  return [
    ...list,
    index,
    ...(argument === undefined || typeof spec === 'string' ? [] : [layerOf(spec).name, argument]),
  ];
}

/** The list inside a block, with its path; undefined for every other layer. */
export function layersInside(
  spec: LayerSpec,
  at: Path,
): { readonly specs: readonly LayerSpec[]; readonly at: Path } | undefined {
  const { name, args } = layerOf(spec);
  return name === 'Residual' ? { specs: args.layers, at: [...at, name, 'layers'] } : undefined;
}

/** A layer of a list, with the path of the list and its place in it. */
export interface ListedLayer {
  readonly spec: LayerSpec;
  readonly list: Path;
  readonly index: number;
}

/** The layers of a list in the order in which they compute: those inside a block come before the block. */
export function* listedLayers(specs: readonly LayerSpec[], list: Path): Generator<ListedLayer> {
  for (const [index, spec] of specs.entries()) {
    const inside = layersInside(spec, [...list, index]);
    if (inside !== undefined) yield* listedLayers(inside.specs, inside.at);
    yield { spec, list, index };
  }
}

/** `28x28x1`, `784`. */
export function shapeText(shape: Shape): string {
  return shape.join('x');
}

export function sameShape(one: Shape, other: Shape): boolean {
  return one.length === other.length && one.every((length, axis) => length === other[axis]);
}

/** The names of a model's layers, in the order in which they compute. */
export interface LayerLabels {
  readonly encoderInput: string;
  readonly encoder: readonly string[];
  readonly decoderInput: string;
  readonly decoder: readonly string[];
  /** Of a conditional model: the inputs for labels, and the layers that append them. */
  readonly condition?: Readonly<Record<Part, { readonly input: string; readonly concatenate: string }>>;
}

/**
 * Names the layers of a model as Keras names them in a fresh session: `conv2d`, `conv2d_1`, … over both lists, from the
 * architecture alone, so they do not depend on what else the process has built. A layer's own `name` is kept, and
 * no other layer gets it.
 */
export function labelLayers(architecture: Architecture): LayerLabels {
  const specsOf = (part: Part): readonly LayerSpec[] =>
    [...listedLayers(architecture[part], [part])].map(({ spec }) => spec);
  const [encoder, decoder] = [specsOf('encoder'), specsOf('decoder')];
  const own = (spec: LayerSpec): string | undefined => layerOf(spec).args.name;
  const taken = new Set([...encoder, ...decoder].flatMap((spec) => own(spec) ?? []));
  const counts = new Map<string, number>();
  const next = (stem: string): string => {
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    const label = count === 0 ? stem : `${stem}_${count}`;
    return taken.has(label) ? next(stem) : label;
  };
  const label = (spec: LayerSpec): string => own(spec) ?? next(labelStem(layerOf(spec).name));
  const encoderInput = next('input_layer');
  const join = () => ({ input: next('input_layer'), concatenate: next('concatenate') });
  const inEncoder = architecture.classes === undefined ? undefined : join();
  const labels = { encoderInput, encoder: encoder.map(label), decoderInput: next('input_layer') };
  const condition = inEncoder === undefined ? {} : { condition: { encoder: inEncoder, decoder: join() } };
  return { ...labels, decoder: decoder.map(label), ...condition };
}

/** Keras's snake case: `MaxPooling2D` is `max_pooling2d`, `LeakyReLU` is `leaky_re_lu`. A block is a sum at its end. */
function labelStem(name: LayerName): string {
  if (name === 'Residual') return 'add';
  return name.replace(/(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
