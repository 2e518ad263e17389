/** What to report about a decoder whose output does not have the shape of the input, and which single change would fix it. */
import type { LayerSpec } from '../schema/generated/settings.ts';
import { sizeOf } from '../core/shape.ts';
import type { Finding } from '../core/stage-type.ts';
import {
  type Architecture,
  type Layer,
  type Part,
  type Shape,
  layerOf,
  layerPath,
  sameShape,
  shapeText,
} from './layer.ts';
import { pairOf } from './rule.ts';

/** The output of each layer. */
export interface PartShapes {
  readonly encoder: readonly Shape[];
  readonly decoder: readonly Shape[];
}

/** A change of one layer of the decoder. */
interface Change {
  readonly decoder: readonly LayerSpec[];
  /** The layer to change, or after which one is added. */
  readonly index: number;
  readonly argument?: string;
  readonly hint: string;
}

/**
 * The finding for an autoencoder whose output has another shape than its input, with the first change of one layer
 * that makes them equal as the hint, if there is one.
 *
 * @param outputOf the output of a decoder, undefined if its layers do not fit
 */
export function outputShapeFinding(
  architecture: Architecture,
  shapes: PartShapes,
  outputOf: (decoder: readonly LayerSpec[]) => Shape | undefined,
): Finding {
  const { input_shape: input, decoder } = architecture;
  const output = shapes.decoder.at(-1) ?? input;
  const fix = changes(architecture, shapes).find((change) => {
    const fixed = outputOf(change.decoder);
    return fixed !== undefined && sameShape(fixed, input);
  });
  const last = decoder.length - 1;
  const spec = decoder[fix?.index ?? last];
  const { at, hint } =
    fix !== undefined && spec !== undefined
      ? { at: layerPath(['decoder'], fix.index, spec, fix.argument), hint: fix.hint }
      : (forgottenFlatten(architecture, shapes) ?? {
          at: ['decoder', last],
          hint: 'let the layers of the decoder undo the steps of the encoder, the last one first',
        });
  return {
    code: 'shape-mismatch',
    message: `the decoder outputs ${shapeText(output)}, but the input is ${shapeText(input)}${wayOf(input, shapes)}`,
    hint,
    at,
    related: { message: 'the input shape is set here', at: ['input_shape'] },
  };
}

/** The first `Dense` whose input is an image: it works only on the last axis, which is seldom intended. */
function forgottenFlatten(
  architecture: Architecture,
  shapes: PartShapes,
): { readonly at: Finding['at']; readonly hint: string } | undefined {
  for (const part of ['encoder', 'decoder'] as const) {
    const index = architecture[part].findIndex(
      (spec, position) =>
        layerOf(spec).name === 'Dense' && inputOf(architecture, shapes, part, position).length > 1,
    );
    if (index !== -1) {
      const hint =
        'this `Dense` works only on the last axis: put a `Flatten` before it so that it sees the whole image';
      return { at: [part, index], hint };
    }
  }
  return undefined;
}

/** The input of a layer. */
function inputOf({ input_shape }: Architecture, shapes: PartShapes, part: Part, index: number): Shape {
  const before =
    part === 'decoder'
      ? [...shapes.encoder, ...shapes.decoder.slice(0, index)]
      : shapes.encoder.slice(0, index);
  return before.at(-1) ?? input_shape;
}

/** "; the encoder goes 28 -> 14 -> 7, the decoder 7 -> 14 -> 28" if the heights differ. */
function wayOf(input: Shape, { encoder, decoder }: PartShapes): string {
  const steps = (shapes: readonly Shape[]): number[] =>
    shapes
      .filter((shape) => shape.length === 3)
      .map(([height]) => height ?? 0)
      .filter((height, index, heights) => height !== heights[index - 1]);
  const down = steps([input, ...encoder]);
  const up = steps([...encoder.slice(-1), ...decoder]);
  const straight = down.length < 2 || up.length < 2 || up.at(-1) === input[0];
  return straight ? '' : `: the encoder goes ${down.join(' -> ')}, the decoder ${up.join(' -> ')}`;
}

/** Changes worth trying, the most likely first. */
function* changesOf(architecture: Architecture, shapes: PartShapes): Generator<Change> {
  const { input_shape: input, decoder } = architecture;
  const last = decoder.length - 1;
  if (sizeOf(shapes.decoder.at(-1) ?? []) === sizeOf(input)) {
    const [layer, text]: [LayerSpec, string] =
      input.length === 1
        ? ['Flatten', 'Flatten']
        : [{ Reshape: { target_shape: input } }, `Reshape: { target_shape: [${input.join(', ')}] }`];
    yield {
      decoder: [...decoder, layer],
      index: last,
      hint: `put \`${text}\` at the end of the decoder`,
    };
  }
  const backwards = decoder.map((spec, index) => ({ layer: layerOf(spec), index })).reverse();
  for (const { layer, index } of backwards) {
    const image = inputOf(architecture, shapes, 'decoder', index).length > 1;
    if (layer.name !== 'Dense' || !image) yield* widths(layer, index, input, decoder);
  }
  for (const { layer, index } of backwards) yield* steps(layer, index, decoder);
  for (const { layer, index } of backwards) yield* paddings(layer, index, decoder);
  for (const { layer, index } of backwards) yield* outputSizes(layer, index, decoder);
  for (const { layer, index } of backwards) yield* transposition(layer, index, decoder);
  yield* borders(architecture, shapes);
}

