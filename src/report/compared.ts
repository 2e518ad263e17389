/** What the metrics of `evaluate` stages are compared with. */
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { Split } from '../core/stage-type.ts';
import { measureBaselines, type Baseline, type Measured, type MeasuredSplit } from './baselines.ts';
import type { ReportStage } from './report.ts';

/** Stages with results of the current settings. */
type Stages = readonly ReportStage[];

/**
 * The stages, with baselines for those that measure a model.
 *
 * @param outputs folder of the run
 * @param settings resolved settings by stage, with defaults
 */
export async function withBaselines(
  outputs: string,
  stages: Stages,
  settings: JsonObject,
): Promise<readonly ReportStage[]> {
  const found: ReportStage[] = [];
  for (const stage of stages) {
    const measured = await measuredBy(outputs, stage, stages, settings);
    found.push(measured === undefined ? stage : { ...stage, measured });
  }
  return found;
}

async function measuredBy(
  outputs: string,
  stage: ReportStage,
  stages: Stages,
  settings: JsonObject,
): Promise<Measured | undefined> {
  const splits = splitsOf(settings[stage.name]).flatMap((split) => {
    const own = ownMetrics(stage, split, settings);
    return own.size === 0 ? [] : [{ split, own }];
  });
  if (stage.type !== 'evaluate' || splits.length === 0) return undefined;
  const found: MeasuredSplit[] = [];
  for (const { split, own } of splits) {
    const measured = await measuredSplit(outputs, stage, stages, settings, split, own);
    // What is said of the numbers must hold for all of them.
    if (measured === undefined) return undefined;
    found.push(measured);
  }
  return {
    splits: found.map(({ split, images }) => ({ split, images })),
    span: found[0]?.span ?? 0,
    baselines: found.flatMap(({ baselines }) => baselines),
  };
}

/** The metrics of a split, each with its name in the stage: `mse`, of `mse` or `test_mse`. */
type OwnMetrics = ReadonlyMap<string, string>;

function ownMetrics({ name, metrics }: ReportStage, split: Split, settings: JsonObject): OwnMetrics {
  const prefix = asObject(settings[name])['split'] === 'all' ? `${split}_` : '';
  const names = Object.keys(metrics).filter((each) => each.startsWith(prefix));
  return new Map(names.map((each) => [each.slice(prefix.length), each]));
}

async function measuredSplit(
  outputs: string,
  { inputs }: ReportStage,
  stages: Stages,
  settings: JsonObject,
  split: Split,
  own: OwnMetrics,
): Promise<MeasuredSplit | undefined> {
  const { data, target = data, model } = inputs;
  if (data === undefined || target === undefined) return undefined;
  if (![data, target].every((name) => hasImages(name, stages))) return undefined;
  const folder = (name: string): string => join(outputs, name);
  const trained = targetOf(model, stages);
  const found = await measureBaselines(
    folder(data),
    folder(target),
    trained !== undefined && hasImages(trained, stages) ? folder(trained) : undefined,
    split,
    own.has('binary_crossentropy'),
  );
  if (found === undefined) return undefined;
  // It projects the images themselves, which would be an unfair comparison with what is made of noisy ones.
  const components = data === target ? latentSizeOf(model, stages) : undefined;
  const pca = components === undefined ? undefined : pcaOf(target, split, components, stages, settings);
  const baselines = [...found.baselines, ...(pca === undefined ? [] : [pca])].flatMap((baseline) => {
    const shared = Object.entries(baseline.metrics).flatMap(([name, value]) => {
      const named = own.get(name);
      return named === undefined ? [] : [[named, value] as const];
    });
    const isOfOthers = baseline.name === 'mean' && trained !== undefined && trained !== target;
    const metrics = Object.fromEntries(shared);
    return shared.length === 0 ? [] : [{ ...baseline, ...(isOfOthers ? { trained } : {}), metrics }];
  });
  return { ...found, baselines };
}

/** The stage with the images that a trained model learned to return. */
function targetOf(model: string | undefined, stages: Stages): string | undefined {
  const inputs = stages.find(({ name }) => name === model)?.inputs;
  return inputs?.['target'] ?? inputs?.['data'];
}

/** The splits that a stage may have measured, the test images first. */
function splitsOf(settings: unknown): readonly Split[] {
  const { split } = asObject(settings);
  return (['test', 'train'] as const).filter((each) => split === each || split === 'all');
}

/** Whether a stage's images are those of the current settings, and nobody changed them since. */
function hasImages(name: string, stages: Stages): boolean {
  const stage = stages.find((other) => other.name === name);
  if (stage?.hash === undefined || !stage.files.some(({ path }) => path === 'images.json')) return false;
  return !stage.exhibits.some((exhibit) => exhibit.kind === 'unshown' && exhibit.path.endsWith('.npy'));
}

/** The values of a model's latent, from the summary of its encoder. */
function latentSizeOf(trained: string | undefined, stages: Stages): number | undefined {
  const model = stages.find(({ name }) => name === trained)?.inputs['model'];
  const exhibits = stages.find(({ name }) => name === model)?.exhibits ?? [];
  const models = exhibits.flatMap((exhibit) => (exhibit.kind === 'models' ? exhibit.models : []));
  const shape = models.find(({ name }) => name === 'encoder')?.layers.at(-1)?.shape ?? '';
  const sizes = [...shape.matchAll(/\d+/g)].map(([size]) => Number(size));
  return sizes.length === 0 ? undefined : sizes.reduce((product, size) => product * size, 1);
}

/** Principal component analysis of the same images with as many components. */
function pcaOf(
  data: string,
  split: Split,
  components: number,
  stages: Stages,
  settings: JsonObject,
): Baseline | undefined {
  for (const { name, type, inputs, metrics } of stages) {
    const { components: counts, split: measured } = asObject(settings[name]);
    if (type !== 'pca' || inputs['data'] !== data || measured !== split || !Array.isArray(counts)) continue;
    if (!counts.includes(components)) continue;
    const end = counts.length === 1 ? '' : `_${components}`;
    const own = ['mse', 'squared_error'].flatMap((metric) => {
      const value = metrics[`${metric}${end}`];
      return value === undefined ? [] : [[metric, value] as const];
    });
    if (own.length > 0) return { name: 'pca', components, metrics: Object.fromEntries(own) };
  }
  return undefined;
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
