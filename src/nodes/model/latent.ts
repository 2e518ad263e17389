import type { ModelSettings } from '../../schema/generated/settings.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { LatentKind } from '../../engine/train/measures.ts';
import { layerOf } from '../../layers/layer.ts';

/** What an encoder outputs: distributions, codes or plain numbers. */
export function latentKind({ encoder }: Pick<ModelSettings, 'encoder'>): LatentKind {
  const last = encoder.at(-1);
  const name = last && layerOf(last).name;
  if (name === 'Variational') return 'variational';
  return name === 'VectorQuantizer' ? 'quantized' : 'plain';
}

/** The same of a described model; `plain` if it is not known. */
export function latentKindOf({
  variational,
  quantized,
}: Pick<Extract<OutputDescription, { kind: 'model' }>, 'variational' | 'quantized'>): LatentKind {
  if (variational === true) return 'variational';
  return quantized === true ? 'quantized' : 'plain';
}