function changes(architecture: Architecture, shapes: PartShapes): readonly Change[] {
  return [...changesOf(architecture, shapes)];
}

/** The same decoder with one argument of one layer changed. */
function withArgument(
  decoder: readonly LayerSpec[],
  index: number,
  { name, args }: Layer,
  argument: string,
  value: number | string,
): Change {
  const before = Object.entries(args).find(([key]) => key === argument)?.[1];
  // A layer of the same kind with an argument of the same type is a layer.
  const spec = { [name]: { ...args, [argument]: value } } as LayerSpec;
  return {
    decoder: decoder.with(index, spec),
    index,
    argument,
    hint: `\`${argument}: ${value}\` instead of ${JSON.stringify(before)} in this \`${name}\` would make them equal`,
  };
}

/** Another number of channels or units. */
function* widths(
  layer: Layer,
  index: number,
  input: Shape,
  decoder: readonly LayerSpec[],
): Generator<Change> {
  const channels = input.at(-1) ?? 1;
  if (layer.name === 'Dense') {
    if (layer.args.tied_to !== undefined) return;
    for (const units of new Set([channels, sizeOf(input)])) {
      yield withArgument(decoder, index, layer, 'units', units);
    }
  }
  if (layer.name === 'Conv2D' || layer.name === 'Conv2DTranspose') {
    yield withArgument(decoder, index, layer, 'filters', channels);
  }
}

/** Another factor. */
function* steps(layer: Layer, index: number, decoder: readonly LayerSpec[]): Generator<Change> {
  const argument =
    layer.name === 'UpSampling2D'
      ? 'size'
      : layer.name === 'Conv2DTranspose' || layer.name === 'Conv2D'
        ? 'strides'
        : undefined;
  if (argument === undefined) return;
  for (const factor of [1, 2, 4]) yield withArgument(decoder, index, layer, argument, factor);
}

function* paddings(layer: Layer, index: number, decoder: readonly LayerSpec[]): Generator<Change> {
  if (!('padding' in layer.args) || layer.name === 'ZeroPadding2D') return;
  const other = layer.args.padding === 'same' ? 'valid' : 'same';
  yield withArgument(decoder, index, layer, 'padding', other);
}

/** With larger strides, nobody looks for the right size by trying. */
const MOST_SIZES = 16;

/** Another of the sizes from which a convolution would return to the layer's input. */
function* outputSizes(layer: Layer, index: number, decoder: readonly LayerSpec[]): Generator<Change> {
  if (layer.name !== 'Conv2DTranspose') return;
  const [rows, columns] = pairOf(layer.args.strides);
  if (rows * columns > MOST_SIZES) return;
  for (let vertical = 0; vertical < rows; vertical++)
    for (let horizontal = 0; horizontal < columns; horizontal++) {
      const args = { ...layer.args, output_padding: [vertical, horizontal] as const };
      yield {
        decoder: decoder.with(index, { Conv2DTranspose: args }),
        index,
        hint: `add \`output_padding: [${vertical}, ${horizontal}]\` to this \`Conv2DTranspose\``,
      };
    }
}

/** A transposed convolution instead of a convolution that shrinks the image again. */
function* transposition(layer: Layer, index: number, decoder: readonly LayerSpec[]): Generator<Change> {
  if (layer.name !== 'Conv2D') return;
  const { dilation_rate: _dilation, ...args } = layer.args;
  yield {
    decoder: decoder.with(index, { Conv2DTranspose: args }),
    index,
    hint: 'use `Conv2DTranspose` here, which undoes what a `Conv2D` does to the size',
  };
}

/** A border removed or added after the first layer whose image size does not occur in the encoder. */
function* borders({ input_shape: input, decoder }: Architecture, shapes: PartShapes): Generator<Change> {
  const wanted = [input, ...shapes.encoder].filter((shape) => shape.length === 3);
  for (const [index, made] of shapes.decoder.entries()) {
    if (made.length !== 3) continue;
    for (const target of wanted) {
      const rows = (made[0] ?? 0) - (target[0] ?? 0);
      const columns = (made[1] ?? 0) - (target[1] ?? 0);
      if (rows * columns < 0 || rows + columns === 0) continue;
      const border = [split(Math.abs(rows)), split(Math.abs(columns))] as const;
      const [spec, text]: [LayerSpec, string] =
        rows + columns > 0
          ? [{ Cropping2D: { cropping: border } }, 'Cropping2D: { cropping:']
          : [{ ZeroPadding2D: { padding: border } }, 'ZeroPadding2D: { padding:'];
      yield {
        decoder: decoder.toSpliced(index + 1, 0, spec),
        index,
        hint: `put \`${text} ${JSON.stringify(border).replaceAll(',', ', ')} }\` after this layer`,
      };
    }
  }
}

/** Pixels at either side; with an odd number the extra one is at the end, where `padding: same` puts it. */
function split(pixels: number): readonly [number, number] {
  return [Math.floor(pixels / 2), Math.ceil(pixels / 2)];
}
