/** What the names of initializers mean, as in Keras: an initializer with these arguments. */
import { canonicalJson, type Json } from '../core/json.ts';
import { INITIALIZER_DEFAULTS, type InitializerName, type InitializerSpec } from './generated/settings.ts';

/** An initializer with all its arguments. */
export type Initializer = Exclude<InitializerSpec, string>;

const MEANINGS: Readonly<Record<InitializerName, Initializer>> = {
  zeros: { Constant: { value: 0 } },
  ones: { Constant: { value: 1 } },
  identity: { Identity: INITIALIZER_DEFAULTS.Identity },
  orthogonal: { Orthogonal: INITIALIZER_DEFAULTS.Orthogonal },
  random_uniform: { RandomUniform: INITIALIZER_DEFAULTS.RandomUniform },
  random_normal: { RandomNormal: INITIALIZER_DEFAULTS.RandomNormal },
  truncated_normal: { TruncatedNormal: INITIALIZER_DEFAULTS.TruncatedNormal },
  glorot_uniform: { VarianceScaling: { scale: 1, mode: 'fan_avg', distribution: 'uniform' } },
  glorot_normal: { VarianceScaling: { scale: 1, mode: 'fan_avg', distribution: 'truncated_normal' } },
  he_uniform: { VarianceScaling: { scale: 2, mode: 'fan_in', distribution: 'uniform' } },
  he_normal: { VarianceScaling: { scale: 2, mode: 'fan_in', distribution: 'truncated_normal' } },
  lecun_uniform: { VarianceScaling: { scale: 1, mode: 'fan_in', distribution: 'uniform' } },
  lecun_normal: { VarianceScaling: { scale: 1, mode: 'fan_in', distribution: 'truncated_normal' } },
};

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(MEANINGS).map(([name, meaning]) => [canonicalJson(meaning), name]),
);

/** The same initializer with its arguments, however it was written. */
export function initializerOf(spec: InitializerSpec): Initializer {
  return typeof spec === 'string' ? MEANINGS[spec] : spec;
}

/** The name of an initializer that has the arguments of a name. */
export function nameOfInitializer(value: Json): string | undefined {
  return NAMES.get(canonicalJson(value));
}
