/** The loss of a `train` stage. */
import { LOSS_DEFAULTS, type LossSpec } from '../../schema/generated/settings.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { LossChoice, LossName } from '../../engine/train/losses.ts';

/** The loss with its arguments; a name alone uses Keras's defaults. */
export function lossChoice(spec: LossSpec): LossChoice {
  return spec === 'huber' ? { Huber: LOSS_DEFAULTS.Huber } : spec;
}

/** The name of the loss in messages. */
export function lossName(spec: LossSpec): Exclude<LossSpec, object> {
  return typeof spec === 'string' ? spec : 'huber';
}

/** The loss in the record of a training; undefined if it is unknown. */
export function recordedLoss(value: Json | undefined): LossChoice | undefined {
  if (isLossName(value)) return value;
  const args = isJsonObject(value) ? value['Huber'] : undefined;
  const delta = isJsonObject(args) ? args['delta'] : undefined;
  return typeof delta === 'number' && delta > 0 ? { Huber: { delta } } : undefined;
}

function isLossName(value: Json | undefined): value is LossName {
  return value === 'mse' || value === 'mae' || value === 'binary_crossentropy';
}
