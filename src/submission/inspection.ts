/** A stage type that only `verify` uses: it inspects the results of a `train` stage in an archive. Workers load it as a plugin. */
import { fileURLToPath } from 'node:url';
import type { LocatedPipeline, StageSettings } from '../config/pipeline.ts';
import type { JsonObject } from '../core/json.ts';
import type { NodeDefinition } from '../nodes/contract.ts';

const node: NodeDefinition = {
  type: 'verify-inspection',
  version: 1,
  schema: { type: 'object' },
  inputs: {
    trained: { accepts: ['trained-model'] },
    model: { accepts: ['model'] },
    data: { accepts: ['images'] },
    target: { accepts: ['images'], optional: true },
    start_from: { accepts: ['trained-model'], optional: true },
  },
  outputs: 'metrics',
  draws: false,
  engine: true,
  analyze: () => ({ kind: 'metrics', names: [] }),
  async run(context) {
    const { inspectTrained } = await import('../nodes/train/inspect.ts');
    return inspectTrained(context);
  },
};

export default node;

/** A name that no stage of a pipeline can have. */
export const inspectionOf = (stage: string): string => `${stage}.inspection`;

/** The pipeline with an inspection of each of its `train` stages. */
export function withInspections(located: LocatedPipeline): LocatedPipeline {
  const { pipeline } = located;
  const stages = new Map(pipeline.stages);
  for (const [name, settings] of pipeline.stages) {
    if (settings.type !== 'train') continue;
    const { model, data, target, start_from, threads } = settings;
    const inspection: StageSettings = {
      type: node.type,
      trained: name,
      ...given({ model, data, target, start_from, threads }),
      stage: name,
      train: settings,
      seed: pipeline.seed,
    };
    stages.set(inspectionOf(name), inspection);
  }
  return {
    ...located,
    pipeline: { ...pipeline, stages, plugins: [...pipeline.plugins, fileURLToPath(import.meta.url)] },
    stageTypes: new Map([...located.stageTypes, [node.type, node]]),
  };
}

/** Removes absent settings. */
function given(settings: Readonly<Record<string, JsonObject[string] | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
