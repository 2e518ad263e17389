import type { PcaSettings } from '../../schema/generated/settings.ts';

/** The names of the two metrics for a number of components, which include that number if there are several. */
export function metricNames(
  count: number,
  { components }: Pick<PcaSettings, 'components'>,
): readonly [mse: string, squaredError: string] {
  const end = components.length === 1 ? '' : `_${count}`;
  return [`mse${end}`, `squared_error${end}`];
}
