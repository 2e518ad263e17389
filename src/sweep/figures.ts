/** Figures of a sweep: the metric against a parameter, a map of two parameters, and the same images by every trial. */
import { join } from 'node:path';
import type { Store } from '../artifacts/store.ts';
import { readNpy } from '../formats/npy.ts';
import type { JsonObject } from '../core/json.ts';
import { writeFigure, type Figure } from '../figures/figure.ts';
import { heatMap } from '../figures/heat-map.ts';
import { imageGrid, imageTiles, type ImageRow } from '../figures/image-grid.ts';
import { lineChart, type LineSeries } from '../figures/line-chart.ts';
import { metricNames as pcaMetricNames } from '../nodes/pca/names.ts';
import { splitMetric } from './check.ts';
import { drawCurves } from './curves.ts';
import { drawParallel } from './parallel.ts';
import type { PlannedTrial } from './plan.ts';
import { metricOf, type SweepRecord, type TrialRecord } from './record.ts';
import { columnFormat } from './numbers.ts';
import { parameterValues, type Group, type Results } from './results.ts';
import { remove } from '../files/in-use.ts';

/** Figures that a workspace may have, in the order in which they are shown. */
export const FIGURES = [
  'sweep-metric',
  'sweep-map',
  'sweep-parallel',
  'sweep-curves',
  'sweep-reconstructions',
] as const;

export interface SweepFigureInputs {
  readonly record: SweepRecord;
  readonly results: Results;
  readonly trials: readonly PlannedTrial[];
  readonly store: Store;
}

/**
 * Draws the figures of a sweep into a workspace.
 *
 * @returns the names of the PNG files
 */
export async function drawSweep(inputs: SweepFigureInputs, workspace: string): Promise<readonly string[]> {
  const figures: readonly (readonly [name: (typeof FIGURES)[number], figure: Figure | undefined])[] = [
    ['sweep-metric', drawMetric(inputs)],
    ['sweep-map', drawMap(inputs)],
    ['sweep-parallel', drawParallel(inputs, (metric) => capital(nameOf(metric)))],
    ['sweep-curves', await drawCurves(inputs)],
    ['sweep-reconstructions', await drawReconstructions(inputs)],
  ];
  const written: string[] = [];
  for (const [name, figure] of figures) {
    if (figure === undefined) {
      // It is left from an earlier sweep of that name.
      await removeFigure(workspace, name);
      continue;
    }
    const [png] = await writeFigure(figure, workspace, name);
    if (png !== undefined) written.push(png);
  }
  return written;
}

/** Removes figures of an earlier sweep of that name. */
export async function removeFigures(workspace: string): Promise<void> {
  for (const name of FIGURES) await removeFigure(workspace, name);
}

async function removeFigure(workspace: string, name: string): Promise<void> {
  for (const ending of ['png', 'svg']) await remove(join(workspace, `${name}.${ending}`));
}

/** The metric's mean against the one parameter that differs, if it is numeric. */
function drawMetric({ record, results, trials }: SweepFigureInputs): Figure | undefined {
  const { metric, replicates } = record.sweep;
  const [parameter, another] = results.parameters;
  if (metric === undefined || parameter === undefined || another !== undefined) return undefined;
  const points = results.groups
    .flatMap(({ parameters, metrics }) => {
      const x = parameters[parameter];
      const summary = metrics.get(metric.name);
      return typeof x === 'number' && summary !== undefined ? [{ x, summary }] : [];
    })
    .sort((a, b) => a.x - b.x);
  if (
    points.length < 2 ||
    points.length < results.groups.filter(({ metrics }) => metrics.has(metric.name)).length
  )
    return undefined;
  const xs = points.map(({ x }) => x);
  const [low = 0, high = 0] = [xs[0], xs.at(-1)];
  const measured: LineSeries = {
    name: 'Autoencoder',
    points: points.map(({ x, summary }) => [x, summary.mean]),
    deviations: points.map(({ summary }) => summary.deviation),
  };
  const pca = pcaCurve(record.trials, trials, metric.name, [low, high]);
  const others = [...(pca === undefined ? [] : [pca]), ...levels(results, metric.name, [low, high])];
  const { knee } = results;
  return lineChart({
    title: `${capital(nameOf(metric.name))} against ${wordsOf(parameter)}`,
    subtitle:
      replicates > 1 ? `Mean of ${replicates} seeds; bars are one standard deviation.` : 'One run each.',
    xLabel: capital(wordsOf(parameter)),
    // On a linear axis, values over more than a decade crowd at the low end.
    logX: low > 0 && high / low >= 10,
    yLabel: `${capital(nameOf(metric.name))} (stage ${splitMetric(metric.name).stage}; ${metric.goal === 'minimize' ? 'lower' : 'higher'} is better)`,
    series: [{ ...measured, name: others.length === 0 ? nameOf(metric.name) : measured.name }, ...others],
    ...(knee === undefined ? {} : { mark: { x: knee.x, label: `Knee: ${knee.x}` } }),
  });
}

