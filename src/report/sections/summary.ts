/** The top of a report: its results. */
import { describeChanges } from '../../artifacts/standing.ts';
import { formatNumber } from '../../core/format.ts';
import { runText } from '../command.ts';
import type { Picture } from '../exhibit.ts';
import { html, withCode, type Content, type Html } from '../html.ts';
import { notesBlock } from '../markdown.ts';
import { metricName } from '../metric-names.ts';
import { breakable, enumerate, figure, number, stageLink, table } from '../parts.ts';
import type { Problem, Report, ReportStage } from '../report.ts';

/** The most metrics that are shown as tiles; more are shown as a table. */
const MOST_TILES = 4;

/** The figure and the numbers that answer the question of the pipeline. */
export function summarySection(report: Report, main: MainFigure | undefined): Html {
  return html`<section id="summary" aria-labelledby="summary-title">
    <h2 id="summary-title">Results</h2>
    ${report.problems.length === 0 ? undefined : problemList(report.problems)} ${outdatedNote(report)}
    ${main === undefined ? undefined : figure(main.picture, `${main.stage}/${main.picture.path}`)}
    ${results(report)} ${notesBlock(report.notes, 'Notes')}
  </section>`;
}

function problemList(problems: readonly Problem[]): Html {
  return html`<ul class="problems">
    ${problems.map(
      ({ severity, code, message, hint, stage, place }) =>
        html`<li class="${severity}">
          <p>
            <strong
              >${severity === 'error' ? 'Error' : 'Warning'}${stage === undefined ? undefined : html` in ${stageLink(stage)}`}:</strong
            >
            ${withCode(message)} <span class="quiet">[${code}]</span>
          </p>
          ${hint === undefined ? undefined : html`<p>${withCode(hint)}</p>`}
          ${place === undefined ? undefined : html`<p class="quiet">${place}</p>`}
        </li>`,
    )}
  </ul>`;
}

/** The outdated results, the differences, and the command that runs them again. */
function outdatedNote(report: Report): Content {
  const outdated = report.stages.filter((stage) => stage.outdated !== undefined);
  if (outdated.length === 0) return undefined;
  const differs = describeChanges(outdated.flatMap((stage) => stage.outdated?.changes ?? []));
  const names = enumerate(outdated.map(({ name }) => stageLink(name)));
  const isOne = outdated.length === 1;
  return html`<div class="note">
    <p>
      ${names} ${isOne ? 'has a result' : 'have results'} of an earlier
      setting${differs === '' ? undefined : html`: <strong>${differs}</strong>`}. ${isOne ? 'Its' : 'Their'}
      numbers and figures are left out here. To bring ${isOne ? 'it' : 'them'} up to date:
    </p>
    <pre class="command"><code>${runText(report)}</code></pre>
  </div>`;
}

/**
 * The metrics of stages that no other stage depends on, such as evaluations; if they have none, those of the last stage with
 * metrics.
 */
function results({ stages }: Report): Html {
  const needed = new Set(stages.flatMap(({ inputs }) => Object.values(inputs)));
  const measured = stages.filter(({ metrics }) => Object.keys(metrics).length > 0);
  const leaves = measured.filter(({ name }) => !needed.has(name));
  // Inputs of a stage without a result are not final results.
  const isOpen = ({ name }: ReportStage): boolean =>
    stages.some(({ state, inputs }) => state !== 'done' && Object.values(inputs).includes(name));
  const last = measured.findLast((stage) => !isOpen(stage));
  const shown = leaves.length > 0 ? leaves : last === undefined ? [] : [last];
  const [only] = shown;
  if (only === undefined) {
    return measured.length === 0
      ? html`<p>No stage has measured anything.</p>`
      : html`<p>The last stages of the pipeline have no results of these settings.</p>`;
  }
  const entries = Object.entries(only.metrics);
  if (shown.length === 1 && entries.length <= MOST_TILES) return tiles(only.name, entries);
  const names = [...new Set(shown.flatMap(({ metrics }) => Object.keys(metrics)))];
  return table({
    caption: 'What was measured at the end',
    columns: ['', ...names],
    rows: shown.map(({ name, metrics }) => [
      { text: name, numeric: false },
      ...names.map((metric) => {
        const value = metrics[metric];
        return { text: value === undefined ? '' : formatNumber(value), numeric: true };
      }),
    ]),
  });
}

function tiles(stage: string, entries: readonly (readonly [string, number])[]): Html {
  return html`<dl class="tiles">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${breakable(name)} <span class="quiet">of ${stage}</span></dt>
          <dd>${number(value)}</dd>
          ${metricName(name) === undefined ? undefined : html`<dd class="quiet">${metricName(name)}</dd>`}
        </div>`,
    )}
  </dl>`;
}

export interface MainFigure {
  readonly stage: string;
  readonly picture: Picture;
}

/** The figure to show first: the one that depends on the most stages, such as a comparison of images, noise and model. */
export function findMainFigure({ stages }: Report): MainFigure | undefined {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const ancestors = (name: string, seen: Set<string>): Set<string> => {
    for (const input of Object.values(byName.get(name)?.inputs ?? {})) {
      if (seen.has(input)) continue;
      seen.add(input);
      ancestors(input, seen);
    }
    return seen;
  };
  let best: MainFigure | undefined;
  let most = -1;
  for (const stage of stages) {
    const first = stage.exhibits.find((exhibit) => exhibit.kind === 'figure');
    if (first === undefined || stage.outdated !== undefined) continue;
    // Of figures that depend on equally many stages, the one with the most direct inputs, then the last: a file ends with
    // its main result.
    const weight = ancestors(stage.name, new Set()).size + Object.keys(stage.inputs).length / 100;
    if (weight < most) continue;
    most = weight;
    best = { stage: stage.name, picture: first.picture };
  }
  return best;
}
