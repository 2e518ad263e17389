/** The pipeline: as a graph, and as it was written. */
import { renderGraph } from '../graph.ts';
import { html, type Html } from '../html.ts';
import type { Report } from '../report.ts';
import { renderYaml } from '../yaml.ts';

export function pipelineSection({ stages, source, file }: Report): Html {
  const blocks = stages.flatMap(({ name, lines }) => (lines === undefined ? [] : [{ stage: name, lines }]));
  return html`<section id="pipeline" aria-labelledby="pipeline-title">
    <h2 id="pipeline-title">Pipeline</h2>
    <p>Each stage with its type and the time that it took; arrows lead to the stages that need it.</p>
    <div class="scroll" role="region" aria-label="Graph of the pipeline" tabindex="0">
      ${renderGraph(stages)}
    </div>
    <h3>${file}</h3>
    <p>The file as it was run. <code>#</code> begins a comment.</p>
    <pre
      class="yaml scroll"
      role="region"
      aria-label="Text of the pipeline"
      tabindex="0"
    ><code>${renderYaml(source, blocks)}</code></pre>
  </section>`;
}
