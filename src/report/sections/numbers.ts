/** The numbers at the top of a report: what they are of, what they mean, and what they are compared with. */
import { formatCount, formatNumber } from '../../core/format.ts';
import type { Baseline, Measured } from '../baselines.ts';
import { html, type Content, type Html } from '../html.ts';
import { metricName, plainMetric } from '../metric-names.ts';
import { breakable, enumerate, number, stageLink, wide } from '../parts.ts';
import type { Report, ReportStage } from '../report.ts';
import type { MainFigure } from './main-figure.ts';

/** The most metrics that are shown as tiles. */
const MOST_TILES = 6;

const STANDARD_ERROR = '_standard_error';

export function numbers(report: Report, main: MainFigure | undefined): Html {
  const { shown, isMeasured } = finalStages(report);
  const chosen = mainStage(report, shown, main);
  if (chosen === undefined) {
    return isMeasured
      ? html`<p>The last stages of the pipeline have no results of these settings.</p>`
      : html`<p>No stage has measured anything.</p>`;
  }
  const isWhole = shown.length === 1 && metricsOf(chosen).length <= MOST_TILES;
  return html`<p class="measured">${describe(chosen)}</p>
    ${tiles(report, chosen)} ${isWhole ? undefined : comparison(report, shown)}`;
}

/**
 * The stages with metrics that no other stage depends on, such as evaluations; if they have none, the last stage with metrics.
 */
function finalStages({ stages }: Report): {
  readonly shown: readonly ReportStage[];
  readonly isMeasured: boolean;
} {
  const needed = new Set(stages.flatMap(({ inputs }) => Object.values(inputs)));
  const measured = stages.filter(({ metrics }) => Object.keys(metrics).length > 0);
  const leaves = measured.filter(({ name }) => !needed.has(name));
  // Inputs of a stage without a result are not final results.
  const isOpen = ({ name }: ReportStage): boolean =>
    stages.some(({ state, inputs }) => state !== 'done' && Object.values(inputs).includes(name));
  const last = measured.findLast((stage) => !isOpen(stage));
  const shown = leaves.length > 0 ? leaves : last === undefined ? [] : [last];
  return { shown, isMeasured: measured.length > 0 };
}

/** The stage that measures the model of the main figure; otherwise the last. */
function mainStage(
  { stages }: Report,
  shown: readonly ReportStage[],
  main: MainFigure | undefined,
): ReportStage | undefined {
  const drawn = stages.find(({ name }) => name === main?.stage)?.inputs ?? {};
  const same = (key: string) => (stage: ReportStage) =>
    drawn[key] !== undefined && stage.inputs[key] === drawn[key];
  const ofModel = shown.filter(same('model'));
  return ofModel.findLast(same('data')) ?? ofModel.at(-1) ?? shown.at(-1);
}

function describe({ name, inputs, measured }: ReportStage): Content {
  const { model, data, target } = inputs;
  const link = stageLink(name);
  if (measured === undefined || model === undefined || data === undefined) return html`Measured by ${link}:`;
  const images = enumerate(
    measured.splits.map(
      ({ split, images: count }) => `${formatCount(count)} ${split === 'test' ? 'test' : 'training'} images`,
    ),
  );
  const isTarget = target === undefined || target === data;
  return html`${link} compares what ${stageLink(model)} makes of the ${images} of ${stageLink(data)} with
  ${isTarget ? 'the images themselves' : html`those of ${stageLink(target)}`}:`;
}

type Metric = readonly [name: string, value: number];

/** Without standard errors, which belong to their metrics. The test images come first. */
function metricsOf({ metrics }: ReportStage): readonly Metric[] {
  const own = Object.entries(metrics).filter(
    ([name]) => !(name.endsWith(STANDARD_ERROR) && name.slice(0, -STANDARD_ERROR.length) in metrics),
  );
  const isTest = ([name]: Metric): boolean => name.startsWith('test_');
  return [...own.filter(isTest), ...own.filter((metric) => !isTest(metric))];
}

function tiles(report: Report, stage: ReportStage): Html {
  const { metrics, measured } = stage;
  return html`<dl class="tiles">
    ${metricsOf(stage)
      .slice(0, MOST_TILES)
      .map(([name, value]) => {
        const error = metrics[`${name}${STANDARD_ERROR}`];
        const about = meaning(name, value, stage);
        return html`<div>
          <dt>${breakable(name)}</dt>
          <dd>
            ${number(value)}${error === undefined ? undefined : html` <small>± ${formatNumber(error)}</small>`}
          </dd>
          ${about === undefined ? undefined : html`<dd class="quiet">${about}</dd>`}
          ${(measured?.baselines ?? []).map((baseline) => against(report, stage, name, value, baseline))}
        </div>`;
      })}
  </dl>`;
}

function meaning(name: string, value: number, { measured, settings }: ReportStage): string | undefined {
  const metric = plainMetric(name);
  const title = metricName(metric, settings);
  const span = measured?.span ?? 0;
  const share = metric === 'mse' ? Math.sqrt(value) / span : metric === 'mae' ? value / span : Number.NaN;
  const ofRange = Number.isFinite(share)
    ? `: pixels are off by ${roughly(100 * share)} % of the range${metric === 'mse' ? ', root mean square' : ''}`
    : '';
  return title === undefined ? undefined : `${title}${ofRange}`;
}

