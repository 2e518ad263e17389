/** The pipeline as a graph and as written. */
import { renderGraph } from '../graph.ts';
import { html, type Content, type Html } from '../html.ts';
import type { Report, ReportSource } from '../report.ts';
import { renderYaml } from '../yaml.ts';

export function pipelineSection(report: Report): Html {
  return html`<section id="pipeline" aria-labelledby="pipeline-title">
    <h2 id="pipeline-title">Pipeline</h2>
    <p>Each stage with its type and the time that it took; arrows lead to the stages that need it.</p>
    <div class="scroll" role="region" aria-label="Graph of the pipeline" tabindex="0">
      ${renderGraph(report.stages)}
    </div>
    ${report.sources.map((source, index) => sourceText(report, source, index))}
  </section>`;
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
  return html`<h3>${file}</h3>
    <p>
      ${derived === undefined ? 'The file as it was written.' : html`The file that <code>${derived.file}</code> extends.`}${markedLines(overridden)}
    </p>
    <pre
      class="yaml scroll"
      role="region"
      aria-label="Text of ${file}"
      tabindex="0"
    ><code>${renderYaml(text, blocks, overridden)}</code></pre>`;
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
