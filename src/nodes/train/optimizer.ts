import { OPTIMIZER_DEFAULTS, type OptimizerSpec } from '../../schema/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import type { OptimizerChoice } from '../../engine/train/optimizers/optimizer.ts';

/** The optimizer of a `train` stage with all its arguments; a name alone uses Keras's defaults. */
export function optimizerChoice(spec: OptimizerSpec): OptimizerChoice {
  if (typeof spec !== 'string') return spec;
  switch (spec) {
    case 'sgd':
    case 'SGD':
      return { SGD: OPTIMIZER_DEFAULTS.SGD };
    case 'rmsprop':
    case 'RMSprop':
      return { RMSprop: OPTIMIZER_DEFAULTS.RMSprop };
    case 'adam':
    case 'Adam':
      return { Adam: OPTIMIZER_DEFAULTS.Adam };
    case 'adamw':
    case 'AdamW':
      return { AdamW: OPTIMIZER_DEFAULTS.AdamW };
    case 'nadam':
    case 'Nadam':
      return { Nadam: OPTIMIZER_DEFAULTS.Nadam };
    case 'adamax':
    case 'Adamax':
      return { Adamax: OPTIMIZER_DEFAULTS.Adamax };
    case 'adagrad':
    case 'Adagrad':
      return { Adagrad: OPTIMIZER_DEFAULTS.Adagrad };
    case 'adadelta':
    case 'Adadelta':
      return { Adadelta: OPTIMIZER_DEFAULTS.Adadelta };
    default:
      return unreachable(spec);
  }
}
