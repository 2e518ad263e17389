/** Initializers as tfjs describes them in saved models. The values come from `initializers.ts`. */
import type {
  InitializerName,
  InitializerSpec,
  VarianceScalingArguments,
} from '../schema/generated/settings.ts';
import type { Tf } from '../engine/engine.ts';

const NAMES = {
  glorot_uniform: 'glorotUniform',
  glorot_normal: 'glorotNormal',
  he_uniform: 'heUniform',
  he_normal: 'heNormal',
  lecun_uniform: 'leCunUniform',
  lecun_normal: 'leCunNormal',
  random_uniform: 'randomUniform',
  random_normal: 'randomNormal',
  truncated_normal: 'truncatedNormal',
  orthogonal: 'orthogonal',
  identity: 'identity',
  zeros: 'zeros',
  ones: 'ones',
} as const satisfies Record<InitializerName, string>;

const MODES = { fan_in: 'fanIn', fan_out: 'fanOut', fan_avg: 'fanAvg' } as const satisfies Record<
  VarianceScalingArguments['mode'],
  string
>;

/** tfjs's `normal` is not truncated. */
const DISTRIBUTIONS = {
  truncated_normal: 'truncatedNormal',
  untruncated_normal: 'normal',
  uniform: 'uniform',
} as const satisfies Record<VarianceScalingArguments['distribution'], string>;

type TfjsInitializer = (typeof NAMES)[InitializerName] | ReturnType<Tf['initializers']['zeros']>;

/** The initializer of tfjs with the same arguments. */
export function tfjsInitializer({ initializers }: Tf, spec: InitializerSpec): TfjsInitializer {
  if (typeof spec === 'string') return NAMES[spec];
  if ('Constant' in spec) return initializers.constant({ ...spec.Constant });
  if ('Identity' in spec) return initializers.identity({ ...spec.Identity });
  if ('Orthogonal' in spec) return initializers.orthogonal({ ...spec.Orthogonal });
  if ('RandomUniform' in spec) return initializers.randomUniform({ ...spec.RandomUniform });
  if ('RandomNormal' in spec) return initializers.randomNormal({ ...spec.RandomNormal });
  if ('TruncatedNormal' in spec) return initializers.truncatedNormal({ ...spec.TruncatedNormal });
  const { scale, mode, distribution } = spec.VarianceScaling;
  return initializers.varianceScaling({
    scale,
    mode: MODES[mode],
    distribution: DISTRIBUTIONS[distribution],
  });
}
