/** Layers at places where they cannot be, and names that two layers have. */
import type { Finding } from '../core/stage-type.ts';
import { type Architecture, type LayerName, layerOf, layerPath, listedLayers } from './layer.ts';

/** Reports names that two layers have. */
export function reportRepeatedNames(architecture: Architecture, report: (finding: Finding) => void): void {
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

export function reportMisplacedLatents(
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
        ? `an encoder has one: remove ${name === next ? 'one of them' : `\`${name}\` or \`${next}\``}`
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
