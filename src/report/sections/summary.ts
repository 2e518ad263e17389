/** The top of a report: its results. */
import { describeChanges } from '../../artifacts/standing.ts';
import { runText } from '../command.ts';
import { html, withCode, type Content, type Html } from '../html.ts';
import { notesBlock } from '../markdown.ts';
import { enumerate, figure, stageLink } from '../parts.ts';
import type { Problem, Report } from '../report.ts';
import type { MainFigure } from './main-figure.ts';
import { numbers } from './numbers.ts';

/** The figure and the numbers that answer the question of the pipeline. */
export function summarySection(report: Report, main: MainFigure | undefined): Html {
  return html`<section id="summary" aria-labelledby="summary-title">
    <h2 id="summary-title">Results</h2>
    ${report.problems.length === 0 ? undefined : problemList(report.problems)} ${outdatedNote(report)}
    ${main === undefined ? undefined : figure(main.picture, `${main.stage}/${main.picture.path}`)}
    ${numbers(report, main)} ${notesBlock(report.notes, 'Notes')}
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
