/** Small located pipelines for tests of planning, made without the loader. */
import type { LocatedPipeline, StageSettings } from '../../src/config/pipeline.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { StageType } from '../../src/core/stage-type.ts';

function stageType(
  type: string,
  rest: Partial<StageType> & Pick<StageType, 'inputs' | 'outputs'>,
): StageType {
  return {
    type,
    version: 1,
    schema: { type: 'object' },
    draws: false,
    engine: false,
    analyze: ({ settings }) =>
      rest.outputs === 'images' && settings['bad'] !== true
        ? { kind: 'images', splits: ['train'] }
        : undefined,
    ...rest,
  };
}

export const types: ReadonlyMap<string, StageType> = new Map(
  [
    stageType('source', { inputs: {}, outputs: 'images', fingerprint: async ({ file }) => file ?? null }),
    stageType('noise', { inputs: { data: { accepts: ['images'] } }, outputs: 'images', draws: true }),
    stageType('model', { inputs: {}, outputs: 'model' }),
    stageType('train', {
      inputs: { model: { accepts: ['model'] }, data: { accepts: ['images'] } },
      outputs: 'trained-model',
      draws: true,
      engine: true,
      cosmetic: ['preview'],
    }),
  ].map((type) => [type.type, type]),
);

/** A pipeline whose ranges encode their origin: line = number of the stage, column = depth of the path. */
export function located(
  stages: Readonly<Record<string, StageSettings>>,
  document: JsonObject = {},
): LocatedPipeline {
  const names = Object.keys(stages);
  const { seed, threads } = document;
  return {
    file: 'test.yaml',
    folder: '/nowhere',
    text: '',
    bases: [],
    pipeline: {
      name: 'test',
      seed: typeof seed === 'number' ? seed : 0,
      ...(typeof threads === 'number' ? { threads } : {}),
      params: {},
      stages: new Map(Object.entries(stages)),
      plugins: [],
    },
    resolved: { stages, ...document },
    overrides: [],
    stageTypes: types,
    removedStages: new Map(),
    settingsCalled: () => [],
    paths: [],
    invalidStages: new Set(),
    locate(path, part = 'value') {
      const line = names.indexOf(String(path[1])) + 1;
      const start = { line, column: path.length + (part === 'key' ? 100 : 0) };
      return { file: 'test.yaml', start, end: start };
    },
  };
}
