/**
 * `docs/images/iwae-curves.png`: the bound by epoch for 1 sample and for 5, above the log-likelihoods of the paper, which trained
 * 27 times longer.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import type { Figure } from '../../src/figures/figure.ts';
import { lineChart, type LineSeries } from '../../src/figures/line-chart.ts';
import type { Publication } from '../../src/published/generated/types.ts';
import { readSweep } from '../../src/sweep/record.ts';

export const CURVES = join(packageRoot, 'docs', 'images', 'iwae-curves.png');

/** Earlier epochs are so much worse that the rest would be flat. */
const FIRST_EPOCH = 5;

/**
 * @param folder of a sweep of `iwae.yaml`
 * @returns undefined if a trial is not done
 */
export async function iwaeCurves(folder: string, { figures }: Publication): Promise<Figure | undefined> {
  const trials = (await readSweep(folder))?.trials ?? [];
  const curves: LineSeries[] = [];
  const levels: LineSeries[] = [];
  for (const { parameters = {}, value, text } of figures) {
    const trial = trials.find((each) => each.parameters['samples'] === parameters['samples']);
    const history = join(folder, 'trials', trial?.id ?? '', 'trained', 'history.csv');
    if (trial?.state !== 'done' || !existsSync(history)) return undefined;
    const points = lossesOf(readFileSync(history, 'utf8')).slice(FIRST_EPOCH - 1);
    const name = `k = ${String(parameters['samples'])}`;
    curves.push({ name, points });
    levels.push({
      name: `paper, ${name}: ${text}`,
      quiet: true,
      points: points.map(([epoch]) => [epoch, value]),
    });
  }
  return lineChart({
    title: 'Importance weighted autoencoders: 121 of 3,280 epochs',
    subtitle: 'Gray: what the paper reports after 3,280 epochs, the negative log-likelihood of test images.',
    xLabel: 'Epoch',
    yLabel: 'Bound of the training images (lower is better)',
    series: [...curves, ...levels],
  });
}

/** The loss of each epoch, from 1. */
function lossesOf(csv: string): readonly (readonly [number, number])[] {
  const [head = '', ...rows] = csv.trim().split('\n');
  const column = head.split(',').indexOf('loss');
  return rows.map((row, index) => [index + 1, Number(row.split(',')[column])]);
}
