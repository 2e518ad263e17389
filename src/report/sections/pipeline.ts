/** The graph of the pipeline, its settings, and its text as written. */
import { renderGraph } from '../graph.ts';
import { html, type Content, type Html } from '../html.ts';
import { details, stageLink, stateMark, wide } from '../parts.ts';
import type { Report, ReportSource, ReportStage } from '../report.ts';
import { describeSettings } from '../settings-text.ts';
import { stateText } from '../states.ts';
import { renderYaml } from '../yaml.ts';

export function graphOf({ stages }: Report): Html {
  return html`<p>
      Each stage with its type and the time that it took; arrows lead to the stages that need it.
    </p>
    ${wide(renderGraph(stages), 'Graph of the pipeline')}`;
}

export function pipelineSection(report: Report): Html {
  return html`<section id="pipeline" aria-labelledby="pipeline-title">
    <h2 id="pipeline-title">Settings</h2>
    ${settingsTable(report)} ${report.sources.map((source, index) => sourceText(report, source, index))}
  </section>`;
}

function settingsTable({ stages }: Report): Html {
  const told = stages.filter((stage) => !isFigure(stage));
  return html`<table class="asked">
    <caption>
      The stages with the settings that the pipeline names; figures are left out
    </caption>
    <thead>
      <tr>
        <th scope="col">Stage</th>
        <th scope="col">Type</th>
        <th scope="col">From</th>
        <th scope="col">Settings</th>
      </tr>
    </thead>
    <tbody>
      ${told.map(
        (stage) =>
          html`<tr>
            <th scope="row">
              ${stateMark(stage.state)}<span class="visually-hidden">${stateText(stage)}: </span
              >${stageLink(stage.name)}
            </th>
            <td>${stage.type}</td>
            <td>${from(stage)}</td>
            <td>${settings(stage)}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}

function from({ inputs }: ReportStage): Content {
  return [...new Set(Object.values(inputs))].map((name, index) => [index === 0 ? '' : ', ', stageLink(name)]);
}

/** The settings that the pipeline names; undefined if it names none. */
export function settings(stage: ReportStage): Content {
  const named = describeSettings(stage.settings, stage.inputs);
  if (named.length === 0) return undefined;
  return named.map(
    ({ key, text }) => html`<span class="setting"><span class="key">${key}</span> ${text}</span> `,
  );
}

/** Whether a stage produces only pictures. */
function isFigure({ type, exhibits, metrics }: ReportStage): boolean {
  const pictures = exhibits.filter(({ kind }) => kind === 'figure');
  return (
    type === 'figure' ||
    (pictures.length > 0 && pictures.length === exhibits.length && Object.keys(metrics).length === 0)
  );
}

function sourceText(
  { stages, sources }: Report,
  { file, text, overridden }: ReportSource,
  index: number,
): Html {
  const blocks = stages.flatMap(({ name, written }) =>
    written.filter((each) => each.file === index).map(({ lines }) => ({ id: linesId(name, index), lines })),
  );
  const derived = sources[index - 1];
  const what =
    derived === undefined
      ? 'The file as it was written.'
      : html`The file that <code>${derived.file}</code> extends.`;
  return details(
    html`<strong>${file}</strong>`,
    html`<p>${what}${markedLines(overridden)}</p>
      <pre
        class="yaml scroll"
        role="region"
        aria-label="Text of ${file}"
        tabindex="0"
      ><code>${renderYaml(text, blocks, overridden)}</code></pre>`,
    'printed',
  );
}

function markedLines(overridden: ReportSource['overridden']): Content {
  if (overridden.size === 0) return undefined;
  return html` On the marked ${overridden.size === 1 ? 'line' : 'lines'}, <code>-S</code> changed or added a
    value.`;
}

/** The id of the element with the lines of a stage in one of the files. */
export function linesId(stage: string, file: number): string {
  return file === 0 ? `yaml-${stage}` : `yaml-${file}-${stage}`;
}
