/** The layers of a model as other stages see them, and as the entries of the two lists. */
import type { LayerDescription, ModelLayers } from '../core/stage-type.ts';
import type { AutoencoderShapes, PlacedLayer } from './shapes.ts';

/** The entries of a list of layers: each is one layer, or those of a block and the block itself. */
export function entriesOf(layers: readonly PlacedLayer[]): readonly (readonly PlacedLayer[])[] {
  const entries: (readonly PlacedLayer[])[] = [];
  for (let end = layers.length; end > 0;) {
    const start = end - 1 - (layers[end - 1]?.inside ?? 0);
    entries.unshift(layers.slice(start, end));
    end = start;
  }
  return entries;
}

/** The layers as other stages see them. */
export function describeLayers({ encoder, decoder }: AutoencoderShapes): ModelLayers {
  const describe = ({ layer, label, weights, input, output, tiedTo }: PlacedLayer): LayerDescription => ({
    kind: layer.name,
    label,
    ...(tiedTo === undefined ? {} : { tiedTo }),
    weights: [
      ...(tiedTo === undefined
        ? []
        : [{ name: 'kernel', shape: [input.at(-1) ?? 0, output.at(-1) ?? 0], trainable: false }]),
      ...weights.map(({ name, shape, trainable }) => ({ name, shape, trainable })),
    ],
  });
  const list = (layers: readonly PlacedLayer[]): ModelLayers['encoder'] =>
    entriesOf(layers).map((entry) => entry.map(describe));
  return { encoder: list(encoder), decoder: list(decoder) };
}