/** The error of the same number of principal components, if the pipeline measures them with the same metric. */
function pcaCurve(
  records: readonly TrialRecord[],
  trials: readonly PlannedTrial[],
  metric: string,
  [low, high]: readonly [number, number],
): LineSeries | undefined {
  const quantity = splitMetric(metric).name;
  const points = new Map<number, number>();
  trials.forEach(({ located }, place) => {
    for (const [stage, settings] of located.pipeline.stages) {
      if (settings.type !== 'pca') continue;
      const components = componentsOf(settings);
      for (const count of components) {
        const name = pcaMetricNames(count, { components }).find(
          (each) => each.replace(/_\d+$/, '') === quantity,
        );
        const value =
          name === undefined ? undefined : metricOf(records[place]?.metrics ?? {}, `${stage}.${name}`);
        if (value !== undefined && count >= low && count <= high) points.set(count, value);
      }
    }
  });
  if (points.size < 2) return undefined;
  return { name: 'PCA', points: [...points].sort(([a], [b]) => a - b), style: 'dashed' };
}

/** The same metric of other stages that do not depend on the parameter, such as a classifier on raw pixels. */
function levels(
  { groups }: Results,
  metric: string,
  [low, high]: readonly [number, number],
): readonly LineSeries[] {
  const quantity = splitMetric(metric).name;
  const names = [...(groups[0]?.metrics.keys() ?? [])].filter(
    (name) => name !== metric && splitMetric(name).name === quantity,
  );
  return names.flatMap((name): readonly LineSeries[] => {
    const [first, ...rest] = groups.map(({ metrics }) => metrics.get(name)?.mean);
    if (first === undefined || rest.some((value) => value !== first)) return [];
    const points = [
      [low, first],
      [high, first],
    ] as const;
    return [{ name: capital(wordsOf(splitMetric(name).stage)), points, style: 'dashed' }];
  });
}

function componentsOf({ components }: JsonObject): readonly number[] {
  return Array.isArray(components) ? components.map(Number) : [];
}