const LOWER_IS_BETTER = new Set(['mse', 'mae', 'squared_error', 'binary_crossentropy']);

/** How a number compares with a baseline: `5.2 times less than the noisy images (0.333)`. */
function against(
  report: Report,
  stage: ReportStage,
  name: string,
  value: number,
  baseline: Baseline,
): Content {
  const other = baseline.metrics[name];
  if (other === undefined) return undefined;
  const metric = plainMetric(name);
  const what = baselineName(report, stage, baseline);
  const told = formatNumber(other);
  if (baseline.name === 'exact') return html`<dd class="against">at least ${told}: ${what}</dd>`;
  if (metric === 'psnr') {
    const decibels = value - other;
    return html`<dd class="against${decibels < 0 ? ' worse' : ''}">
      ${roughly(Math.abs(decibels))} dB ${decibels < 0 ? 'worse' : 'better'} than ${what} (${told})
    </dd>`;
  }
  if (!LOWER_IS_BETTER.has(metric) || value <= 0 || other <= 0)
    return html`<dd class="against">${told}: ${what}</dd>`;
  const isWorse = value > other;
  return html`<dd class="against${isWorse ? ' worse' : ''}">
    ${ratioText(value, other)} ${what} (${told})
  </dd>`;
}

/** With two significant digits. */
function roughly(value: number): string {
  return String(Number(value.toPrecision(2)));
}

/** `5.2 times less than`, `12 % more than`, `as much as` */
function ratioText(value: number, other: number): string {
  const [more, less] = value > other ? [value, other] : [other, value];
  const word = value > other ? 'more' : 'less';
  const ratio = more / less;
  if (ratio < 1.005) return 'as much as';
  if (ratio >= 2) return `${roughly(ratio)} times ${word} than`;
  return `${roughly(100 * Math.abs(1 - value / other))} % ${word} than`;
}

function baselineName(
  { stages }: Report,
  { inputs }: ReportStage,
  { name, components, trained }: Baseline,
): string {
  switch (name) {
    case 'input': {
      const isNoise = stages.find((stage) => stage.name === inputs['data'])?.type === 'noise';
      return isNoise ? 'the noisy images' : 'the inputs unchanged';
    }
    case 'mean':
      return trained === undefined ? 'the mean training image' : `the mean training image of ${trained}`;
    case 'exact':
      return 'a perfect copy';
    case 'pca':
      return `PCA with ${components ?? 0} ${components === 1 ? 'component' : 'components'}`;
  }
}

/** All that was measured at the end; below the stages that measured the same images, what they are compared with. */
function comparison(report: Report, shown: readonly ReportStage[]): Html {
  const names = [...new Set(shown.flatMap((stage) => metricsOf(stage).map(([name]) => name)))];
  const groups = new Map<string, ReportStage[]>();
  for (const stage of shown) {
    const { inputs, measured, name } = stage;
    const key =
      measured === undefined
        ? name
        : [inputs['data'], inputs['target'] ?? inputs['data'], splitsOf(measured)].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), stage]);
  }
  const cells = (metrics: Readonly<Record<string, number>>): Content =>
    names.map((name) => {
      const value = metrics[name];
      return html`<td class="number">${value === undefined ? undefined : number(value)}</td>`;
    });
  const rows = [...groups.values()].flatMap((stages) => {
    const baselines = new Map<string, Baseline['metrics']>();
    for (const stage of stages) {
      for (const baseline of stage.measured?.baselines ?? []) {
        const what = baselineName(report, stage, baseline);
        // Stages can have measured different metrics of the same images.
        baselines.set(what, { ...baselines.get(what), ...baseline.metrics });
      }
    }
    return [
      ...stages.map(
        (stage) =>
          html`<tr>
            <th scope="row">${stageLink(stage.name)} ${ofModel(stage)}</th>
            ${cells(stage.metrics)}
          </tr> `,
      ),
      ...[...baselines].map(
        ([what, metrics]) =>
          html`<tr class="baseline">
            <th scope="row">${what}</th>
            ${cells(metrics)}
          </tr> `,
      ),
    ];
  });
  return wide(
    html`<table>
      <caption>
        What was measured at the end, and below it what it is compared with
      </caption>
      <thead>
        <tr>
          <td></td>
          ${names.map((name) => html`<th scope="col" class="number">${breakable(name)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`,
    'What was measured at the end',
  );
}

/** `test`, or `test and train` */
function splitsOf({ splits }: Measured): string {
  return splits.map(({ split }) => split).join(' and ');
}

function ofModel({ inputs: { model, data }, measured }: ReportStage): Content {
  if (model === undefined) return undefined;
  const split = measured === undefined ? undefined : ` (${splitsOf(measured)})`;
  const images = data === undefined ? undefined : html`, images ${breakable(data)}${split}`;
  return html`<span class="quiet">model ${breakable(model)}${images}</span>`;
}
