/** The learning curves of all trials in one chart: the best in colour, the others gray. */
import { join } from 'node:path';
import type { Store } from '../artifacts/store.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { readJsonFile } from '../files/json-file.ts';
import { lineChart } from '../figures/line-chart.ts';
import type { Figure } from '../figures/figure.ts';
import { axisLabel } from '../figures/history.ts';
import { splitMetric, trainStagesOf } from './check.ts';
import type { PlannedTrial } from './plan.ts';
import type { SweepRecord } from './record.ts';
import type { Results } from './results.ts';

/** Maximum number of curves, and of points on each: more could not be told apart. */
const MOST_CURVES = 300;
const MOST_POINTS = 300;
/** Up to this number of curves are labelled. */
const MOST_NAMES = 8;
/** The axis is logarithmic if the highest loss is at least this many times the lowest. */
const WIDE = 10;

interface Curve {
  readonly place: number;
  readonly isValidation: boolean;
  readonly losses: readonly number[];
}

interface CurveInputs {
  readonly record: SweepRecord;
  readonly results: Results;
  readonly trials: readonly PlannedTrial[];
  readonly store: Store;
}

/** @returns undefined if there is not exactly one training to plot, or none has two epochs */
export async function drawCurves({
  record,
  results,
  trials,
  store,
}: CurveInputs): Promise<Figure | undefined> {
  const stage = trainingOf(record, trials);
  if (stage === undefined) return undefined;
  const best = bestTrial(record, results);
  const found = await Promise.all(
    spreadOver(trials.length, best).map(async (place) => readCurve(store, trials[place], stage, place)),
  );
  const curves = found.flatMap((curve) => curve ?? []);
  if (curves.length < 2 || curves.every(({ losses }) => losses.length < 2)) return undefined;
  const values = curves.flatMap(({ losses }) => losses.filter(Number.isFinite));
  const [low, high] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  const isValidation = curves.some((curve) => curve.isValidation);
  const isNamed = curves.length <= MOST_NAMES;
  const labelOf = (place: number): string => {
    const { columns, parameters } = results;
    // Values of several parameters would not fit.
    const own = parameters.length === 1 ? columns.describe(record.trials[place]?.parameters ?? {}) : '';
    return `#${place + 1} ${own}`.trim();
  };
  const describe = (place: number): string => {
    const own = results.columns.describe(record.trials[place]?.parameters ?? {});
    return own === '' ? `#${place + 1}` : `#${place + 1}, ${own}`;
  };
  const drawn = curves.toSorted((a, b) => Number(a.place === best) - Number(b.place === best));
  const hasBest = curves.some(({ place }) => place === best);
  const loss = lossOf(trials, stage);
  const shown =
    curves.length < trials.length ? `${curves.length} of ${trials.length} trials` : `${trials.length} trials`;
  return lineChart({
    title: `${isValidation ? 'Validation loss' : 'Training loss'} of ${shown}`,
    subtitle: hasBest
      ? `Blue: the best by ${record.sweep.metric?.name ?? ''}, ${describe(best ?? 0)}.`
      : 'Labels are trial numbers.',
    xLabel: 'Epoch',
    yLabel: `${axisLabel('loss', loss)} (lower is better)`,
    logY: low > 0 && high / low >= WIDE,
    series: drawn.map(({ place, losses }) => ({
      name: place === best || isNamed ? labelOf(place) : '',
      quiet: hasBest ? place !== best : !isNamed,
      points: thinned(losses),
      style: 'solid',
    })),
  });
}

/** The training that the metric depends on; without a metric, the only one. */
function trainingOf({ sweep }: SweepRecord, [first]: readonly PlannedTrial[]): string | undefined {
  if (first === undefined) return undefined;
  const { located, plan } = first;
  const stages = plan.stages.flatMap(({ name, type: typeName, inputs }) => {
    const type = located.stageTypes.get(typeName);
    return type === undefined ? [] : [{ name, type, inputs }];
  });
  const all = stages.filter(({ type }) => type.outputs === 'trained-model').map(({ name }) => name);
  const trained =
    sweep.metric === undefined ? all : trainStagesOf(splitMetric(sweep.metric.name).stage, stages);
  return trained.length === 1 ? trained[0] : undefined;
}

/** The place of the best trial of the best combination. */
function bestTrial({ sweep, trials }: SweepRecord, { best }: Results): number | undefined {
  const [group] = best;
  if (group === undefined || sweep.metric === undefined) return undefined;
  const sign = sweep.metric.goal === 'minimize' ? 1 : -1;
  const ids = new Set(group.trials.map(({ id }) => id));
  const own = trials
    .map(({ id, value }, place) => ({ id, value, place }))
    .filter(({ id, value }) => ids.has(id) && typeof value === 'number');
  return own.toSorted((a, b) => sign * ((a.value ?? 0) - (b.value ?? 0)))[0]?.place;
}

/** Evenly spread places, including the best. */
function spreadOver(count: number, best: number | undefined): readonly number[] {
  if (count <= MOST_CURVES) return [...Array(count).keys()];
  const spread = Array.from({ length: MOST_CURVES }, (_, index) => Math.floor((index * count) / MOST_CURVES));
  return [...new Set([...spread, ...(best === undefined ? [] : [best])])];
}

async function readCurve(
  store: Store,
  trial: PlannedTrial | undefined,
  stage: string,
  place: number,
): Promise<Curve | undefined> {
  const hash = trial?.plan.stages.find(({ name }) => name === stage)?.hash;
  const entry = hash === undefined ? undefined : await store.lookup(hash);
  const history = entry === undefined ? undefined : await readJsonFile(join(entry.folder, 'history.json'));
  if (!isJsonObject(history)) return undefined;
  const validation = history['val_loss'];
  const losses = numbersOf(validation ?? history['loss']);
  return losses === undefined ? undefined : { place, isValidation: validation !== undefined, losses };
}

/** JSON has no non-finite numbers: they are null. */
function numbersOf(value: Json | undefined): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map((each: Json) => (typeof each === 'number' ? each : Number.NaN));
}

/** Points by epoch, from 1. Long trainings are thinned out, keeping the last epoch. */
function thinned(losses: readonly number[]): readonly (readonly [number, number])[] {
  const every = Math.ceil(losses.length / MOST_POINTS);
  return losses.flatMap((loss, index) =>
    index % every === 0 || index === losses.length - 1 ? [[index + 1, loss] as const] : [],
  );
}

/** The training loss of all trials; undefined if they differ. */
function lossOf(trials: readonly PlannedTrial[], stage: string): string | undefined {
  const losses = new Set(
    trials.map(({ located }) => JSON.stringify(located.pipeline.stages.get(stage)?.['loss'])),
  );
  const [loss] = losses;
  const read: unknown = loss === undefined ? undefined : JSON.parse(loss);
  return losses.size === 1 && typeof read === 'string' ? read : undefined;
}
