/**
 * `docs/images/adaptive-sweeps.png`: how soon each method of a sweep finds good values on `pipelines/adaptive-sweep.yaml`.
 *
 *     npm run build && nice node dist/scripts/adaptive-sweeps.js [FOLDER]
 *
 * Two seeds, each with 36 random trials, the Parzen estimator with 36 trials, and successive halving of 27 combinations: about 8
 * minutes on one core. Results in the cache of the folder, `outputs/adaptive-sweeps` by default, are reused.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from '../src/core/package-root.ts';
import { renderPng } from '../src/figures/figure.ts';
import { lineChart, type LineSeries } from '../src/figures/line-chart.ts';
import type { SweepRecord, TrialRecord } from '../src/sweep/record.ts';

const PIPELINE = join(packageRoot, 'pipelines', 'adaptive-sweep.yaml');
const SEEDS = [1, 2];
const EPOCHS = 9;
const BUDGET = 'stages.trained.epochs';

const METHODS = [
  { method: 'random', name: 'Random draws', settings: [] },
  { method: 'bayes', name: 'Parzen estimator', settings: [] },
  { method: 'halving', name: 'Halving', settings: ['sweep.run_cap=27'] },
] as const;

/** The best value so far, by the total number of epochs of all trials. */
type Course = readonly (readonly [epochs: number, best: number])[];

function run(folder: string, method: string, seed: number, settings: readonly string[]): SweepRecord {
  const outputs = join(folder, `${method}-${seed}`);
  const set = [`seed=${seed}`, `sweep.method=${method}`, ...settings].flatMap((each) => ['-S', each]);
  const words = ['sweep', PIPELINE, ...set, '-o', outputs];
  const { status } = spawnSync(process.execPath, [join(packageRoot, 'bin', 'hourglass.js'), ...words], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`hourglass ${words.join(' ')} ended with ${status}`);
  return JSON.parse(readFileSync(join(outputs, 'adaptive-sweep', 'sweep.json'), 'utf8')) as SweepRecord;
}

function courseOf({ trials }: SweepRecord): Course {
  const course: [number, number][] = [];
  const trained = new Map<string, number>();
  let epochs = 0;
  let best = Infinity;
  for (const trial of trials) {
    const [all, before] = epochsOf(trial, trained);
    epochs += all - before;
    // Trials with fewer epochs are not comparable.
    const { value = null } = trial;
    if (all < EPOCHS || value === null) continue;
    best = Math.min(best, value);
    course.push([epochs, best]);
  }
  return course;
}

/** Epochs of a trial, and how many of them it reused from an earlier one with the same values. */
function epochsOf({ parameters }: TrialRecord, trained: Map<string, number>): readonly [number, number] {
  const { [BUDGET]: budget = EPOCHS, ...values } = parameters;
  const text = JSON.stringify(values);
  const before = trained.get(text) ?? 0;
  trained.set(text, Number(budget));
  return [Number(budget), before];
}

/** The mean over the seeds, if all have a value. */
function mean(courses: readonly Course[]): Course {
  const places = [...new Set(courses.flatMap((course) => course.map(([epochs]) => epochs)))].sort(
    (a, b) => a - b,
  );
  return places.flatMap((epochs) => {
    const values = courses.flatMap((course) => course.findLast(([at]) => at <= epochs)?.[1] ?? []);
    const sum = values.reduce((total, value) => total + value, 0);
    return values.length < courses.length ? [] : [[epochs, sum / values.length] as const];
  });
}

const folder = resolve(process.argv[2] ?? join(packageRoot, 'outputs', 'adaptive-sweeps'));
const courses = new Map<string, Course[]>();
for (const seed of SEEDS)
  for (const { method, name, settings } of METHODS) {
    const own = courses.get(name) ?? [];
    own.push(courseOf(run(folder, method, seed, settings)));
    courses.set(name, own);
  }
const series = [...courses].map(([name, own]): LineSeries => ({ name, points: mean(own) }));
for (const { name, points } of series)
  process.stdout.write(
    `${name}: ${points.map(([epochs, best]) => `${epochs} ${best.toFixed(5)}`).join(', ')}\n`,
  );
const figure = lineChart({
  title: 'Best reconstruction error so far',
  subtitle: `Five parameters of a dense autoencoder on MNIST; mean of ${SEEDS.length} seeds.`,
  xLabel: `Epochs trained, all trials together (${EPOCHS} for a whole trial)`,
  yLabel: 'Best mean squared error so far',
  logY: true,
  series,
});
writeFileSync(join(packageRoot, 'docs', 'images', 'adaptive-sweeps.png'), renderPng(figure));