/** The mean of the metric for each pair of values of two parameters. */
function drawMap({ record, results }: SweepFigureInputs): Figure | undefined {
  const { metric, replicates } = record.sweep;
  const [vertical, horizontal, third] = results.parameters;
  if (metric === undefined || vertical === undefined || horizontal === undefined || third !== undefined)
    return undefined;
  const [rows, columns] = [vertical, horizontal].map((name) => parameterValues(results.groups, name));
  if (rows === undefined || columns === undefined || rows.length * columns.length > 1000) return undefined;
  const at = (row: number, column: number): Group | undefined =>
    results.groups.find(
      ({ parameters }) =>
        JSON.stringify(parameters[vertical] ?? null) === JSON.stringify(rows[row]) &&
        JSON.stringify(parameters[horizontal] ?? null) === JSON.stringify(columns[column]),
    );
  const measured = results.groups.flatMap(({ metrics }) => metrics.get(metric.name) ?? []);
  if (measured.length === 0) return undefined;
  const format = columnFormat(measured.map(({ mean }) => ({ mean })));
  return heatMap({
    title: `${capital(nameOf(metric.name))} by ${wordsOf(vertical)} and ${wordsOf(horizontal)}`,
    subtitle: `${replicates > 1 ? `Mean of ${replicates} seeds; ` : ''}${metric.goal === 'minimize' ? 'lower' : 'higher'} is better; the best cell is framed.`,
    xLabel: capital(wordsOf(horizontal)),
    yLabel: capital(wordsOf(vertical)),
    columns: columns.map((value) => results.columns.labels.of(horizontal, value)),
    rows: rows.map((value, row) => ({
      label: results.columns.labels.of(vertical, value),
      cells: columns.map((_, column) => {
        const group = at(row, column);
        const summary = group?.metrics.get(metric.name);
        if (summary === undefined) return undefined;
        return {
          value: summary.mean,
          text: format({ mean: summary.mean }),
          best: group !== undefined && results.best.has(group),
        };
      }),
    })),
  });
}

/** Maximum number of rows: more models cannot be compared at a glance. */
const MOST_ROWS = 12;

/** The same images by the model of every combination, each in its first replicate, from a `comparison` figure. */
async function drawReconstructions({
  results,
  trials,
  store,
}: SweepFigureInputs): Promise<Figure | undefined> {
  const [parameter, another] = results.parameters;
  if (parameter === undefined || another !== undefined || results.groups.length > MOST_ROWS) return undefined;
  const rows: ImageRow[] = [];
  const values = parameterValues(results.groups, parameter);
  for (const value of values) {
    const trial = trials.find(
      ({ parameters, replicate }) =>
        replicate === 1 && JSON.stringify(parameters[parameter]) === JSON.stringify(value),
    );
    const stage = trial?.plan.stages.find(
      ({ name, type }) =>
        type === 'figure' && trial.located.pipeline.stages.get(name)?.['kind'] === 'comparison',
    );
    const entry = stage === undefined ? undefined : await store.lookup(stage.hash);
    if (entry === undefined) continue;
    if (rows.length === 0) rows.push(await imageRow('Original', join(entry.folder, 'original.npy')));
    const label = `${wordsOf(parameter)} ${results.columns.labels.of(parameter, value)}`;
    rows.push(await imageRow(label, join(entry.folder, 'output.npy')));
  }
  if (rows.length < 3) return undefined;
  return imageGrid({
    title: `The same images for each ${wordsOf(parameter)}`,
    rows,
  });
}

async function imageRow(label: string, path: string): Promise<ImageRow> {
  const { data, shape } = await readNpy(path);
  const [, height = 1, width = 1, channels = 1] = shape;
  return { label, images: imageTiles(Float32Array.from(data), [height, width, channels], [0, 1]) };
}

/** Descriptions of metrics. */
const WORDS: Readonly<Record<string, string>> = {
  mse: 'mean squared error',
  mae: 'mean absolute error',
  psnr: 'PSNR (dB)',
  ssim: 'SSIM',
  squared_error: 'squared error per image',
  knn_accuracy: 'accuracy of k nearest neighbours',
  logistic_accuracy: 'accuracy of logistic regression',
  binary_crossentropy: 'binary cross-entropy (nats)',
  reconstruction: 'reconstruction loss',
  kl: 'KL divergence (nats)',
  elbo: 'evidence lower bound (nats)',
  nll: 'negative log-likelihood (nats)',
  roc_auc: 'area under the ROC curve',
  mean_activation: 'mean of the latent values',
  active_share: 'share of latent values that are not 0',
};

function nameOf(metric: string): string {
  const { name } = splitMetric(metric);
  return Object.hasOwn(WORDS, name) ? (WORDS[name] ?? name) : name.replaceAll('_', ' ');
}

/** `stages.trained.optimizer.Adam.learning_rate` -> `learning rate` */
function wordsOf(parameter: string): string {
  return (parameter.split('.').at(-1) ?? parameter).replaceAll('_', ' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
