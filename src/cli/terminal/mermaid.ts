/** A plan as a graph in the Mermaid language, which GitHub and many editors render. */
import type { Plan } from '../../plan/plan.ts';

/** The graph for a Markdown page: stages that run have bold borders. */
export function renderMermaid(plan: Plan): string {
  const index = new Map(plan.stages.map((stage, position) => [stage.name, position]));
  const nodes = plan.stages.map(
    (stage, position) => `  s${position}["${stage.name}<br/><small>${stage.type}</small>"]`,
  );
  const edges = plan.stages.flatMap((stage, position) =>
    [...new Set(Object.values(stage.inputs))].map((input) => `  s${index.get(input) ?? 0} --> s${position}`),
  );
  const running = plan.stages.flatMap((stage, position) => (stage.action === 'run' ? [`s${position}`] : []));
  const marks =
    running.length === 0 ? [] : ['  classDef run stroke-width:3px', `  class ${running.join(',')} run`];
  return ['flowchart LR', ...nodes, ...edges, ...marks].join('\n');
}
