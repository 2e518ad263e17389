import type { ModelSettings } from '../../schema/generated/settings.ts';
import { layerOf } from '../../layers/layer.ts';

/** Whether the encoder outputs distributions. */
export function isVariational({ encoder }: Pick<ModelSettings, 'encoder'>): boolean {
  const last = encoder.at(-1);
  return last !== undefined && layerOf(last).name === 'Variational';
}
