/** Figures of an `anomaly` stage: `roc`, `scores` and `anomalies`. */
import { join } from 'node:path';
import type {
  AnomaliesFigureSettings,
  FigureSettings,
  RocFigureSettings,
  ScoresFigureSettings,
} from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { formatCount, formatNumber } from '../../core/format.ts';
import type { Figure } from '../../figures/figure.ts';
import { histogram } from '../../figures/histogram.ts';
import { imageGrid, imageTiles, type ImageRow } from '../../figures/image-grid.ts';
import { squareCharts } from '../../figures/square-charts.ts';
import { readExamples, type Example, type Group } from '../anomaly/examples.ts';
import { FILES } from '../anomaly/names.ts';
import { averagePrecision, precisionRecall, rank, rocAuc, rocCurve } from '../anomaly/ranking.ts';
import { readScores } from '../anomaly/table.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { readJson } from './records.ts';

type Context = StageContext<FigureSettings>;

/** `kind: roc`: the ROC curve and the precision-recall curve, with the threshold as a dot. */
export async function drawRoc({ inputs }: Context, { title }: RocFigureSettings): Promise<Figure> {
  const { folder, stage } = requireInput(inputs, 'data');
  const { scores, anomalous } = await readScores(folder);
  if (anomalous === undefined) {
    throw failure(
      'bad-setting',
      `\`${stage}\` does not know which images are anomalous, so there is no ROC curve`,
      `give \`${stage}\` the setting \`normal\`, or use \`kind: scores\``,
      ['kind'],
    );
  }
  const ranking = rank(scores, anomalous);
  if (ranking.normal === 0 || ranking.anomalous === 0) {
    throw failure(
      'bad-setting',
      `all scored images of \`${stage}\` are ${ranking.normal === 0 ? 'anomalous' : 'normal'}, so there is no ROC curve`,
      'score images of both kinds, or use `kind: scores`',
      ['kind'],
    );
  }
  const threshold = await thresholdOf(folder);
  // Steps with higher scores than the threshold are flagged.
  const flagged = ranking.steps.filter((step) => step.threshold > threshold).length;
  const roc = rocCurve(ranking);
  const steps = precisionRecall(ranking);
  const prevalence = ranking.anomalous / (ranking.anomalous + ranking.normal);
  const [atRoc, atRecall] = [roc[flagged], steps[flagged - 1]];
  const label = `threshold ${formatNumber(threshold)}`;
  const mark = (point: readonly [number, number] | undefined) =>
    point === undefined ? {} : { mark: { point, label } };
  return squareCharts({
    title,
    subtitle:
      `ROC-AUC ${rocAuc(ranking).toFixed(3)}, average precision ${averagePrecision(ranking).toFixed(3)}; ` +
      `${formatCount(ranking.anomalous)} anomalous and ${formatCount(ranking.normal)} normal images. Dashed: chance.`,
    charts: [
      {
        xLabel: 'False positive rate',
        yLabel: 'True positive rate',
        points: roc,
        chance: [
          [0, 0],
          [1, 1],
        ],
        ...mark(atRoc),
      },
      {
        xLabel: 'Recall',
        yLabel: 'Precision',
        // Each precision holds from the recall before it, as in the average precision.
        points: steps.flatMap(([recall, precision], index) => [
          [steps[index - 1]?.[0] ?? 0, precision] as const,
          [recall, precision] as const,
        ]),
        chance: [
          [0, prevalence],
          [1, prevalence],
        ],
        ...mark(atRecall),
      },
    ],
  });
}

/** `kind: scores`: how the scores are distributed, with the threshold. */
export async function drawScores({ inputs }: Context, { title }: ScoresFigureSettings): Promise<Figure> {
  const { folder } = requireInput(inputs, 'data');
  const { scores, anomalous } = await readScores(folder);
  const record = await readJson(join(folder, FILES.record));
  const threshold = await thresholdOf(folder);
  const group = (name: string, values: Float64Array) => ({
    name: `${name} (${formatCount(values.length)})`,
    values,
  });
  const groups =
    anomalous === undefined
      ? [group('Images', scores)]
      : [
          group(
            'Normal',
            scores.filter((_, row) => anomalous[row] === false),
          ),
          group(
            'Anomalous',
            scores.filter((_, row) => anomalous[row] === true),
          ),
        ].filter(({ values }) => values.length > 0);
  const quantile = Number(record['quantile']);
  return histogram({
    title,
    subtitle: `Threshold: the score that ${formatNumber(100 * quantile)} % of the reference images do not exceed.`,
    xLabel: LABELS.get(String(record['score'])) ?? 'Score',
    yLabel: anomalous === undefined ? 'Share of the images' : 'Share of the images of each kind',
    groups,
    mark: { x: threshold, label: `threshold ${formatNumber(threshold)}` },
  });
}

const LABELS: ReadonlyMap<string, string> = new Map([
  ['squared_error', 'Squared error of the reconstruction'],
  ['nll', 'Negative log-likelihood (nats)'],
  ['latent_distance', 'Mahalanobis distance of the latent'],
]);

const GROUP_LABELS: Readonly<Record<Group, string>> = {
  highest: 'Highest scores',
  normal: 'Normal, highest scores',
  anomalous: 'Anomalous, lowest scores',
};

/** `kind: anomalies`: the images with the highest scores, and those that the scores misplace most. */
export async function drawAnomalies(
  { inputs }: Context,
  { columns, title }: AnomaliesFigureSettings,
): Promise<Figure> {
  const { shape, range, groups } = await readExamples(requireInput(inputs, 'data').folder);
  const rows = groups.flatMap(({ group, examples, images, outputs }): readonly ImageRow[] => {
    const shown = (values: Float32Array) => imageTiles(values, shape, range).slice(0, columns);
    return [
      { label: GROUP_LABELS[group], images: shown(images) },
      { label: 'Reconstruction', images: shown(outputs), captions: examples.slice(0, columns).map(caption) },
    ];
  });
  const named = groups.some(({ examples }) => examples.some((example) => example.class !== undefined));
  return imageGrid({
    title,
    subtitle: `Below each image: ${named ? 'its class and score' : 'its score'}.`,
    rows,
  });
}

function caption({ score, class: label }: Example): string {
  return label === undefined ? formatNumber(score) : `${label}: ${formatNumber(score)}`;
}

async function thresholdOf(folder: string): Promise<number> {
  const { threshold } = await readJson(join(folder, FILES.record));
  if (typeof threshold === 'number') return threshold;
  throw failure('data-corrupt', `\`${join(folder, FILES.record)}\` has no threshold`);
}
