/** The cache keys that a pipeline's numbers depend on: equal keys mean equal numbers. */
import { join } from 'node:path';
import { loadChecked } from '../../src/cli/commands/load.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { sha256 } from '../../src/core/json.ts';
import { engineIdentity } from '../../src/engine/identity.ts';
import { planPipeline, storeOf } from '../../src/run/plan.ts';
import { planTrials } from '../../src/sweep/plan.ts';

export const OUTPUTS = join(packageRoot, 'outputs');

/**
 * The hash of each stage's key for the present code, settings and engine. For a sweep, one hash of all its trials, under the name
 * `sweep`.
 *
 * @throws Error if the pipeline is not valid
 */
export async function presentKeys(file: string): Promise<Readonly<Record<string, string>>> {
  const { located, trials } = await loadChecked(file, { trials: true });
  if (located === undefined) throw new Error(`${file} is not valid: see \`hourglass check\``);
  if (trials !== undefined) {
    const workspace = join(OUTPUTS, located.pipeline.name);
    const engine = await engineIdentity('auto');
    const planned = await planTrials(trials, { workspace, store: storeOf(OUTPUTS), engine });
    const hashes = planned.flatMap(({ plan }) => plan.stages.map(({ hash }) => hash));
    return { sweep: sha256([...new Set(hashes)].sort().join()) };
  }
  const options = { outputs: OUTPUTS, targets: [], force: false, engine: 'auto' } as const;
  const { plan } = await planPipeline(located, options);
  if (plan === undefined) throw new Error(`${file} cannot be planned: see \`hourglass plan\``);
  return Object.fromEntries(plan.stages.map(({ name, hash }) => [name, hash]));
}
