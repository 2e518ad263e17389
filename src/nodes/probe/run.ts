/** Trains simple classifiers on latent vectors, and on raw pixels for comparison. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbeSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import { permutation } from '../../core/philox.ts';
import type { Split } from '../../core/stage-type.ts';
import type { Engine } from '../../engine/engine.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import type { InputArtifact, StageContext, StageResult } from '../contract.ts';
import { readRows, toBlocks, type LabelledRows, type RowBlocks } from '../encode/rows.ts';
import { fitLogistic } from './logistic.ts';
import { classTable, type Found } from './classes.ts';
import { classifierName, metricName, SUBJECTS } from './names.ts';
import { nearestInBlocks } from './neighbors.ts';
import { voteOfNeighbors } from './vote.ts';

/** Writes `probe.json`, with the accuracy and details of each classifier, and `classes.csv`, with their results by class. */
export async function runProbe(context: StageContext<ProbeSettings>): Promise<StageResult> {
  const { settings, inputs, folder } = context;
  const engine = await context.engine();
  const subjects = SUBJECTS.flatMap((subject) => {
    const input = inputs[subject];
    return input === undefined ? [] : [{ subject, input }];
  });
  const metrics: Record<string, number> = {};
  const report: Record<string, JsonObject> = {};
  const found: Found[] = [];
  let tested: Pick<Side, 'labels' | 'classes'> | undefined;
  for (const [index, { subject, input }] of subjects.entries()) {
    const sides = await readSides(context, input);
    tested ??= sides.test;
    const details: Record<string, JsonObject> = {};
    for (const [place, classifier] of settings.classifiers.entries()) {
      const onProgress = (fraction: number): void =>
        context.progress({
          text: `${classifier} on \`${input.stage}\``,
          fraction: (index + (place + fraction) / settings.classifiers.length) / subjects.length,
        });
      onProgress(0);
      const { labels, ...how } = await classify(context, engine, classifier, sides, onProgress);
      const accuracy = shareOfEqual(labels, sides.test.labels);
      metrics[metricName(subject, classifier)] = accuracy;
      details[classifier] = { accuracy, ...how };
      found.push({ name: classifierName(subject, classifier), labels });
    }
    report[subject] = {
      stage: input.stage,
      values: sides.train.rows.size,
      train_samples: sides.train.rows.count,
      test_samples: sides.test.rows.count,
      ...details,
    };
  }
  await writeFile(join(folder, 'probe.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  if (tested !== undefined) {
    await writeFile(join(folder, 'classes.csv'), classTable(tested.labels, found, tested.classes));
  }
  return { metrics, highlights: ['probe.json'] };
}

interface Side {
  readonly rows: RowBlocks;
  readonly labels: Int32Array;
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
}

type Sides = Readonly<Record<Split, Side>>;

async function readSides(
  { settings, seed }: StageContext<ProbeSettings>,
  input: InputArtifact,
): Promise<Sides> {
  const train = await readRows(input, 'train');
  const test = await readRows(input, 'test');
  // The same rows for the vectors and for the images compared with them.
  const chosen =
    settings.limit === null || settings.limit >= train.count
      ? rowNumbers(train.count)
      : permutation(seed('choice'), train.count).slice(0, settings.limit).sort();
  if (chosen.length < settings.neighbors) {
    throw failure(
      'bad-setting',
      `${settings.neighbors} neighbors cannot be found among the ${chosen.length} training samples of \`${input.stage}\``,
      'lower `neighbors`',
    );
  }
  return { train: side(input, train, chosen), test: side(input, test, rowNumbers(test.count)) };
}

function side({ stage }: InputArtifact, samples: LabelledRows, rows: Int32Array): Side {
  const { labels, classes } = samples;
  if (labels === undefined) {
    throw failure(
      'bad-setting',
      `the samples of \`${stage}\` have no class labels, which \`probe\` needs`,
      'use a data set with labels',
    );
  }
  return {
    rows: toBlocks(samples, rows),
    labels: rows.map((row) => labels[row] ?? 0),
    ...(classes === undefined ? {} : { classes }),
  };
}

interface Result {
  /** The predicted class of each test sample. */
  readonly labels: Int32Array;
  readonly neighbors?: number;
  readonly iterations?: number;
  readonly converged?: boolean;
}

async function classify(
  { settings, signal, log }: StageContext<ProbeSettings>,
  engine: Engine,
  classifier: ProbeSettings['classifiers'][number],
  { train, test }: Sides,
  onProgress: (fraction: number) => void,
): Promise<Result> {
  if (classifier === 'knn') {
    const options = { k: settings.neighbors, signal, onProgress };
    const neighbors = await nearestInBlocks(engine, test.rows, train.rows, options);
    return { labels: voteOfNeighbors(neighbors, train.labels), neighbors: settings.neighbors };
  }
  const model = await fitLogistic(engine, train.rows, train.labels, { signal, onProgress });
  const { iterations, converged } = model;
  if (!converged) log('warn', `logistic regression did not converge in ${iterations} iterations`);
  return { labels: model.predict(test.rows), iterations, converged };
}

/** Accuracy: share of the test samples classified correctly, 0 to 1. */
function shareOfEqual(found: Int32Array, labels: Int32Array): number {
  return found.filter((label, index) => label === labels[index]).length / labels.length;
}
